import json

import cv2
import numpy as np
import pytest

from core.explain import Explanation
from core.synthetic.degrade import LUMA
from training.data.sources import Row
from training.evaluation.focus import COVERED, Picture, crop, degrade_region, focus, phantoms, photographs


@pytest.fixture(scope="module")
def pictures():
    return phantoms(6)


class Seer:
    """Lights up where a picture was changed; when blind, always the same corner; when dark, nothing."""

    def __init__(self, pictures, blind=False, dark=False):
        self.pictures, self.blind, self.dark = pictures, blind, dark

    def explain(self, rgb, target):
        heat = np.zeros((7, 7), np.float32)
        if self.blind:
            heat[:3, :3] = 1
        elif not self.dark:
            origin = min(
                (p.rgb for p in self.pictures if p.rgb.shape == rgb.shape),
                key=lambda other: (np.abs(other.astype(int) - rgb).max(-1) > 0).mean(),
            )
            changed = np.abs(origin.astype(int) - rgb).sum(-1).astype(np.float32)
            h, w = changed.shape
            cells = changed[: h // 7 * 7, : w // 7 * 7].reshape(7, h // 7, 7, w // 7).mean((1, 3))
            heat = np.maximum(cells - 0.2 * cells.max(), 0)
        return Explanation(target, heat, "test")


def test_crops_are_covered_as_asked_and_show_the_lesion(pictures):
    assert len(pictures) == 6
    for picture in pictures:
        assert COVERED[0] - 0.01 <= picture.mask.mean() <= COVERED[1] + 0.01
        assert picture.rgb.shape[:2] == picture.mask.shape
        assert max(picture.mask.shape) == 448


def test_the_lesion_lies_not_always_in_the_middle():
    rng = np.random.default_rng(0)
    mask = np.zeros((400, 600), bool)
    mask[150:250, 250:370] = True
    middles = []
    for _try in range(12):
        _rgb, cut = crop(np.zeros((400, 600, 3), np.uint8), mask, rng)
        ys, xs = np.nonzero(cut)
        middles.append((ys.mean() / cut.shape[0], xs.mean() / cut.shape[1]))
    assert np.std(middles, axis=0).min() > 0.05


def test_no_crop_where_none_fits():
    rng = np.random.default_rng(0)
    blank = np.zeros((200, 200, 3), np.uint8)
    assert crop(blank, np.zeros((200, 200), bool), rng) is None
    assert crop(blank, np.ones((200, 200), bool), rng) is None
    speck = np.zeros((200, 200), bool)
    speck[100:104, 100:104] = True
    assert crop(blank, speck, rng) is None


@pytest.mark.parametrize("fault", ["blurry", "bad_light"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_fault_stays_where_it_was_put(pictures, fault, inside):
    picture = pictures[0]
    where = picture.mask if inside else ~picture.mask
    made = degrade_region(picture.rgb, where, fault)
    reach = np.ones((25, 25), np.uint8)
    core = cv2.erode(where.astype(np.uint8), reach) > 0
    away = cv2.dilate(where.astype(np.uint8), reach) == 0
    change = np.abs(made.astype(int) - picture.rgb).max(-1)
    assert change[away].max() <= 1
    assert change[core].mean() > 2
    if fault == "bad_light":
        assert np.median(made[core] @ LUMA) < 40


def test_maps_on_the_fault_beat_area_and_control(pictures):
    found = focus(Seer(pictures), pictures)
    assert set(found) == {"lesion_only", "background_only"}
    for fault in ("blurry", "bad_light"):
        entry = found["lesion_only"][fault]
        assert entry["n"] == 6
        assert entry["blank"] == 0
        assert 0.1 < entry["area_share"] < 0.4
        assert entry["ratio"] > 1.5
        assert entry["ratio"] == pytest.approx(entry["energy_share"] / entry["area_share"], abs=0.02)
        assert entry["over_control"] == pytest.approx(entry["ratio"] / entry["control_ratio"], abs=0.02)
        assert entry["over_control"] > 1.2
        low, high = entry["ratio_interval"]
        assert low <= entry["ratio"] <= high
        assert found["background_only"][fault]["energy_share"] > 0.8
    json.dumps(found)


def test_a_map_that_never_moves_is_no_better_than_its_control(pictures):
    entry = focus(Seer(pictures, blind=True), pictures)["lesion_only"]["blurry"]
    assert entry["over_control"] == pytest.approx(1, abs=0.01)
    assert entry["ratio"] == pytest.approx(entry["control_ratio"], abs=0.01)


def test_maps_that_light_up_nothing_are_counted_apart(pictures):
    entry = focus(Seer(pictures, dark=True), pictures)["lesion_only"]["bad_light"]
    assert entry["n"] == 0
    assert entry["blank"] == 6
    assert entry["ratio"] is None


def test_one_picture_has_no_control(pictures):
    entry = focus(Seer(pictures), pictures[:1])["lesion_only"]["blurry"]
    assert entry["n"] == 1
    assert entry["control_ratio"] is None
    assert entry["over_control"] is None
    assert entry["ratio"] > 1


def test_only_hand_made_masks_of_the_split_are_used(tmp_path):
    mask = np.zeros((300, 300), np.uint8)
    mask[100:200, 100:200] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((300, 300, 3), 120, np.uint8))

    def row(slug, mask="mask.png"):
        return Row(tmp_path, "a.jpg", "lesion", "ulcer", slug, f"{slug}/1", 300, 300, mask, ())

    rows = [row("dfutissue"), row("alonet"), row("dfutissue", mask=""), row("skincond")]
    found = photographs(rows, "left_out")
    assert [picture.group for picture in found] == ["dfutissue/1"]
    assert isinstance(found[0], Picture)
    assert photographs(rows, "validation") == []
    assert np.array_equal(found[0].rgb, photographs(rows, "left_out")[0].rgb)
