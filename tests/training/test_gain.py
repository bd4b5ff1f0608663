import numpy as np
import pytest

from core.lesion.classifier import LesionClassifier
from core.lesion.prediction import Prediction
from core.quality.imageqx import ImageQX
from core.runtime.engine import open_engine
from core.runtime.manifest import load_manifest
from training.evaluation import gain
from training.evaluation.gain import flip_gain, spot_figures

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


def test_the_shipped_networks_find_most_small_spots_and_leave_large_ones_alone():
    """Measured on 29 November 2026: of 10 at each extent 8, 9 and 1; the small ones are kept whole."""
    manifest = load_manifest()
    network = LesionClassifier(open_engine("lesion", manifest, threads=1), manifest.networks["lesion"])
    assessor = ImageQX(open_engine("imageqx", manifest, threads=1), manifest.networks["imageqx"])
    classes = ("tumor", "pigmented_macula", "ulcer", "blister", "crust")
    small, middling, large = spot_figures(network, assessor.places, (0.2, 0.28, 0.75), 2, classes)
    assert (small["n"], middling["n"], large["n"]) == (10, 10, 10)
    for row in (small, middling):
        assert row["offered"] >= 7
        assert row["whole"] >= 0.9 * row["offered"]
        assert row["share"] <= 0.4
    assert large["offered"] <= 1


def test_spot_figures_count_what_was_offered_and_what_was_named():
    class Cutting:
        """Calls whatever is narrower than high a tumor."""

        def predict(self, rgb, gamma=None, flips=False):
            labels = ("tumor", "ulcer") if rgb.shape[0] > rgb.shape[1] else ("ulcer", "tumor")
            return Prediction(labels, (0.9, 0.1), False, None, 1.0)

    def at_the_left_edge(rgb):
        places = np.zeros((8, 8), np.float32)
        places[:, 0] = 1
        return places

    (row,) = spot_figures(Cutting(), at_the_left_edge, (0.2,), 1, ("tumor",))
    assert (row["n"], row["offered"]) == (1, 0)
    (row,) = spot_figures(Cutting(), lambda rgb: None, (0.2,), 1, ("tumor",))
    assert (row["n"], row["offered"], row["kept"]) == (1, 0, None)

    def in_a_corner(rgb):
        places = np.zeros((8, 8), np.float32)
        places[0, 0] = 1
        return places

    (row,) = spot_figures(Cutting(), in_a_corner, (0.2,), 1, ("tumor",))
    assert (row["n"], row["offered"]) == (1, 1)
    assert row["share"] < 0.4
    assert (row["right_whole"], row["right_cropped"]) == (0, 0)
    assert 0 <= row["kept"] <= 1
