import json
from dataclasses import replace
from pathlib import Path

from training.data import boxes
from training.data.boxes import eye_box, located
from training.data.sources import Row

FILE = json.loads(Path(boxes.__file__).with_name("boxes.json").read_text())
PATH, ENTRY = next((path, entry) for path, entry in FILE.items() if not entry["spread"])
ROW = Row(
    root=Path(),
    path=PATH,
    group="lesion",
    label="",
    slug="",
    split_key="",
    width=ENTRY["size"][0],
    height=ENTRY["size"][1],
    mask="",
    boxes=(),
)


def test_every_box_lies_in_its_photograph():
    for path, entry in FILE.items():
        (width, height), (x0, y0, x1, y1) = entry["size"], entry["box"]
        assert 0 <= x0 < x1 <= width, path
        assert 0 <= y0 < y1 <= height, path


def test_the_box_comes_for_the_photograph_it_was_drawn_on_alone():
    assert eye_box(ROW).box == tuple(map(float, ENTRY["box"]))
    assert eye_box(replace(ROW, width=ROW.width + 1)) is None
    assert eye_box(replace(ROW, path="other.jpg")) is None


def test_a_lesion_is_located_by_mask_box_or_eye_but_not_when_it_is_all_over():
    assert located(ROW)
    assert not located(replace(ROW, path="other.jpg"))
    assert located(replace(ROW, path="other.jpg", mask="m.png"))
    assert located(replace(ROW, path="other.jpg", boxes=((0.0, 0.0, 5.0, 5.0),)))
    path, entry = next((path, entry) for path, entry in FILE.items() if entry["spread"])
    spread = replace(ROW, path=path, width=entry["size"][0], height=entry["size"][1])
    assert eye_box(spread) is not None
    assert not located(spread)
