import cv2
import numpy as np
import pytest
from made_up_entry import made_up_entry

from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import LABELS
from core.lesion.views import Box, averaged, crop, spot
from core.runtime.preprocess import network_input
from core.synthetic.phantoms import draw

PICTURE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
WEIGHT = np.random.default_rng(1).standard_normal((10, 6)).astype(np.float32)


class TinyEngine:
    """Average-pooled patches, six channels that do not survive mirroring, and an affine head."""

    def __init__(self):
        self.batches = []

    def run(self, batch):
        self.batches.append(batch)
        ramp = np.linspace(0.5, 1.5, 224, dtype=np.float32)
        views = np.concatenate([batch * ramp, np.maximum(batch, 0) * ramp[:, None]], axis=1)
        features = views.reshape(1, 6, 7, 32, 7, 32).mean((3, 5))
        return {"logits": features.mean((2, 3)) @ WEIGHT.T, "features": features}

    def initialisers(self, names):
        return {"head.weight": WEIGHT}


def classifier(engine):
    return LesionClassifier(engine, made_up_entry(task="lesion", labels=list(LABELS)))


def test_a_crop_is_cut_from_the_working_size():
    large = cv2.resize(PICTURE, (1280, 960), interpolation=cv2.INTER_CUBIC)
    part = crop(large, Box(0.25, 0.5, 0.75, 1.0))
    assert part.shape == (240, 320, 3)
    small = cv2.resize(large, (640, 480), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(part, small[240:, 160:480])


@pytest.mark.parametrize("box", [Box(0, 0, 0.001, 0.001), Box(0.9999, 0.9999, 1, 1), Box(0, 0, 1, 1)])
def test_a_crop_has_pixels_whatever_the_box(box):
    assert min(crop(PICTURE, box).shape[:2]) >= 1


def test_averaging_looks_at_the_four_mirror_images_of_the_input():
    engine = TinyEngine()
    batch = network_input(PICTURE)
    averaged(engine.run, batch)
    upright, left_right, up_down, both = engine.batches
    np.testing.assert_array_equal(upright, batch)
    np.testing.assert_array_equal(left_right, batch[..., ::-1])
    np.testing.assert_array_equal(up_down, batch[:, :, ::-1])
    np.testing.assert_array_equal(both, batch[:, :, ::-1, ::-1])


def test_averaged_logits_are_the_head_of_the_averaged_map():
    engine = TinyEngine()
    batch = network_input(PICTURE)
    found = averaged(engine.run, batch)
    alone = [TinyEngine().run(view)["logits"] for view in engine.batches]
    np.testing.assert_allclose(found["logits"], np.mean(alone, axis=0), atol=1e-5)
    np.testing.assert_allclose(found["features"].mean((2, 3)) @ WEIGHT.T, found["logits"], atol=1e-5)
    assert not np.allclose(found["logits"], alone[0], atol=1e-3)
    assert all(output.dtype == np.float32 for output in found.values())


def test_an_average_does_not_change_when_the_photo_is_mirrored():
    network = classifier(TinyEngine())
    plain, mirrored = (network.predict(rgb, flips=True) for rgb in (PICTURE, PICTURE[::-1, ::-1].copy()))
    assert plain.labels == mirrored.labels
    np.testing.assert_allclose(plain.probabilities, mirrored.probabilities, atol=1e-5)
    assert network.predict(PICTURE).probabilities != network.predict(PICTURE[::-1].copy()).probabilities
    heat = network.explain(PICTURE, "acne", flips=True).heatmap
    turned = network.explain(PICTURE[:, ::-1].copy(), "acne", flips=True).heatmap
    np.testing.assert_allclose(heat, turned[:, ::-1], atol=1e-5)


def test_flips_come_after_gamma():
    engine = TinyEngine()
    network = classifier(engine)
    network.predict(PICTURE, gamma=1.4, flips=True)
    network.predict(PICTURE, gamma=1.4)
    assert len(engine.batches) == 5
    np.testing.assert_array_equal(engine.batches[0], engine.batches[4])


def seen(mask, size=7):
    """The map of places of a network that sees a lesion and nothing else."""
    share = cv2.resize(mask.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    return share / share.max()


@pytest.mark.parametrize("extent", [0.14, 0.2, 0.28])
@pytest.mark.parametrize("lesion_class", ["tumor", "pigmented_macula", "ulcer", "erythema"])
def test_the_box_holds_a_small_lesion_of_known_extent(extent, lesion_class):
    for seed, centre in enumerate([(0.5, 0.5), (0.3, 0.62), (0.72, 0.28)]):
        phantom = draw("lesion", seed, (240, 320), extent, centre, lesion_class=lesion_class)
        box = spot(seen(phantom.mask), 240, 320)
        left, top, right, bottom = box.pixels(240, 320)
        assert phantom.mask[top:bottom, left:right].sum() >= 0.97 * phantom.mask.sum()
        assert box.share <= 0.4
        assert right - left == pytest.approx(bottom - top, abs=2)


@pytest.mark.parametrize("extent", [0.6, 0.8])
def test_no_box_for_a_lesion_that_fills_the_photo(extent):
    for seed in range(3):
        phantom = draw("lesion", seed, (240, 320), extent, lesion_class="tumor")
        assert spot(seen(phantom.mask), 240, 320) is None


def test_a_box_stays_inside_the_photo():
    heat = np.zeros((7, 7))
    heat[0, 6] = 1
    box = spot(heat, 480, 640)
    assert (box.y0, box.x1) == (0, 1)
    assert 0 < box.x0 < 1
    assert 0 < box.y1 < 1
    assert box.holds(0.95, 0.05)
    assert not box.holds(0.5, 0.5)


def test_a_faint_second_place_is_left_out_and_a_strong_one_is_not():
    heat = np.zeros((7, 7))
    heat[3, 1] = 1
    heat[3, 6] = 0.2
    alone = spot(heat, 480, 640)
    assert alone.x1 < 0.6
    heat[3, 6] = 0.9
    assert spot(heat, 480, 640) is None


@pytest.mark.parametrize("heat", [np.zeros((7, 7)), np.ones((7, 7))])
def test_no_box_where_nothing_stands_out(heat):
    assert spot(heat, 480, 640) is None
