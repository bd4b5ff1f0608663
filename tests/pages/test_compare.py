"""The Compare page: several assessors, raters' labels, and an operating point that is saved."""

import csv
import io

import cv2
import numpy as np
import pytest

from core.compare.export import csv as csv_of
from core.guidance.preset import parse_preset
from core.quality import registry
from core.runtime.weights import WeightsError
from core.synthetic.phantoms import draw
from core.ui import comparing, comparing_views
from tests.conftest import FakeImageQX
from tests.pages.visitor import opened, read

SKIN, DARK, PALE = (200, 140, 120), (30, 20, 15), (245, 215, 200)
LABELS = "file,quality\nmole.jpg,lesion\ndark.jpg,poor_quality\n"


class Lenient(FakeImageQX):
    """Calls everything a lesion, and shows no place."""

    name = "lenient"
    explain = None

    def assess(self, rgb, rule, *, width=None, height=None):
        return super().assess(np.full_like(rgb, 180), rule, width=width, height=height)


@pytest.fixture
def page(fake_networks, monkeypatch, tmp_path):
    """The page with two assessors: by colour, and one that passes everything."""
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    monkeypatch.setenv("RETAKE_ALLOW_SAVING", "1")
    # Put back the last first: so their order is what it was.
    for name in ("ordinal", "classical"):
        monkeypatch.delitem(registry.ENTRIES, name)
    monkeypatch.setitem(
        registry.ENTRIES, "lenient", registry.AssessorEntry("lenient", lambda _weights: Lenient())
    )
    return calm(opened("compare").run())


def calm(at):
    assert not at.exception
    assert not at.error
    return at


def hand_in(at, *files):
    at.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files]).run()
    return at


def test_one_photo_has_the_verdicts_side_by_side_with_maps_where_there_are_any(page, jpeg_of):
    calm(hand_in(page, ("dark.jpg", jpeg_of(DARK))))
    assert "They disagree: lenient would let this photo pass, imageqx would not." in read(page)
    assert [one.value for one in page.subheader] == ["`imageqx`", "`lenient`"]
    first, second = (image.value[0] for image in page.get("image"))
    assert first != second, "only who finds the fault has a map of it"
    events = [event for event in page.session_state["rt_log"].events if event.event == "upload_assessed"]
    assert [(event.page, event.properties["assessor"]) for event in events] == [
        ("compare", "imageqx"),
        ("compare", "lenient"),
    ]


def test_who_judges_parts_shows_them_whatever_was_asked_for():
    assert comparing_views._shown("blurry", ["blurry", "bad_light"]) == "blurry"
    assert comparing_views._shown("blurry", ["poor_quality"]) == "poor_quality"
    assert comparing_views._shown("blurry", []) is None
    assert comparing_views._shown(None, ["poor_quality"]) is None


def test_many_photos_give_tables_and_the_disputed_ones_first(page, jpeg_of):
    rgb = draw("lesion", 11, (240, 320), tone=0.3).rgb
    done, drawn = cv2.imencode(".jpg", rgb[..., ::-1])
    assert done
    files = [
        ("mole.jpg", jpeg_of(SKIN)),
        ("drawn.jpg", drawn.tobytes()),
        ("dark.jpg", jpeg_of(DARK)),
        ("no.jpg", b"no"),
    ]
    hand_in(page, *files)
    calm(page)
    assert "of 3 photos all assessors say the same" in read(page)
    assert "no.jpg" in page.warning[0].value
    assert read(page).count("<table") == 2
    table = page.dataframe[0].value
    assert "dark.jpg" in list(table["file"][:2])
    assert list(table.columns) == ["picture", "imageqx", "lenient", "file"]
    assert table["lenient"][0] == "Passes"
    assert "you can choose here" in read(page)

    items = page.session_state["rt_visit"].kept["compare"].items
    dark = next(key for key, item in items.items() if item.compared.name == "dark.jpg")
    page.selectbox(key="compare-open").set_value(dark).run()
    page.run()
    page.button(key="compare-back").click().run()
    calm(page)
    page.button(key="compare-clear").click().run()
    calm(page)
    assert page.file_uploader
    assert not page.dataframe
    assert not comparing_tray(page).items


def comparing_tray(at):
    return at.session_state["rt_visit"].kept["compare"]


def test_labels_beside_the_photos_give_curves_and_an_operating_point(page, jpeg_of, tmp_path):
    hand_in(page, ("mole.jpg", jpeg_of(SKIN)), ("dark.jpg", jpeg_of(DARK)), ("labels.csv", LABELS.encode()))
    calm(page)
    assert "Of 100 good photos 0 are sent back" in read(page)
    assert read(page).count("ev-plot") > 2
    assert list(page.dataframe[0].value["raters"]) == ["Hard to judge", "Clear view of a spot"]
    page.button_group(key="compare-assessor").set_value("lenient").run()
    calm(page)
    assert "Of 100 bad photos 100 get through" in read(page)
    page.button_group(key="compare-assessor").set_value("imageqx").run()
    page.button(key="compare-save").click().run()
    calm(page)
    assert "Saved as my-imageqx@1" in page.success[0].value
    file = tmp_path / "presets" / "my-imageqx@1.yaml"
    saved = parse_preset(file.read_text(encoding="utf-8"), file)
    assert (saved.assessor, saved.second_opinion) == ("imageqx", False)
    assert len(saved.thresholds) == 5
    page.button(key="compare-save").click().run()
    assert "my-imageqx@2" in page.success[0].value


