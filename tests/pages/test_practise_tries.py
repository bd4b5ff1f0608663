"""Tries, help and series of photos on the Practise page, by way of the server and from the device."""

import io
from dataclasses import replace

import pytest
from PIL import Image
from test_practise import BLUE, DARK, PALE, SPOT, stage  # noqa: F401
from test_practise_device import Stage as DeviceStage
from test_practise_device import a_photo

from core.browser import component
from core.live import stream_session as stream_session_module
from core.ui import engines

PICTURES = {"context": PALE, "regional": SPOT, "close_up": SPOT}


@pytest.fixture
def device(fake_networks, monkeypatch):
    made = DeviceStage()
    monkeypatch.delenv("RETAKE_LIVE", raising=False)
    monkeypatch.setattr(engines, "for_browsers", lambda: "app/static/retake/here/")
    monkeypatch.setattr(component, "on_device_camera", made.on_device_camera)
    return made


def jpeg(colour):
    out = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(out, "JPEG")
    return out.getvalue()


def pick_three(stage):  # noqa: F811
    radio = next(radio for radio in stage.at.radio if radio.key == "practise-series")
    radio.set_value(True)
    return stage.run()


def asked(stage):  # noqa: F811
    """What the page asks for in a series: the words in its band, or nothing."""
    bands = [element.body for element in stage.at.get("html") if 'class="rt-shot"' in element.body]
    return bands[0] if bands else None


def refuse(stage):  # noqa: F811
    """Press the shutter when it is open and let the still turn out dark."""
    stage.show(SPOT, 3)
    best = stage.stream_session.best_frame
    dark = replace(best(), rgb=best().rgb // 8)
    stage.stream_session.best_frame = lambda: dark
    stage.press("practise-shutter")
    stage.stream_session.best_frame = best
    return stage.run()


def test_every_try_that_was_refused_stays_with_what_was_wrong(stage):  # noqa: F811
    stage.start()
    assert 'class="rt-tries"' not in stage.words
    refuse(stage)
    refuse(stage)
    assert stage.words.count("1. Find") == stage.words.count("2. Find") == 1
    stage.show(SPOT, 3)
    stage.press("practise-shutter")
    assert stage.card
    assert "Before and after" in stage.words
    assert "Your first try: Find" in stage.words
    stage.press("practise-result-retake")
    stage.show(SPOT, 3)
    assert 'class="rt-tries"' not in stage.words
    stage.press("practise-shutter")
    assert stage.card
    assert "Before and after" not in stage.words, "the photo came out at the first try"


def test_help_with_a_drawing_is_there_while_the_session_offers_it(stage, monkeypatch):  # noqa: F811
    stage.start().show(DARK, 3)
    assert "This may help" not in stage.words
    status = stage.stream_session.status

    class Helped:
        help = "bad_light"

        def __getattr__(self, name):
            return getattr(status(), name)

    monkeypatch.setattr(stream_session_module.StreamSession, "status", lambda _self: Helped())
    stage.run()
    assert "This may help" in stage.words
    assert "With a cross: half of it dark" in stage.words


def test_three_photos_on_the_server_are_asked_for_one_by_one(stage):  # noqa: F811
    stage.run()
    assert asked(stage) is None
    pick_three(stage)
    assert "Photo 1 of 3" in asked(stage)
    stage.start().show(PALE, 3)
    stage.press("practise-shutter")  # healthy skin from far: this shot lets it pass
    assert "Photo 2 of 3" in asked(stage)
    stage.show(PALE, 3)
    assert stage.key == "healthy_skin", "and the next one does not"
    stage.show(SPOT, 4)
    stage.press("practise-shutter")
    assert "Photo 3 of 3" in asked(stage)
    stage.show(SPOT, 4)
    stage.press("practise-shutter")
    assert asked(stage) is None
    assert stage.card
    assert "Your three photos" in [header.value for header in stage.at.header]
    assert stage.words.count('class="rt-series"') == 3

    stage.press("practise-again-regional")
    assert "Photo 2 of 3" in asked(stage)
    stage.show(SPOT, 4)
    stage.press("practise-shutter")
    assert stage.words.count('class="rt-series"') == 3
    stage.press("practise-result-retake")
    assert "Photo 1 of 3" in asked(stage)


def test_a_link_may_ask_for_three_photos(device):
    device.at.query_params["photos"] = "3"
    device.run()
    assert device.last["shot"] == "context"
    assert next(radio for radio in device.at.radio if radio.key == "practise-series").value is True


def test_three_photos_from_the_device_are_each_judged_by_their_own_rule(device):
    device.run()
    assert device.last["shot"] is None
    spot = device.last["rules"]["spot"]["thresholds"]["too_far_away"]
    pick_three(device)
    assert device.last["shot"] == "context"
    assert device.last["rules"]["spot"]["thresholds"]["too_far_away"] == 1 != spot
    again = device.last["again"]
    device.send(photo=a_photo(jpeg(PALE), shot="context"))
    assert device.last["shot"] == "regional"
    assert device.last["again"] > again, "the camera comes back by itself"
    assert "Photo 2 of 3" in asked(device)
    device.send(photo=a_photo(jpeg(SPOT), shot="regional"))
    device.send(photo=a_photo(jpeg(BLUE), shot="close_up"))  # no skin: the server does not let it pass
    assert device.last["scene"] == "result"
    shown = [element.body for element in device.at.get("html") if 'class="rt-series"' in element.body]
    assert ["A good picture of skin" in shown[0], "This photo works" in shown[1]] == [True, True]
    assert "Not quite there yet" in shown[2]
    notes = [event.properties for event in device.at.session_state["rt_log"].events if event.properties]
    assert [note["shot"] for note in notes if note.get("note") == "series_photo"] == list(PICTURES)

    device.press("practise-result-override")
    assert "did not pass the check" in " ".join(warning.value for warning in device.at.warning)
    device.press("practise-again-close_up")
    assert (device.last["shot"], device.last["scene"]) == ("close_up", "camera")


def test_a_photo_alone_is_as_ever_and_a_forged_shot_is_not_taken(device):
    device.run()
    device.send(photo=a_photo(jpeg(SPOT), shot="context"))
    assert device.last["scene"] == "result"
    assert 'class="rt-series"' not in device.words
    device.press("practise-result-retake")
    device.send(photo=a_photo(jpeg(SPOT), shot="portrait"))
    assert device.last["scene"] == "camera"
    assert device.last["answers"][-1].sentence
