import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from folders import write_manifest, write_phantom

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.preprocess import network_input
from core.synthetic.degrade import MEASURES, Measures, Plan, Shot, scene_of
from core.synthetic.phantoms import draw
from training.data.imageqx_data import (
    UNKNOWN,
    PoolDataset,
    build_pool,
    lesion_places,
    load_labels,
    material_of,
    place_on,
    plurality,
    sample,
    scene_from_row,
    square,
)
from training.data.panel import RATERS, Panel
from training.data.sources import DataError, read_manifest
from training.data.splits import rule, split_of

NOTHING = Measures(*[float("nan")] * len(MEASURES))


def write_folder(folder, each=4):
    """Phantoms in the layout of the shared data: ordinary sources and one left-out source."""
    left_out = rule()["left_out_slugs"][0]
    entries = []
    for group in ("lesion", "healthy_skin", "no_skin"):
        for number in range(2 * each):
            slug = "ordinary" if number < each else left_out
            entries.append(write_phantom(folder, group, number, (180, 240), slug, masked=number % 2 == 0))
    entries[0] |= {
        "quality_votes": json.dumps({"lesion": 3, "poor_quality": 5}),
        "explanation_votes": json.dumps({"blurry": 4}),
    }
    write_manifest(folder, entries)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def pool(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("pool")
    return out, build_pool(data, out, count=40, seed=2)


def test_the_pool_holds_what_it_says(pool):
    out, summary = pool
    images, columns = np.load(out / "images.npy", mmap_mode="r"), load_labels(out)
    assert images.shape == (41, 224, 224, 3)  # one photograph has real votes and comes on top
    assert len(columns["split"]) == 41
    assert summary == json.loads((out / "pool.json").read_text())
    assert sum(summary[split]["count"] for split in ("train", "validation", "left_out")) == 41
    assert (columns["quality_votes"][:40].sum(1) == RATERS).all()
    assert columns["measures"].shape == (41, len(MEASURES))
    assert images[:40].reshape(40, -1).std(1).min() > 0
    assert len({image.tobytes() for image in np.asarray(images[:40])}) == 40


def test_splits_never_share_a_split_key(pool, data):
    columns = load_labels(pool[0])
    photos = columns["slug"] != "phantom"
    keys = {
        split: set(columns["split_key"][photos & (columns["split"] == split)])
        for split in ("train", "validation", "left_out")
    }
    assert not keys["train"] & keys["left_out"]
    assert not keys["train"] & keys["validation"]
    by_key = {row.split_key: split_of(row) for row in read_manifest(data)}
    assert all(by_key[key] == split for split, names in keys.items() for key in names)


def test_a_pool_can_be_rebuilt_to_the_last_pixel(pool, data, tmp_path):
    build_pool(data, tmp_path, count=40, seed=2)
    first, second = load_labels(pool[0]), load_labels(tmp_path)
    assert all(np.array_equal(first[name], second[name], equal_nan=name == "measures") for name in first)
    assert np.array_equal(np.load(pool[0] / "images.npy"), np.load(tmp_path / "images.npy"))


def test_real_votes_replace_the_panel(pool):
    columns = load_labels(pool[0])
    assert columns["quality_votes"][40].tolist() == [3, 0, 0, 5]
    assert columns["explanation_votes"][40].tolist() == [0, 0, 4, 0, 0]
    assert np.isnan(columns["measures"][40]).all()


def test_a_split_holds_its_samples_with_their_labels(pool):
    out, _summary = pool
    data, columns = PoolDataset(out, "train"), load_labels(out)
    assert len(data) == (columns["split"] == "train").sum()
    for row, place in enumerate(data.positions[:5]):
        assert data.labels[row] == plurality(columns["quality_votes"][place][None])[0]
        assert data.votes[row].sum() == pytest.approx(1)
        assert np.array_equal(data.explanations[row] > 0, columns["explanation_votes"][place] > 0)


def test_the_detail_is_the_middle_of_the_same_picture(pool):
    out, _summary = pool
    images, details = np.load(out / "images.npy"), np.load(out / "details.npy")
    assert images.shape == details.shape == (41, 224, 224, 3)
    for whole, detail in zip(images[:40].astype(float), details[:40].astype(float), strict=True):
        # The cut-out is 224 of 640 pixels of the long side and more of the short one.
        middle = whole[90:134, 90:134].mean((0, 1))
        assert np.abs(detail[40:184, 40:184].mean((0, 1)) - middle).max() < 45


def test_places_mark_the_lesion_and_say_when_nobody_knows(pool):
    columns = load_labels(pool[0])
    lesion = columns["group"] == "lesion"
    assert not columns["places"][~lesion].any()
    assert (columns["places"][lesion] > 0).any()
    shot = Shot(np.zeros((100, 200, 3), np.uint8), None, NOTHING, box=(100.0, 0.0, 200.0, 50.0))
    marks = lesion_places("lesion", shot)
    assert marks.shape == (14, 14)
    assert marks[3, 10] == 254
    assert not marks[8:].any()
    assert not marks[:, :6].any()
    assert (lesion_places("lesion", replace(shot, box=None)) == UNKNOWN).all()


def test_square_is_the_input_rule():
    rgb = draw("lesion", 1, size=(700, 900)).rgb
    normal = network_input(rgb)[0].transpose(1, 2, 0)
    back = normal * np.float32([0.229, 0.224, 0.225]) + np.float32([0.485, 0.456, 0.406])
    assert np.abs(square(rgb) - back * 255).max() < 0.01


def test_plurality_by_hand():
    votes = np.array([[7, 0, 0, 5], [6, 0, 0, 6], [0, 12, 0, 0], [4, 0, 4, 4], [5, 0, 5, 2]])
    assert [QUALITY_CLASSES[i] for i in plurality(votes)] == [
        "lesion",
        "poor_quality",
        "no_skin",
        "poor_quality",
        "lesion",
    ]


@pytest.mark.parametrize(
    ("name", "mode"), [("too_far_away", "away"), ("blurry", "motion"), ("bad_light", "dark")]
)
def test_samples_with_a_strong_fault_are_called_poor(data, name, mode):
    material, panel = material_of(read_manifest(data), "left_out"), Panel(2)
    for number in range(3):
        plan = Plan({name: (mode, 0.95)})
        made = sample(number, "left_out", material, panel, 2, plan=plan, group="lesion")
        assert made.explanation_votes[EXPLANATIONS.index(name)] >= 1
        assert QUALITY_CLASSES[plurality(made.quality_votes[None])[0]] == "poor_quality"


def test_a_laid_on_lesion_has_the_extent_asked_for_and_no_seam():
    lesion = draw("lesion", 5, size=(240, 320), lesion_extent=0.5, lesion_class="tumor", tone=0.1)
    ground = draw("healthy_skin", 6, size=(480, 640), lesion_extent=0.5, tone=0.5)
    under = scene_of(ground.rgb, None)
    made = place_on(scene_of(lesion.rgb, lesion.mask), under, 0.1, np.random.default_rng(1))
    x0, y0, x1, y1 = made.box
    assert max(x1 - x0, y1 - y0) / 480 == pytest.approx(0.1, abs=0.005)
    _ys, xs = np.nonzero(made.mask)
    assert x0 - 2 <= xs.min()
    assert xs.max() <= x1 + 2
    # Far from the lesion nothing changed, and where the patch ends colours meet.
    changed = np.abs(made.rgb.astype(int) - ground.rgb.astype(int)).max(2) > 3
    assert 0 < changed.mean() < 0.06
    ring = cv2.dilate(changed.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool) & ~changed
    inner = changed & ~cv2.erode(changed.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    assert np.abs(made.rgb[ring].mean(0) - made.rgb[inner].mean(0)).max() < 12


def test_no_lesion_is_laid_where_there_is_no_skin():
    lesion = draw("lesion", 5, size=(120, 160), lesion_extent=0.5)
    ground = scene_of(draw("no_skin", 6, size=(120, 160)).rgb, None)
    bare = type(ground)(ground.rgb, None, None, np.zeros((120, 160), bool), 120.0)
    assert place_on(scene_of(lesion.rgb, lesion.mask), bare, 0.2, np.random.default_rng(1)) is None


def test_lesion_photographs_without_mask_have_a_guessed_box(data):
    rows = {row.path: row for row in read_manifest(data)}
    masked, bare = scene_from_row(rows["lesion2.jpg"]), scene_from_row(rows["lesion1.jpg"])
    assert not masked.guessed
    assert bare.guessed
    assert masked.mask.any()
    assert bare.mask is None


def test_folders_without_data_say_so(tmp_path):
    with pytest.raises(DataError, match=r"manifest\.csv"):
        build_pool(tmp_path, tmp_path / "out", count=4)
    with pytest.raises(DataError, match="no finished pool"):
        PoolDataset(tmp_path, "train")
