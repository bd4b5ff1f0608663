import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from folders import write_manifest
from test_train_cli import QUICK, key_for, train

from core.lesion.taxonomy import LABELS
from core.synthetic.phantoms import draw
from training.data.check_data import check_data, check_picture
from training.data.sources import DataError, read_manifest
from training.data.splits import rule, split_of

SIZE = (96, 128)


def write(root: Path, drop: str = "") -> Path:
    """A folder of drawn pictures with masks: one of each class to train with, one to validate with."""
    rows, number = [], 0
    kinds = [("lesion", label) for label in LABELS] + [("healthy_skin", "skin"), ("no_skin", "desk")]
    for group, label in kinds:
        for split in ("train", "validation"):
            key, number = key_for(split, number)
            if split == "train" and drop in (group, label):
                continue
            drawn = draw(group, number, size=SIZE, lesion_class=label if group == "lesion" else None)
            cv2.imwrite(str(root / f"{key}.jpg"), drawn.rgb[..., ::-1])
            entry = {"path": f"{key}.jpg", "group": group, "label": label, "slug": "drawn", "split_key": key}
            entry |= {"width": SIZE[1], "height": SIZE[0], "mask": ""}
            if group == "lesion":
                entry["mask"] = f"{key}_mask.png"
                cv2.imwrite(str(root / entry["mask"]), drawn.mask.astype(np.uint8) * 255)
            rows.append(entry)
    write_manifest(root, rows)
    return root


def entries(root: Path) -> list[dict]:
    with (root / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def sound(tmp_path):
    (tmp_path / "data").mkdir()
    return write(tmp_path / "data")


def complaint(root: Path, task: str = "imageqx") -> str:
    with pytest.raises(DataError) as caught:
        check_data(read_manifest(root), task)
    message = caught.value.message
    assert "\n" not in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize("task", ["imageqx", "lesion"])
def test_a_sound_folder_passes(sound, task):
    check_data(read_manifest(sound), task)


@pytest.mark.parametrize("task", ["imageqx", "lesion"])
@pytest.mark.parametrize("left", [0, 100, 0.5, 0.9, -1])
def test_a_photograph_that_was_cut_off_is_named(sound, task, left):
    victim = sound / next(row["path"] for row in entries(sound) if row["group"] == "lesion")
    data = victim.read_bytes()
    count = int(left * len(data)) if isinstance(left, float) else left
    victim.write_bytes(data[:count])
    assert str(victim) in complaint(sound, task)


def test_a_progressive_photograph_that_was_cut_off_is_named(sound):
    victim = sound / entries(sound)[3]["path"]
    rgb = cv2.imread(str(victim))
    cv2.imwrite(str(victim), rgb, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    check_data(read_manifest(sound), "imageqx")
    victim.write_bytes(victim.read_bytes()[:-40])
    assert str(victim) in complaint(sound)


def test_a_file_that_is_no_picture_is_named(sound):
    victim = sound / entries(sound)[-1]["path"]
    victim.write_text("not a picture")
    assert str(victim) in complaint(sound)
    # Healthy skin and scenes are nothing to the lesion classifier.
    check_data(read_manifest(sound), "lesion")


def test_a_missing_photograph_and_a_missing_mask_are_named(sound):
    rows = entries(sound)
    (sound / rows[0]["mask"]).unlink()
    assert f"{sound / rows[0]['mask']} is listed" in complaint(sound)
    (sound / rows[0]["path"]).unlink()
    assert f"{sound / rows[0]['path']} is listed" in complaint(sound)


def test_a_photograph_of_another_size_than_the_manifest_says_is_named(sound):
    rows = entries(sound)
    rows[2]["width"] = "130"
    write_manifest(sound, rows)
    message = complaint(sound)
    assert str(sound / rows[2]["path"]) in message
    assert "128 x 96" in message
    assert "130 x 96" in message


@pytest.mark.parametrize("task", ["imageqx", "lesion"])
def test_a_mask_of_another_size_is_named(sound, task):
    mask = sound / entries(sound)[0]["mask"]
    cv2.imwrite(str(mask), np.zeros((48, 64), np.uint8))
    message = complaint(sound, task)
    assert str(mask) in message
    assert "64 x 48" in message


def test_a_broken_mask_is_named(sound):
    mask = sound / entries(sound)[0]["mask"]
    data = bytearray(mask.read_bytes())
    mask.write_bytes(bytes(data[:-12]))  # without its end
    assert str(mask) in complaint(sound)
    data[len(data) // 2] ^= 255
    mask.write_bytes(bytes(data))
    assert str(mask) in complaint(sound)


@pytest.mark.parametrize(
    ("task", "name"), [("imageqx", "healthy_skin"), ("imageqx", "no_skin"), ("lesion", "ulcer")]
)
def test_a_class_with_nothing_to_train_with_is_named(tmp_path, task, name):
    write(tmp_path, drop=name)
    message = complaint(tmp_path, task)
    assert name in message
    assert str(tmp_path / "manifest.csv") in message


def test_a_lesion_of_no_known_class_is_named(sound):
    rows = entries(sound)
    rows[4]["label"] = "dragon"
    write_manifest(sound, rows)
    message = complaint(sound, "lesion")
    assert "dragon" in message
    assert str(sound / rows[4]["path"]) in message


def test_left_out_photographs_matter_only_where_they_are_rendered(sound):
    rows = entries(sound)
    rows.append(rows[1] | {"slug": rule()["left_out_slugs"][0], "path": "gone.jpg", "mask": ""})
    write_manifest(sound, rows)
    assert split_of(read_manifest(sound)[-1]) == "left_out"
    check_data(read_manifest(sound), "lesion")
    assert "gone.jpg" in complaint(sound)


def test_a_photograph_that_is_stored_turned_has_the_size_it_is_seen_at(sound):
    from PIL import Image

    rows = entries(sound)
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(sound / rows[-1]["path"]) as picture:
        picture.load()
    picture.save(sound / rows[-1]["path"], exif=exif)
    rows[-1]["width"], rows[-1]["height"] = rows[-1]["height"], rows[-1]["width"]
    write_manifest(sound, rows)
    check_picture(read_manifest(sound)[-1])


@pytest.mark.parametrize("task", ["imageqx", "lesion"])
def test_training_stops_before_it_renders_or_trains(sound, task, tmp_path, capsys, monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError("too late")

    monkeypatch.setattr("training.recipes.loop.fit", never)
    monkeypatch.setattr("training.data.imageqx_data.sample", never)
    monkeypatch.setattr("training.data.lesion_data.draw_phantoms", never)
    victim = sound / entries(sound)[5]["path"]
    victim.write_bytes(victim.read_bytes()[:-30])
    out = tmp_path / "out"
    assert train(task, "--data", sound, "--out", out, "--epochs", 1, "--samples", 4, *QUICK) == 1
    sentence = capsys.readouterr().err.strip()
    assert str(victim) in sentence
    assert len(sentence.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize("task", ["imageqx", "lesion"])
def test_training_without_a_manifest_stops(task, tmp_path, capsys):
    assert train(task, "--data", tmp_path, "--out", tmp_path / "out", *QUICK) == 1
    assert str(tmp_path) in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
