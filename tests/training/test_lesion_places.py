"""Where the lesion is, and what training views make of it."""

import csv

import cv2
import numpy as np
import pytest

from core.lesion.taxonomy import LABELS
from core.synthetic.phantoms import draw
from training.data.lesion_data import Picture, StyleSources, load_pictures, load_skin, spot_of, training_view
from training.data.sources import read_manifest

COLUMNS = (
    *("path", "group", "label", "original_label", "source", "slug", "split_key"),
    *("width", "height", "mask", "boxes", "licence", "note"),
)


@pytest.fixture
def folder(tmp_path):
    """Three photographs of lesions (with mask, with box, with neither) and one of healthy skin."""
    rows = []
    for number, (group, mask, boxes) in enumerate(
        [
            ("lesion", True, ""),
            ("lesion", False, "[[10, 20, 40, 60]]"),
            ("lesion", False, ""),
            ("healthy_skin", True, ""),
        ]
    ):
        extent = 0.4 if group == "lesion" else 0.7
        phantom = draw("lesion", number, (120, 100), lesion_extent=extent, centre=(0.7, 0.3))
        cv2.imwrite(str(tmp_path / f"{number}.png"), phantom.rgb[..., ::-1])
        if mask:
            cv2.imwrite(str(tmp_path / f"{number}-mask.png"), phantom.mask.astype(np.uint8) * 255)
        rows.append(
            dict.fromkeys(COLUMNS, "")
            | {
                "path": f"{number}.png",
                "group": group,
                "label": "crust" if group == "lesion" else "",
                "slug": "made",
                "split_key": str(number),
                "width": 100,
                "height": 120,
                "mask": f"{number}-mask.png" if mask else "",
                "boxes": boxes,
            }
        )
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return read_manifest(tmp_path)


def test_masks_boxes_and_the_network_say_where_in_this_order(folder):
    asked = []

    def locate(rgb):
        asked.append(rgb.shape)
        return np.eye(7, dtype=np.float32)

    masked, boxed, unknown = load_pictures(folder, locate=locate)
    spot = spot_of(masked.places)
    assert 0.5 < (spot[0] + spot[2]) / 2 < 0.9
    assert 0.1 < (spot[1] + spot[3]) / 2 < 0.5
    spot = spot_of(boxed.places)
    np.testing.assert_allclose(spot, (0.1, 20 / 120, 0.4, 0.5), atol=0.1)
    assert asked == [(120, 100, 3)]
    np.testing.assert_array_equal(unknown.places, np.eye(7))


def test_without_anybody_to_ask_it_stays_unknown(folder):
    assert [picture.places is None for picture in load_pictures(folder)] == [False, False, True]


def test_skin_is_cut_to_where_its_mask_is(folder):
    (skin,) = load_skin(folder)
    assert max(skin.shape[:2]) < 60


def test_no_place_is_likely_enough():
    assert spot_of(np.full((7, 7), 0.1)) is None


def test_views_crop_to_the_spot_and_borrow_from_elsewhere():
    """A red spot in a grey corner: crops show it larger, and blue skin comes to lie around it."""
    rgb = np.full((200, 200, 3), 128, np.uint8)
    rgb[20:60, 140:180] = (200, 40, 40)
    places = np.zeros((28, 28), np.float32)
    places[3:8, 20:25] = 1

    def seen(picture, elsewhere, count=60):
        rng = np.random.default_rng(0)
        return [training_view(picture, 64, rng, elsewhere).astype(int) for _view in range(count)]

    def red(views):
        return np.mean([(view[..., 0] > view[..., 1] + 60).mean() for view in views])

    plain = Picture(rgb, (), LABELS.index("crust"), "made")
    known = Picture(rgb, (), LABELS.index("crust"), "made", places)
    assert red(seen(known, StyleSources())) > 2 * red(seen(plain, StyleSources()))

    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[::2] = 255

    def busy(views):
        """How many views are striped where they are not red."""
        return np.mean([np.abs(np.diff(view.sum(axis=2), axis=0)).mean() > 60 for view in views])

    assert busy(seen(known, StyleSources(skin=[stripes]))) > busy(seen(known, StyleSources())) + 0.1
    assert busy(seen(plain, StyleSources(skin=[stripes]))) == busy(seen(plain, StyleSources()))