def test_where_saving_is_off_the_preset_is_a_file(page, jpeg_of, monkeypatch):
    monkeypatch.setenv("RETAKE_ALLOW_SAVING", "0")
    hand_in(page, ("mole.jpg", jpeg_of(SKIN)), ("dark.jpg", jpeg_of(DARK)), ("labels.csv", LABELS.encode()))
    calm(page)
    assert "Saving is off" in read(page)
    assert "compare-save" not in [button.key for button in page.button]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (b"file,quality\nelse.jpg,lesion\nmole.jpg,lesion\n", "1 row names a photo that is not here"),
        (b"name,grade\nmole.jpg,1\n", "needs a column path or file"),
        (b"file,quality\nmole.jpg,NaN\n", "1 row is empty or NaN"),
        (b"file,quality\nmole.jpg,fine\n", "1 row has a label that is not known"),
        (b"file,quality\nmole.jpg,lesion\nmole.jpg,lesion\n", "labels a photo a second time"),
        ("file,quality\nmöle.jpg,lesion\n".encode("latin-1"), "is not UTF-8 text"),
        (b"file|quality\nmole.jpg|lesion\n", "separated neither by commas"),
    ],
)
def test_each_fault_of_a_table_is_one_sentence_and_the_photos_stay(page, jpeg_of, table, sentence):
    hand_in(page, ("mole.jpg", jpeg_of(SKIN)), ("pale.jpg", jpeg_of(PALE)), ("labels.csv", table))
    assert not page.exception
    told = [element.value.replace("\\", "") for kind in (page.warning, page.error) for element in kind]
    assert len(told) == 1
    assert sentence in told[0]
    assert len(page.dataframe[0].value) == 2


def test_an_assessor_that_cannot_be_opened_is_named_and_left_out(page, jpeg_of, monkeypatch):
    def missing(_weights):
        raise WeightsError("weights_missing", "The file broken.onnx is missing.")

    monkeypatch.setitem(registry.ENTRIES, "broken", registry.AssessorEntry("broken", missing))
    page.run()
    calm(page)
    assert "broken is left out: The file broken.onnx is missing." in page.warning[0].value.replace("\\", "")
    calm(hand_in(page, ("mole.jpg", jpeg_of(SKIN))))
    assert [one.value for one in page.subheader] == ["`imageqx`", "`lenient`"]


def test_another_preset_has_the_photos_judged_anew(page, jpeg_of, tmp_path):
    hand_in(page, ("mole.jpg", jpeg_of(SKIN)), ("dark.jpg", jpeg_of(DARK)))
    (tmp_path / "presets").mkdir()
    text = "thresholds: {bad_light: 0.05, blurry: 0.05}\n"
    (tmp_path / "presets" / "severe@1.yaml").write_text(f"name: severe\nversion: 1\n{text}", encoding="utf-8")
    page.query_params["preset"] = "severe"
    page.run()
    calm(page)
    assert set(page.dataframe[0].value["lenient"]) == {"Light, sharpness"}


def test_what_a_page_that_is_loaded_again_keeps_counts_as_photos(page, jpeg_of):
    assert comparing.Tray().nbytes == 0  # nothing in it must not take the place of what was kept
    hand_in(page, ("mole.jpg", jpeg_of(SKIN)))
    tray = comparing_tray(page)
    assert tray.nbytes == 320 * 240 * 3
    (item,) = tray.items.values()
    assert item.photo.nbytes == 2 * tray.nbytes  # the file's own bytes are gone


def test_too_many_files_are_left_out_and_counted(page, jpeg_of, monkeypatch):
    monkeypatch.setattr(comparing, "MOST", 2)
    hand_in(page, *((f"{number}.jpg", jpeg_of(SKIN)) for number in range(3)))
    calm(page)
    assert page.warning[0].value == "1 file was left out: at most 2 at a time."


def test_the_csv_of_the_page_can_be_read(page, jpeg_of):
    hand_in(page, ("mole.jpg", jpeg_of(SKIN)), ("dark.jpg", jpeg_of(DARK)))
    judges, _problems = comparing.judges(comparing_tray(page).preset)
    compared = comparing.compare(comparing_tray(page), judges)
    photos = [item.compared for item in comparing_tray(page).items.values()]
    rows = list(csv.DictReader(io.StringIO(csv_of(photos, list(compared.answers), {}).decode("utf-8-sig"))))
    assert [(row["file"], row["imageqx_passes"], row["lenient_passes"]) for row in rows] == [
        ("mole.jpg", "True", "True"),
        ("dark.jpg", "False", "True"),
    ]
