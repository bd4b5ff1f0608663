import csv
import io
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import local_script_runner

from core.i18n import speaking
from core.quality.verdict import verdict_properties
from core.ui.checking import Tray
from tests.pages.visitor import opened, read

ROOT = Path(__file__).parents[2]
SKIN, DARK, DESK, PALE = (200, 140, 120), (30, 20, 15), (90, 120, 180), (245, 215, 200)


@pytest.fixture
def check(fake_networks, monkeypatch, tmp_path):
    """The check page, with networks that judge by colour."""
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    at = opened("check").run()
    assert_calm(at)
    return at


class Uploads(MemoryUploadedFileManager):
    """Streamlit's store of what was handed in, kept from run to run as a server keeps it."""

    def __init__(self):
        super().__init__("/mock/upload")
        self.seen = set()

    def add_file(self, session_id, file):
        self.seen.add(session_id)
        super().add_file(session_id, file)


@pytest.fixture
def uploads(monkeypatch):
    store = Uploads()
    monkeypatch.setattr(local_script_runner, "MemoryUploadedFileManager", lambda endpoint: store)
    return store


def assert_calm(at):
    assert not at.exception
    assert not at.error


def upload(at, *files):
    at.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files]).run()
    assert_calm(at)


def button(at, label):
    return next(button for button in at.button if button.label == label)


def picture(at):
    """What the first picture of the page shows, as an address that changes with its content."""
    return at.get("image")[0].value[0]


def named(elements, label):
    return next(element for element in elements if element.label == label)


def table(at):
    return at.dataframe[0].value


def test_a_good_photo_shows_its_verdict_and_ten_classes(check, jpeg_of):
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    assert "This photo works" in read(check)
    assert "looks most like **pimples**" in read(check)
    assert read(check).count('class="rt-value"') == 3
    check.toggle(key="check-all").set_value(True).run()
    assert read(check).count('class="rt-value"') == 10
    assert "not a medical device" in read(check)


def test_a_poor_photo_says_what_to_do_and_predicts_nothing(check, jpeg_of, fake_networks):
    upload(check, ("mole.jpg", jpeg_of(DARK)))
    assert "Not quite there yet" in read(check)
    assert "Find softer, even light" in read(check)
    assert "looks most like" not in read(check)
    assert fake_networks[1].asked == 0


def test_after_an_override_the_prediction_takes_a_warning_and_one_click(check, jpeg_of, fake_networks):
    upload(check, ("mole.jpg", jpeg_of(DARK)))
    button(check, "Use this photo anyway").click().run()
    assert "did not pass the check" in check.warning[0].value
    assert fake_networks[1].asked == 0
    button(check, "Show it all the same").click().run()
    assert "looks most like **pimples**" in read(check)
    assert "may well be wrong" in check.warning[0].value


def shown_events(at):
    return [e.properties for e in at.session_state["rt_log"].events if e.event == "prediction_shown"]


def test_after_an_override_the_prediction_is_marked_as_not_passed(check, jpeg_of, fake_networks, monkeypatch):
    from core.ui import result_card

    seen = []
    monkeypatch.setattr(result_card.test_time_views, "panel", lambda *told, key: seen.append(told[2]))
    fake_networks[1].reason = "not_a_lesion"
    upload(check, ("mole.jpg", jpeg_of(DARK)))
    button(check, "Use this photo anyway").click().run()
    button(check, "Show it all the same").click().run()
    assert [(p.abstained, p.reason) for p in seen] == [(True, "not_passed")]
    assert shown_events(check)[-1]["reason"] == "not_passed"
    # The network's own doubt is not lost.
    assert "does not look like the photos of skin changes" in read(check)


@pytest.mark.parametrize(
    ("reason", "why", "advice"),
    [
        ("not_a_lesion", "does not look like the photos of skin changes", "Take a closer photo"),
        ("low_confidence", "none of the kinds it knows stands out", "closer photo in soft, even light"),
    ],
)
def test_where_the_network_abstains_the_card_says_why_and_one_click_opens_it(
    check, jpeg_of, fake_networks, reason, why, advice
):
    fake_networks[1].reason = reason
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    assert "This photo works" in read(check)
    (warning,) = check.warning
    assert "The network cannot say" in warning.value
    for sentence in (why, advice, "show it to a doctor"):
        assert sentence in warning.value
    assert "looks most like **" not in read(check)
    assert "Where did it look for" not in [box.label for box in check.selectbox]
    assert shown_events(check) == []
    button(check, "Show it all the same").click().run()
    assert_calm(check)
    assert "looks most like **pimples**" in read(check)
    assert "the answer below" in check.warning[0].value
    assert shown_events(check)[-1]["reason"] == reason
    # Another photo is held back again.
    button(check, "Clear").click().run()
    upload(check, ("other.jpg", jpeg_of((210, 150, 120))))
    assert "looks most like **" not in read(check)


