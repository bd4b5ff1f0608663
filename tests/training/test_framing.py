from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.networks.twin import load_twin
from core.quality.labels import FRAMINGS
from core.runtime.manifest import load_manifest
from core.runtime.onnx_file import initialiser_names, read_initialisers
from core.runtime.weights import sha256_of
from core.synthetic.phantoms import draw
from tests.training.folders import write_manifest, write_phantom
from tests.training.untrained import write_imageqx
from training.data.boxes import EyeBox
from training.data.sources import read_manifest
from training.evaluation import behaviour, framings
from training.evaluation.framings import Framed, framed
from training.recipes import framing
from training.recipes.framing import PLAN, SHARES, Seen, add_framing, fit, main, weights_of

SIZE = (480, 640)
BOX = (200.0, 140.0, 320.0, 300.0)
RNG = np.random.default_rng


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A located lesion, a body without one and a scene without skin, all of the training split."""
    entries = [
        write_phantom(tmp_path, "lesion", 3, SIZE, "drawn", True),
        write_phantom(tmp_path, "healthy_skin", 4, SIZE, "feet-a4", True),
        write_phantom(tmp_path, "no_skin", 5, SIZE, "dtd", False),
    ]
    write_manifest(tmp_path, entries)
    monkeypatch.setattr(framings, "split_of", lambda row: "train")
    monkeypatch.setattr(framings, "_FAR", 3)
    return tmp_path


def test_every_framing_is_made_of_photographs_of_the_training_split(folder, monkeypatch):
    shown = list(framed(read_manifest(folder)))
    kinds = Counter(one.kind for one in shown)
    assert set(kinds) == set(FRAMINGS)
    assert (kinds["far"], kinds["near"], kinds["no_skin"]) == (3, 1, 1)
    assert 1 < kinds["whole"] <= 5
    assert 1 < kinds["cut"] <= 4
    again = list(framed(read_manifest(folder)))
    assert all(np.array_equal(one.rgb, other.rgb) for one, other in zip(shown, again, strict=True))
    monkeypatch.setattr(framings, "split_of", lambda row: "validation")
    assert list(framed(read_manifest(folder))) == []


def test_no_framing_is_learnt_from_the_ladder(folder, monkeypatch):
    (lesion,) = (row for row in read_manifest(folder) if row.group == "lesion")
    monkeypatch.setattr(behaviour, "_listed", lambda: {"drawn": {lesion.path: [0, 0, 9, 9]}})
    assert {one.kind for one in framed(read_manifest(folder))} == {"healthy_skin", "no_skin"}


@pytest.mark.parametrize(
    ("spread", "cut", "kind"), [(False, True, "cut"), (True, True, "cut"), (True, False, "whole")]
)
def test_a_lesion_that_runs_out_or_lies_all_over_is_shown_as_it_is(folder, monkeypatch, spread, cut, kind):
    monkeypatch.setattr(framings, "eye_box", lambda row: EyeBox((0, 0, 300, 300), spread, cut))
    lesions = [row for row in read_manifest(folder) if row.group == "lesion"]
    (only,) = framings._lesions(lesions, RNG(0))
    assert (only.kind, only.rgb.shape[:2]) == (kind, SIZE)
    assert only.weight < 1 if spread and cut else only.weight >= 1


def test_a_window_around_a_lesion_holds_it_and_one_through_it_cuts_it():
    size = SIZE[1], SIZE[0]
    rng = RNG(1)
    around = [found for _try in range(400) if (found := framings._around(size, BOX, rng))]
    through = [found for _try in range(400) if (found := framings._through(size, BOX, rng))]
    assert min(len(around), len(through)) > 100

    def held(window):
        """How much of the box's area lies in the window."""
        across = min(BOX[2], window[2]) - max(BOX[0], window[0])
        down = min(BOX[3], window[3]) - max(BOX[1], window[1])
        return across * down / ((BOX[2] - BOX[0]) * (BOX[3] - BOX[1]))

    for left, top, right, bottom in (*around, *through):
        assert 0 <= left < right <= size[0] + 1e-9
        assert 0 <= top < bottom <= size[1] + 1e-9
    assert all(held(window) == pytest.approx(1) for window in around)
    assert all(0.34 < held(window) < 0.69 for window in through)


