import subprocess
import sys

import numpy as np
import pytest

from core.quality.where import Levels, Segmenter, Where, find
from core.runtime.manifest import NetworkEntry

GRID = 56


def entry(**changes) -> NetworkEntry:
    fields = {
        "file": "fake.onnx",
        "sha256": "0" * 64,
        "bytes": 1,
        "task": "segmenter",
        "labels": ["skin", "lesion"],
        "input_size": 112,
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
    }
    return NetworkEntry(**fields | changes)


def chances(skin=None, lesion=None) -> np.ndarray:
    """Certain answers; boxes are (x0, y0, x1, y1) in cells."""
    out = np.zeros((2, GRID, GRID))
    for plane, box in enumerate((skin, lesion)):
        if box:
            out[plane, box[1] : box[3], box[0] : box[2]] = 1
    return out


class FakeEngine:
    def __init__(self, answer):
        self.answer = np.where(answer > 0.5, 9.0, -9.0).astype(np.float32)[None]
        self.batches = []

    def run(self, batch):
        self.batches.append(batch)
        return {"logits": self.answer}


def test_nothing_there():
    assert find(chances(), 640, 480) == Where(0.0, None, None)


def test_skin_without_a_lesion():
    assert find(chances(skin=(0, 0, 28, 56)), 640, 480) == Where(0.5, None, None)


def test_a_lesion_in_the_middle_is_at_zero_and_counts_as_skin():
    where = find(chances(lesion=(14, 14, 42, 42)), 500, 500)
    assert where == Where(0.25, (0.0, 0.0), 0.5)


@pytest.mark.parametrize(
    ("box", "centre"),
    [
        ((0, 24, 8, 32), (-48 / 56, 0.0)),
        ((48, 24, 56, 32), (48 / 56, 0.0)),
        ((24, 0, 32, 8), (0.0, -48 / 56)),
        ((24, 48, 32, 56), (0.0, 48 / 56)),
    ],
)
def test_left_and_up_are_negative(box, centre):
    assert find(chances(lesion=box), 640, 480).lesion_centre == pytest.approx(centre)


def test_extent_is_of_the_short_side_whatever_the_squeeze():
    box = (14, 21, 28, 35)  # a quarter of either side of the frame
    assert find(chances(lesion=box), 480, 480).lesion_extent == pytest.approx(0.25)
    assert find(chances(lesion=box), 960, 480).lesion_extent == pytest.approx(0.5)
    assert find(chances(lesion=box), 480, 960).lesion_extent == pytest.approx(0.5)


def test_the_largest_of_several_lesions_is_the_one():
    both = np.maximum(chances(lesion=(2, 2, 8, 8)), chances(lesion=(30, 30, 50, 50)))
    assert find(both, 100, 100).lesion_centre == pytest.approx((80 / 56 - 1, 80 / 56 - 1))


def test_a_speck_is_no_lesion_but_levels_decide():
    speck = chances(lesion=(10, 10, 11, 12))
    assert find(speck, 100, 100).lesion_centre is None
    assert find(speck, 100, 100, Levels(cells=2)).lesion_centre is not None
    faint = chances(skin=(0, 0, 56, 56), lesion=(10, 10, 20, 20)) * 0.4
    assert find(faint, 100, 100) == Where(0.0, None, None)
    assert find(faint, 100, 100, Levels(skin=0.3, lesion=0.3)).skin_share == 1


@pytest.mark.parametrize("size", [(480, 640, 3), (640, 480, 3), (1, 1, 3), (3, 2000, 3)])
def test_any_picture_goes_through_the_input_rule(size):
    engine = FakeEngine(chances(skin=(0, 0, 56, 28), lesion=(10, 10, 20, 20)))
    where = Segmenter(engine, entry()).look(np.full(size, 200, np.uint8))
    assert engine.batches[0].shape == (1, 3, 112, 112)
    assert engine.batches[0].dtype == np.float32
    assert where.skin_share == pytest.approx(0.5)
    assert where.lesion_centre == pytest.approx((30 / 56 - 1, 30 / 56 - 1))


def test_another_network_is_refused():
    with pytest.raises(ValueError, match="not a segmenter"):
        Segmenter(FakeEngine(chances()), entry(labels=["lesion", "skin"]))


def test_it_imports_no_torch():
    program = "import sys, core.quality.where; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