def entry_with(monkeypatch, **changes):
    """The shipped manifest, with these fields of the lesion classifier's entry."""
    from core.runtime.manifest import load_manifest
    from core.ui import engines

    manifest = load_manifest()
    networks = dict(manifest.networks)
    networks["lesion"] = networks["lesion"].model_copy(update=changes)
    monkeypatch.setattr(engines, "manifest", lambda: manifest.model_copy(update={"networks": networks}))


def test_a_known_confused_pair_is_said_in_one_sentence(check, jpeg_of, monkeypatch):
    from core.runtime.manifest import ConfusedPair

    entry_with(monkeypatch, confused=[ConfusedPair(true="alopecia", said="acne", count=7, of=31)])
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    told = [text.value for text in check.markdown if "mixes these two up" in text.value]
    assert told == [
        "The network often mixes these two up: in tests it took **hair loss** for **pimples** in 7 of 31 "
        "photos. Either may be right."
    ]


def test_other_pairs_are_not_spoken_of(check, jpeg_of, monkeypatch):
    from core.runtime.manifest import ConfusedPair

    pair = ConfusedPair(true="wheal", said="acne", count=7, of=31)
    entry_with(monkeypatch, confused=[pair])
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    assert "mixes these two up" not in read(check)


def test_every_unusable_file_has_its_sentence_and_the_rest_goes_on(check, jpeg_of):
    truncated = jpeg_of(SKIN)[:-200]
    upload(check, ("a.jpg", b"no picture"), ("b.jpg", truncated), ("c.jpg", b""), ("d.jpg", jpeg_of(SKIN)))
    rows = table(check)
    assert list(rows["verdict"]) == ["Not read", "Not read", "Not read", "Works"]
    assert all(sentence.endswith(".") for sentence in rows["advice"][:3])
    assert len(set(rows["advice"][:3])) == 3
    assert "1 of 4 photos works." in read(check)


def test_one_unusable_file_alone_shows_its_sentence_and_a_way_on(check, jpeg_of):
    upload(check, ("holiday.jpg", b"no picture"))
    assert "holiday.jpg" in check.warning[0].value
    button(check, "Clear").click().run()
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    assert "This photo works" in read(check)


def test_a_row_opens_its_card_and_leads_to_its_neighbours_and_back(check, jpeg_of):
    upload(check, ("a.jpg", jpeg_of(SKIN)), ("b.jpg", jpeg_of(DARK)), ("c.jpg", jpeg_of(DESK)))
    assert list(table(check)["advice"]) == ["", "Find softer, even light", "Show your skin"]
    last = list(check.session_state["rt_visit"].kept["check-tray"].items)[2]
    check.selectbox(key="check-open").set_value(last).run()
    assert_calm(check)
    assert "No skin can be seen" in read(check)
    assert not check.dataframe
    assert check.button(key="check-next").disabled
    check.button(key="check-previous").click().run()
    assert "The light is too weak" in read(check)
    check.button(key="check-previous").click().run()
    assert "This photo works" in read(check)
    assert check.button(key="check-previous").disabled
    check.button(key="check-back").click().run()
    assert_calm(check)
    assert len(table(check)) == 3


@pytest.mark.parametrize(
    ("rows", "cells", "opened"), [([1], [], "b"), ([], [(2, "advice")], "c"), ([], [], None)]
)
def test_a_pressed_row_or_cell_is_the_one_that_opens(monkeypatch, rows, cells, opened):
    monkeypatch.setattr("core.ui.layout.inside_frame", lambda main: None)
    page = run_path(str(ROOT / "pages" / "check.py"))
    tray = Tray(items=dict.fromkeys("abc"))
    page["open_row"](tray, SimpleNamespace(rows=rows, cells=cells))
    assert tray.opened == opened


