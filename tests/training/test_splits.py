import json

import cv2
import numpy as np
import pytest
from folders import write_manifest

from core.runtime.manifest import load_manifest
from training.data.sources import DataError, at_most, read_manifest, read_mask, read_rgb
from training.data.splits import rule, split_of

FIELDS = [
    "path",
    "group",
    "label",
    "original_label",
    "source",
    "slug",
    "split_key",
    "width",
    "height",
    "mask",
    "boxes",
    "licence",
    "note",
]


def entry(**changes):
    base = dict.fromkeys(FIELDS, "") | {
        "path": "a.png",
        "group": "lesion",
        "label": "acne",
        "slug": "one",
        "split_key": "one/1",
        "width": 40,
        "height": 30,
    }
    return base | changes


def test_every_field_of_a_row_is_read(tmp_path):
    write_manifest(tmp_path, [entry(mask="m.png", boxes="[[1, 2, 30, 20]]")])
    cv2.imwrite(str(tmp_path / "a.png"), np.full((30, 40, 3), (10, 20, 30), np.uint8))
    mask = np.zeros((30, 40), np.uint8)
    mask[5:10] = 255
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    (row,) = read_manifest(tmp_path)
    assert (row.group, row.label, row.width, row.height) == ("lesion", "acne", 40, 30)
    assert row.boxes == ((1.0, 2.0, 30.0, 20.0),)
    assert read_rgb(row)[0, 0].tolist() == [30, 20, 10]
    assert read_mask(row).sum() == 200


def test_real_votes_are_optional_columns(tmp_path):
    write_manifest(tmp_path, [entry(quality_votes=json.dumps({"lesion": 3, "poor_quality": 1}))])
    (row,) = read_manifest(tmp_path)
    assert row.quality_votes == {"lesion": 3, "poor_quality": 1}
    assert row.explanation_votes is None


def test_a_folder_without_manifest_says_so(tmp_path):
    with pytest.raises(DataError, match=r"no manifest\.csv in"):
        read_manifest(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "changes", [{"width": "wide"}, {"group": "cats"}, {"boxes": "[[1,2]]"}, {"path": ""}]
)
def test_a_senseless_line_is_named(tmp_path, changes):
    write_manifest(tmp_path, [entry(), entry(**changes)])
    with pytest.raises(DataError, match=r"Line 3 of .*manifest\.csv"):
        read_manifest(tmp_path)


def test_a_broken_picture_is_named(tmp_path):
    write_manifest(tmp_path, [entry()])
    (row,) = read_manifest(tmp_path)
    with pytest.raises(DataError, match=r"a\.png"):
        read_rgb(row)
    (tmp_path / "a.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"a\.png"):
        read_rgb(row)


def test_a_picture_or_mask_of_another_size_is_named(tmp_path):
    write_manifest(tmp_path, [entry(mask="m.png")])
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((31, 40, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "m.png"), np.zeros((30, 41), np.uint8))
    (row,) = read_manifest(tmp_path)
    with pytest.raises(DataError, match=r"a\.png is 40 x 31 pixels"):
        read_rgb(row)
    with pytest.raises(DataError, match=r"m\.png is 41 x 30 pixels"):
        read_mask(row)


def many_rows(tmp_path, slugs=("one", "two"), count=600, group="lesion"):
    entries = [
        entry(path=f"{slug}{i}.png", slug=slug, split_key=f"{slug}/{i // 3}", group=group)
        for slug in slugs
        for i in range(count)
    ]
    write_manifest(tmp_path, entries)
    return read_manifest(tmp_path)


def test_no_split_key_lies_on_both_sides(tmp_path):
    sides = {}
    for row in many_rows(tmp_path):
        sides.setdefault(row.split_key, set()).add(split_of(row))
    assert all(len(names) == 1 for names in sides.values())
    share = sum(names == {"validation"} for names in sides.values()) / len(sides)
    assert 0.08 < share < 0.22


def test_left_out_sources_and_real_faults_never_train(tmp_path):
    slug = rule()["left_out_slugs"][0]
    assert {split_of(row) for row in many_rows(tmp_path, slugs=(slug,), count=60)} == {"left_out"}
    real = many_rows(tmp_path, slugs=("one",), count=60, group="real_quality")
    assert {split_of(row) for row in real} == {"left_out"}


def test_the_split_of_a_photo_does_not_move(tmp_path):
    """The rule is frozen: a changed salt or hash would mix old weights' training photos into validation."""
    rows = many_rows(tmp_path, slugs=("one",), count=60)
    validation = sorted({row.split_key for row in rows if split_of(row) == "validation"})
    assert validation == ["one/15"]


@pytest.mark.parametrize("task", ["imageqx", "lesion"])
def test_no_shipped_network_was_trained_on_a_source_that_is_left_out(task):
    """So that a grown benchmark measures old weights on the same photographs as new ones."""
    trained = set(load_manifest().networks[task].provenance["data"])
    assert trained
    assert not trained & set(rule()["left_out_slugs"])


def test_at_most_so_many_of_a_kind_are_kept_in_their_order():
    words = ["ant", "bee", "auk", "asp", "bat", "cat"]
    assert at_most(words, lambda word: word[0], 2) == ["ant", "bee", "auk", "bat", "cat"]
    assert at_most(words, lambda word: word[0], None) == words
