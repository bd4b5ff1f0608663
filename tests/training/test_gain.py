import numpy as np
import pytest

from core.lesion.prediction import Prediction
from training.evaluation import gain
from training.evaluation.gain import flip_gain

LABELS = ("crust", "tumor", "ulcer")


class Scripted:
    """Reads its answers off the picture: the first pixel's red without flips, its green with them."""

    def predict(self, rgb, gamma=None, flips=False):
        best = LABELS[rgb[0, 0, 1 if flips else 0]]
        labels = (best, *(label for label in LABELS if label != best))
        return Prediction(labels, (0.8, 0.1, 0.1), False, None, 1.0)


def photo(plain, flips):
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[0, 0, :2] = LABELS.index(plain), LABELS.index(flips)
    return rgb


def test_the_gain_is_counted_on_the_same_photos():
    photos = [
        (photo("crust", "crust"), "crust"),
        (photo("tumor", "crust"), "crust"),
        (photo("tumor", "tumor"), "tumor"),
        (photo("tumor", "ulcer"), "tumor"),
        (photo("crust", "ulcer"), "ulcer"),
    ]
    found = flip_gain(Scripted(), iter(photos), LABELS)
    assert (found["n"], found["put_right"], found["put_wrong"]) == (5, 2, 1)
    top1 = found["top1"]
    assert (top1["plain"], top1["flips"], top1["gain"]) == (0.6, 0.8, 0.2)
    # By hand: F1 of crust 1/2, tumor 4/5, ulcer 0; with flips 1, 2/3, 2/3.
    assert found["macro_f1"]["plain"] == pytest.approx((1 / 2 + 4 / 5 + 0) / 3, abs=1e-3)
    assert found["macro_f1"]["flips"] == pytest.approx((1 + 2 / 3 + 2 / 3) / 3, abs=1e-3)
    for figure in ("top1", "macro_f1"):
        low, high = found[figure]["gain_interval"]
        assert low <= found[figure]["gain"] <= high


def test_photos_of_one_group_are_drawn_together():
    mended, steady = (photo("tumor", "crust"), "crust"), (photo("crust", "crust"), "crust")
    alone = flip_gain(Scripted(), [mended, steady] * 20, LABELS)
    tied = flip_gain(Scripted(), [mended, steady] * 20, LABELS, np.array(["a", "b"] * 20))
    wide = [np.diff(found["top1"]["gain_interval"])[0] for found in (alone, tied)]
    assert wide[0] < 0.4 < wide[1]


def test_no_photos_have_no_gain():
    assert flip_gain(Scripted(), [], LABELS) == {"n": 0}


def test_each_side_of_the_split_is_asked_with_its_own_photos(monkeypatch):
    from types import SimpleNamespace

    rows = [
        SimpleNamespace(group=group, label=label, split_key=str(i), side=side)
        for i, (group, label, side) in enumerate(
            [
                ("lesion", "crust", "validation"),
                ("lesion", "tumor", "validation"),
                ("lesion", "ulcer", "left_out"),
                ("healthy_skin", "", "left_out"),
                ("lesion", "ulcer", "train"),
            ]
        )
    ]
    monkeypatch.setattr(gain, "split_of", lambda row: row.side)
    monkeypatch.setattr(gain, "read_rgb", lambda row: photo("crust", row.label))
    found = gain.flip_gains(Scripted(), LABELS, rows)
    assert {name: figures["n"] for name, figures in found.items()} == {"validation": 2, "left_out": 1}
    assert found["left_out"]["top1"]["flips"] == 1.0
    assert {name: figures["n"] for name, figures in gain.flip_gains(Scripted(), LABELS, rows, 1).items()} == {
        "validation": 1,
        "left_out": 1,
    }
    assert gain.flip_gains(Scripted(), LABELS, rows[3:]) == {}