def test_a_file_name_is_shown_as_it_is(check):
    upload(check, ("**bold** [x](http://y) $a$.jpg", b"no picture"))
    assert r"\*\*bold\*\* \[x\]\(http\://y\) \$a\$.jpg" in check.warning[0].value


def test_the_table_downloads_as_csv_with_every_probability(check, jpeg_of):
    from core.ui import checking

    upload(check, ("=cmd|x.jpg", jpeg_of(SKIN)), ("b.jpg", b"no picture"))
    page_rows = check.session_state["rt_visit"].kept["check-tray"].items.values()
    from core.guidance.preset import load_preset

    data = checking.csv(list(page_rows), load_preset())
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows[0]["file"] == "'=cmd|x.jpg"
    assert rows[0]["passes"] == "True"
    assert float(rows[0]["quality_lesion"]) == pytest.approx(0.91)
    assert float(rows[0]["explanation_blurry"]) == pytest.approx(0.1)
    assert rows[1]["error"] == "not_an_image"
    assert [button.label for button in check.get("download_button")].count("Download the table (CSV)") == 1


def test_the_camera_gives_a_photo_too(check, jpeg_of):
    check.segmented_control(key="check-way").set_value("camera").run()
    assert_calm(check)
    check.get("camera_input")[0].upload("shot.jpg", jpeg_of(SKIN)).run()
    assert "This photo works" in read(check)
    events = check.session_state["rt_log"].events
    (assessed,) = [event for event in events if event.event == "upload_assessed"]
    assert assessed.source == "camera"
    (item,) = check.session_state["rt_visit"].kept["check-tray"].items.values()
    assert dict(assessed.properties) == verdict_properties(item.verdict)


def test_a_sample_can_be_tried_without_a_photo(check):
    check.segmented_control(key="check-way").set_value("samples").run()
    assert_calm(check)
    button(check, "Blurred").click().run()
    assert_calm(check)
    assert "What was checked" in read(check)


def test_clear_forgets_the_photos_and_empties_the_uploader(check, jpeg_of):
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    assert check.session_state["rt_held"]
    button(check, "Clear").click().run()
    assert not check.session_state["rt_visit"].kept["check-tray"].items
    assert "rt_held" not in check.session_state
    assert check.file_uploader[0].value == []


def test_streamlit_keeps_no_file_once_it_is_taken_in_nor_after_clear(check, jpeg_of, uploads):
    upload(check, ("mole.jpg", jpeg_of(SKIN)), ("other.jpg", jpeg_of(DARK)))
    assert len(check.session_state["rt_visit"].kept["check-tray"].items) == 2
    assert not any(uploads.file_storage.values())
    # Whatever comes in behind that, such as a file that was still on its way.
    visit = next(iter(uploads.seen))
    uploads.add_file(visit, UploadedFileRec("late", "late.jpg", "image/jpeg", b"late"))
    button(check, "Clear").click().run()
    assert not any(uploads.file_storage.values())


def test_every_chosen_file_has_its_row_whatever_it_is_called(check, jpeg_of):
    from core.photo import MAX_BYTES

    noted = f"Retake: too large for an upload, bytes: {MAX_BYTES + 1}".encode()
    files = [
        ("a.jfif", jpeg_of(SKIN)),
        ("content%3A%2F%2Fmedia%2F31", jpeg_of(SKIN)),
        ("b.avif", b"no picture"),
    ]
    upload(check, *files, ("film.mov", noted), ("large.jpg", bytes(MAX_BYTES + 1)), ("c.jpg", jpeg_of(SKIN)))
    rows = table(check)
    assert list(rows["verdict"]) == ["Works", "Works", "Not read", "Not read", "Not read", "Works"]
    assert rows["advice"][3] == rows["advice"][4]
    assert "larger than 20 MB" in rows["advice"][3]
    assert "3 of 6 photos work." in read(check)


def test_more_photos_can_be_added_to_the_results(check, jpeg_of):
    upload(check, ("a.jpg", jpeg_of(SKIN)))
    button(check, "Add more photos").click().run()
    upload(check, ("b.jpg", jpeg_of(DARK)))
    assert list(table(check)["file"]) == ["a.jpg", "b.jpg"]


