import json

import cv2
import numpy as np
import pytest
from test_imageqx_data import write_folder

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.synthetic.phantoms import draw
from training.data.sources import read_manifest
from training.evaluation.fairness import (
    BINS,
    ENOUGH,
    bin_of,
    fairness,
    gap_by_chance,
    ita,
    ita_of,
    skin_of,
    tones_by_key,
)

NAMES = [name for name, _low, _high in BINS]
POOR, LESION = QUALITY_CLASSES.index("poor_quality"), QUALITY_CLASSES.index("lesion")


def patch(lightness, b):
    """A picture of one colour, given in CIELAB."""
    lab = np.full((40, 40, 3), (lightness, 12.0, b), np.float32)
    return (255 * cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("lightness", "b", "angle", "name"),
    [
        (75, 14, 60.8, "very_light"),
        (70, 19, 46.5, "light"),
        (64, 20, 35.0, "intermediate"),
        (57, 20, 19.3, "tan"),
        (45, 20, -14.0, "brown"),
        (30, 16, -51.3, "dark"),
    ],
)
def test_the_angle_by_its_formula(lightness, b, angle, name):
    found = ita(patch(lightness, b))
    assert found == pytest.approx(angle, abs=2)
    assert NAMES[bin_of(found)] == name


def test_an_angle_on_the_border_belongs_to_the_darker_bin():
    assert [NAMES[bin_of(angle)] for angle in (55.0, 41.0, 28.0, 10.0, -30.0, -90.0)] == [
        "light",
        "intermediate",
        "tan",
        "brown",
        "dark",
        "dark",
    ]
    assert bin_of(float("nan")) is None


def test_too_little_skin_or_a_blue_picture_has_no_angle():
    picture = patch(60, 20)
    few = np.zeros((40, 40), bool)
    few[:3, :3] = True
    assert np.isnan(ita(picture, few))
    assert np.isnan(ita(patch(60, -20)))


def test_the_angle_follows_the_tone_of_drawn_skin():
    angles = []
    for tone in (0.05, 0.5, 0.95):
        phantom = draw("healthy_skin", 5, (240, 320), tone=tone)
        angles.append(ita(phantom.rgb, phantom.mask))
    assert angles[0] > angles[1] > angles[2]


def test_skin_around_a_lesion_leaves_the_lesion_out():
    phantom = draw("lesion", 3, (240, 320), lesion_extent=0.3, tone=0.2)
    row = type("Row", (), {"group": "lesion"})()
    skin = skin_of(row, phantom.rgb, phantom.mask)
    assert skin.sum() > 500
    assert not (skin & phantom.mask).any()
    assert skin_of(type("Row", (), {"group": "no_skin"})(), phantom.rgb, None) is None
    healthy = type("Row", (), {"group": "healthy_skin"})()
    assert skin_of(healthy, phantom.rgb, phantom.mask) is phantom.mask


def test_tones_are_of_the_photographs_asked_for(tmp_path):
    rows = read_manifest(write_folder(tmp_path, each=2))
    wanted = {row.split_key for row in rows if row.group == "lesion"}
    found = tones_by_key(rows, wanted)
    assert found
    assert set(found) <= wanted
    one = next(row for row in rows if row.split_key in found)
    assert found[one.split_key] == pytest.approx(ita_of(one))
    assert tones_by_key(rows, set()) == {}


def test_specificity_and_sensitivity_by_bin(make_predictions):
    n = 80
    light = np.arange(n) < n // 2
    poor = np.arange(n) % 2 == 0
    label = np.where(poor, POOR, LESION)
    class_votes = np.eye(4)[label]
    votes = np.zeros((n, 5))
    votes[poor, 1] = 1  # bad_light
    flagged = np.zeros((n, 5), bool)
    flagged[poor & light, 1] = True  # found on light skin only
    flagged[~poor & ~light, 2] = True  # and good photographs of dark skin are called blurry
    made = make_predictions(
        n, label=label, predicted=label, class_votes=class_votes, votes=votes, flagged=flagged
    )
    tones = {f"key{i}": 60.0 if light[i] else -40.0 for i in range(n)}
    found = fairness(made, tones)
    by_name = {entry["name"]: entry for entry in found["bins"]}
    assert [entry["name"] for entry in found["bins"]] == NAMES
    assert by_name["very_light"]["n_good"] == by_name["dark"]["n_good"] == n // 4
    assert by_name["very_light"]["specificity"] == 1
    assert by_name["dark"]["specificity"] == 0
    assert by_name["very_light"]["specificity_interval"][0] < 0.9
    assert by_name["very_light"]["faults"]["bad_light"]["sensitivity"] == 1
    assert by_name["dark"]["faults"]["bad_light"] == {"n": 20, "sensitivity": 0.0, "interval": [0.0, 0.161]}
    assert by_name["tan"]["specificity"] is None
    assert found["largest_gap_specificity"] == 1
    assert found["largest_gap_by_chance"]["p"] == 0
    assert found["largest_gap_sensitivity"]["bad_light"] == 1
    assert found["largest_gap_sensitivity"]["blurry"] is None
    assert set(found["largest_gap_sensitivity"]) == set(EXPLANATIONS)
    json.dumps(found)


def test_small_bins_take_no_part_in_the_gap(make_predictions):
    n = ENOUGH + 4
    label = np.full(n, LESION)
    flagged = np.zeros((n, 5), bool)
    flagged[-4:] = True
    made = make_predictions(
        n, label=label, predicted=label, class_votes=np.eye(4)[label], votes=np.zeros((n, 5)), flagged=flagged
    )
    tones = {f"key{i}": 50.0 if i < ENOUGH else -50.0 for i in range(n)}
    found = fairness(made, tones)
    assert found["bins"][-1]["specificity"] == 0
    assert found["largest_gap_specificity"] is None
    assert found["largest_gap_by_chance"] is None


def test_what_chance_makes_of_a_gap_grows_as_bins_shrink():
    rng = np.random.default_rng(3)
    means = []
    for each in (40, 4000):
        place = np.repeat(np.arange(4), each)
        found = gap_by_chance(rng.random(len(place)) < 0.85, place, repeats=300)
        means.append(found["mean"])
        assert found["mean"] < found["p95"]
        assert found["p"] > 0.01, "there is no difference"
    assert means[0] == pytest.approx(0.117, abs=0.02)  # 2.06 standard errors of 0.0565
    assert means[1] == pytest.approx(0.0117, abs=0.002)
    assert gap_by_chance(np.ones(3, bool), np.array([-1, -1, -1])) is None


def test_scenes_without_skin_and_unknown_tones_are_left_out(make_predictions):
    label = np.array([QUALITY_CLASSES.index("no_skin"), LESION, LESION])
    made = make_predictions(3, label=label, class_votes=np.eye(4)[label])
    found = fairness(made, {"key0": 60.0, "key1": 60.0})
    assert found["n_unknown"] == 1
    assert sum(entry["n_good"] for entry in found["bins"]) == 1