def test_kinds_have_their_shares_and_large_collections_count_less_a_picture():
    facts = [("whole", "large", 1.0)] * 90 + [("whole", "small", 1.0)] * 10 + [("cut", "large", 2.0)] * 5
    weights = weights_of(facts)
    assert weights.mean() == pytest.approx(1)
    large, small, cut = weights[:90], weights[90:100], weights[100:]
    assert small[0] == pytest.approx(large[0] * 9**0.35)
    assert large.sum() > small.sum()
    assert weights_of([("far", "a", 1.0), ("far", "a", 3.0)]).tolist() == [0.5, 1.5]
    assert cut[0] > large[0]
    assert sum(SHARES.values()) == pytest.approx(1)


def seen(count, rng):
    """Maps of which a channel in a unit of its own tells a framing apart from the others."""
    kinds = rng.integers(0, len(FRAMINGS), count)
    middle = rng.normal(size=(count, 112, 14, 14)) * 30 + 100
    middle[np.arange(count), kinds] += 60
    late = (rng.normal(size=(count, channels, 7, 7)) for channels in (192, 320))
    maps = tuple(of.astype(np.float16) for of in (middle, *late))
    return Seen(maps, kinds, np.ones(count, np.float32))


def test_what_is_learnt_is_told_of_maps_in_their_own_units():
    torch.set_num_threads(1)
    module = fit(seen(240, RNG(0)), replace(PLAN, epochs=10, batch=24, rate=1e-2))
    fresh = seen(60, RNG(1))
    with torch.inference_mode():
        told = module(*(torch.from_numpy(of).float() for of in fresh.maps))
    assert (told.argmax(1).numpy() == fresh.kinds).mean() > 0.9


@pytest.fixture(scope="module")
def start(tmp_path_factory, one_block_a_stage):
    """A folder with a shallow network with statistics, as `core train` leaves it."""
    return write_imageqx(tmp_path_factory.mktemp("start"), statistics=True)


PICTURE = draw("lesion", 1, size=(96, 128)).rgb
SHOWN = [Framed(PICTURE, kind, "drawn") for kind in FRAMINGS]


def test_the_network_is_left_as_it_is_but_for_what_is_added(start, tmp_path):
    entry = add_framing(start, tmp_path / "out", replace(PLAN, epochs=1, batch=3), SHOWN)
    old, new = start / "imageqx.onnx", tmp_path / "out" / entry.file
    assert entry.sha256 == sha256_of(new)
    assert entry.provenance["framing"]["pictures"] == dict.fromkeys(FRAMINGS, 1)
    held = initialiser_names(old)
    added = initialiser_names(new) - held
    assert {name for name in added if not name.endswith(".float")} >= {
        "framing.tell.weight",
        "framing.around.weight",
        "framing.read.0.0.weight",
    }
    names = ["trunk.3.0.block.1.0.weight", "explain_out.weight", "statistics.tell.weight", "quality_out.bias"]
    for name, value in read_initialisers(old, names).items():
        np.testing.assert_array_equal(read_initialisers(new, [name])[name], value)
    twin = load_twin("imageqx", entry, tmp_path / "out")
    assert twin(torch.zeros(1, 3, 224, 224), torch.zeros(1, 3, 224, 224))[3].shape == (1, len(FRAMINGS))


def test_the_command_writes_a_network_and_what_cannot_be_used_is_one_sentence(
    start, folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(framing, "framed", lambda rows: iter(SHOWN))
    monkeypatch.setattr(framing, "fit", lambda seen, plan: fit(seen, replace(plan, epochs=1, batch=3)))
    given = {"data": folder, "start": start, "out": tmp_path / "o"}

    def run(**changed):
        return main([word for name, value in (given | changed).items() for word in (f"--{name}", str(value))])

    assert run() == 0
    made = load_manifest(tmp_path / "o" / "manifest.json").networks["imageqx"]
    assert capsys.readouterr().out.strip().endswith(made.file)
    monkeypatch.setattr(framing, "framed", lambda rows: iter([replace(SHOWN[0], kind="far")]))
    for changed in ({"data": tmp_path / "nowhere"}, {"start": tmp_path / "nowhere"}, {"out": tmp_path / "p"}):
        assert run(**changed) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "p" / "manifest.json").exists()
