"""What a linear classifier on borrowed features tells of photographs and views."""

import csv
import json

import cv2
import numpy as np
import pytest
from folders import key_for

from core.lesion.taxonomy import LABELS
from core.training import compare_lesion
from core.training.compare_lesion import asked, compare, figures
from core.training.evaluate_lesion import compared
from core.training.lesion_data import Picture
from core.training.sources import read_manifest

COLOURS = {"crust": (200, 60, 40), "tumor": (60, 60, 200), "wheal": (60, 190, 70)}


class Colours:
    """Stands in for ImageQX: its features are the mean colour, its places nothing."""

    def features(self, rgb):
        return cv2.resize(rgb, (2, 2), interpolation=cv2.INTER_AREA).transpose(2, 0, 1) / 255

    def places(self, rgb):
        return None


@pytest.fixture
def folder(tmp_path):
    """Plain colours, one for each class: eight to learn from, two known and two new ones to name."""
    head = "path,group,label,original_label,source,slug,split_key,width,height,mask,boxes,licence,note"
    rows, number, rng = [], 0, np.random.default_rng(0)
    for label, colour in COLOURS.items():
        for split, count in (("train", 8), ("validation", 2), ("left_out", 6)):
            for _photo in range(count):
                slug = "skincond" if split == "left_out" else "made"
                key, number = key_for("train" if split == "left_out" else split, number)
                rgb = np.clip(colour + rng.normal(0, 12, (64, 48, 3)), 0, 255).astype(np.uint8)
                cv2.imwrite(str(tmp_path / f"{number}.png"), rgb[..., ::-1])
                rows.append([f"{number}.png", "lesion", label, "", slug, slug, key, 48, 64, "", "", "", ""])
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head.split(","))
        writer.writerows(rows)
    return tmp_path


def answers(rows, labels, features):
    pictures = [Picture(np.zeros((2, 2, 3), np.uint8), (), LABELS.index(label), "made") for label in labels]
    return asked(rows, pictures, features)


def test_what_can_be_learnt_is_learnt_and_what_cannot_is_not(folder):
    rows = [row for row in read_manifest(folder) if row.label in ("crust", "tumor")][:20]
    labels = [row.label for row in rows]
    told = np.array([[float(label == "crust"), 0.5] for label in labels])
    rng = np.random.default_rng(1)
    nothing = rng.normal(size=told.shape)
    classes = np.array([LABELS.index(label) for label in labels])
    held_out = answers(rows, labels, told)
    assert figures(told, classes, held_out, held_out) == {"validation_f1": 1.0, "left_out_recall": 1.0}
    wrong = answers(rows, labels, 1 - told)
    assert figures(told, classes, wrong, wrong) == {"validation_f1": 0.0, "left_out_recall": 0.0}
    guessed = figures(nothing, classes, held_out, held_out)
    assert guessed["left_out_recall"] < 0.9


def test_views_are_compared_and_more_photographs_are_a_longer_line(folder):
    found = compare(read_manifest(folder), Colours(), count=2)
    assert [row["name"] for row in found["comparisons"]] == ["retake", "plain"]
    plain = found["comparisons"][1]
    assert plain["validation_f1"] > 0.9
    assert plain["left_out_recall"] > 0.9
    counts = [point["photographs"] for point in found["learning_curve"]]
    assert counts == sorted(counts)
    assert counts[-1] == 24
    assert found["learning_curve"][-1]["validation_f1"] == found["comparisons"][0]["validation_f1"]


def test_the_report_takes_what_was_found_and_does_without(folder, tmp_path, monkeypatch, capsys):
    assert compared(tmp_path / "none.json") == {}
    monkeypatch.setattr(compare_lesion, "open_assessor", lambda name: Colours())
    results = tmp_path / "results.json"
    assert compare_lesion.main(["--data", str(folder), "--results", str(results)]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(results.read_text())
    assert set(compared(results)) == {"protocol", "comparisons", "learning_curve"}