def test_show_me_where_colours_the_photo_for_the_chosen_point(check, jpeg_of):
    upload(check, ("mole.jpg", jpeg_of(DARK)))
    plain = picture(check)
    named(check.button_group, "Show me where").set_value("bad_light").run()
    assert_calm(check)
    assert picture(check) != plain
    assert "looked at most" in read(check)
    toggled = [e for e in check.session_state["rt_log"].events if e.event == "gradcam_toggled"]
    assert toggled[-1].properties["target"] == "bad_light"


def test_the_log_says_what_was_checked_but_never_its_name(check, jpeg_of):
    upload(check, ("private-name.jpg", jpeg_of(SKIN)))
    log = check.session_state["rt_log"].to_jsonl()
    assert '"upload_assessed"' in log
    assert '"prediction_shown"' in log
    assert "private-name" not in log


def test_an_error_in_the_card_is_a_sentence_and_the_page_goes_on(check, jpeg_of, fake_networks, monkeypatch):
    upload(check, ("mole.jpg", jpeg_of(DARK)))

    def broken(rgb, target):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(fake_networks[0], "explain", broken)
    named(check.button_group, "Show me where").set_value("bad_light").run()
    assert not check.exception
    assert "not your photo's fault" in check.error[0].value
    button(check, "Clear").click().run()
    assert_calm(check)
    assert check.file_uploader


def test_the_report_is_there_to_download(check, jpeg_of):
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    labels = [button.label for button in check.get("download_button")]
    assert "Download the report" in labels
    from core.ui import result_card

    tray = check.session_state["rt_visit"].kept["check-tray"]
    (item,) = tray.items.values()
    make = result_card._report_maker(item.photo, item.verdict, None, False)
    assert b"This photo works" in make()


def test_on_an_insecure_address_the_camera_tab_says_why_there_is_none(check, monkeypatch):
    monkeypatch.setattr("core.ui.checking.gives_camera", lambda address: False)
    check.segmented_control(key="check-way").set_value("camera").run()
    assert_calm(check)
    assert "https" in check.info[0].value
    assert not check.get("camera_input")


def test_another_class_shows_where_the_network_looked_for_it(check, jpeg_of):
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    chosen = named(check.selectbox, "Where did it look for")
    assert chosen.value == "acne"
    chosen.set_value("ulcer").run()
    assert_calm(check)
    toggled = [e for e in check.session_state["rt_log"].events if e.event == "gradcam_toggled"]
    assert [event.properties for event in toggled] == [{"network": "lesion", "target": "ulcer"}]


def test_a_small_spot_offers_a_crop_beside_the_prediction_that_stays(
    check, jpeg_of, fake_networks, monkeypatch
):
    places = np.zeros((7, 7), np.float32)
    places[3, 3] = 0.9
    monkeypatch.setattr(fake_networks[0], "places", lambda rgb: places, raising=False)
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    before = len(check.get("image"))
    named(check.toggle, "Crop to the spot").set_value(True).run()
    assert_calm(check)
    assert len(check.get("image")) == before + 2
    assert "looks most like **pimples**" in read(check)
    shown = [e for e in check.session_state["rt_log"].events if e.event == "prediction_shown"]
    assert [event.properties.get("cropped") for event in shown] == [None, True]


def test_no_other_look_before_there_is_a_prediction(check, jpeg_of):
    def panels():
        return {expander.label for expander in check.expander} - {"Your session and privacy"}

    upload(check, ("mole.jpg", jpeg_of(DARK)))
    assert panels() == set()
    button(check, "Use this photo anyway").click().run()
    assert panels() == set()
    button(check, "Show it all the same").click().run()
    assert panels() == {"Look again: brighter, or mirrored", "Why this and not that?"}


def test_the_strength_of_the_colours_changes_the_picture(check, jpeg_of):
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    before = check.get("image")[1].value
    named(check.slider, "Strength of the colours").set_value(100).run()
    assert check.get("image")[1].value != before


def test_the_language_can_change_while_a_result_is_read(check, jpeg_of):
    upload(check, ("mole.jpg", jpeg_of(SKIN)))
    check.toggle(key="check-all").set_value(True).run()
    check.query_params["lang"] = "de"
    check.run()
    assert_calm(check)
    assert "Dieses Foto passt" in read(check)
    check.query_params["lang"] = "ar"
    with speaking("de"):  # as the choices on the page are, which AppTest looks up by their words
        check.run()
    assert_calm(check)
    assert "Dieses Foto" not in read(check)
    assert read(check).count('class="rt-value"') == 10, "what was opened stays open"
