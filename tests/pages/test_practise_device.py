"""The Practise page with its on-device camera replaced: a test sends what a browser would send."""

import base64
from uuid import uuid4

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.runtime.state import SafeSessionState

from core.browser import component
from core.live import stream as stream_module
from core.live import trouble
from core.live.stream import StreamState
from core.text import camera
from core.ui import engines, practise_device
from tests.pages.visitor import opened, read

SPOT, DARK = (190, 140, 120), (30, 20, 18)


class Stage:
    """One visitor whose browser checks its own pictures."""

    def __init__(self):
        self.message = self.report = None
        self.seen = []
        self.at = opened()

    def on_device_camera(self, **given):
        self.seen.append(given)
        said = component.ComponentState(self.message, self.report or given["report"])
        self.message = self.report = None
        return said

    def run(self):
        self.seen.clear()
        self.at.run()
        assert not self.at.exception
        return self

    def send(self, *events, photo=None):
        """Let the browser send something; the page runs as it does when something came."""
        self.message = {"id": str(uuid4()), "events": list(events), "photo": photo}
        sent = self.message
        self.run().run()
        return sent

    def tell(self, report):
        self.report = report
        return self.run().run()

    def press(self, key):
        next(button for button in self.at.button if button.key == key).click()
        return self.run()

    @property
    def last(self):
        return self.seen[-1]

    @property
    def ways(self):
        return [radio for radio in self.at.radio if radio.key == "practise-way"]

    @property
    def ticks(self):
        return [tick for tick in self.at.checkbox if tick.key == "practise-keep-here"]

    @property
    def words(self):
        return read(self.at)

    def events(self):
        return [event.event for event in self.at.session_state["rt_log"].events]


def a_photo(data, **more):
    return {
        "id": str(uuid4()),
        "jpeg": base64.b64encode(data).decode(),
        "attempt": 1,
        "overridden": False,
        "practising": False,
        **more,
    }


def an_event(name):
    return {"id": str(uuid4()), "name": name, "t_ms": 5.0, "ago_ms": 1.0, "attempt": 1, "properties": {}}


@pytest.fixture
def stage(fake_networks, monkeypatch):
    made = Stage()
    monkeypatch.delenv("RETAKE_LIVE", raising=False)
    monkeypatch.setattr(engines, "for_browsers", lambda: "app/static/retake/here/")
    monkeypatch.setattr(component, "on_device_camera", made.on_device_camera)
    off = StreamState(playing=False, connecting=False)
    monkeypatch.setattr(stream_module, "camera_stream", lambda *_args, **_more: off)
    return made


def on_the_server(stage):
    return not stage.seen


def test_the_device_checks_the_picture_where_it_can(stage):
    stage.run()
    assert stage.last["base"] == "/app/static/retake/here/"
    assert stage.last["scene"] == "camera"
    assert stage.last["preset"]["prompts"]["blurry"]["text"] == "Hold still"
    assert [rule["healthy_skin_passes"] for rule in stage.last["rules"].values()] == [False, True]
    assert stage.ways[0].value == "device"


def test_the_person_may_choose_the_server_and_come_back(stage):
    stage.run().ways[0].set_value("server")
    assert on_the_server(stage.run())
    assert on_the_server(stage.run()), "a choice holds"
    stage.ways[0].set_value("device")
    assert not on_the_server(stage.run())


def test_what_is_not_published_is_said_and_the_server_does_it(stage, monkeypatch):
    monkeypatch.setattr(engines, "for_browsers", lambda: None)
    assert on_the_server(stage.run())
    assert "is not installed here" in stage.words
    assert not stage.ways


def test_checks_that_only_the_server_has_are_made_there(stage, monkeypatch):
    monkeypatch.setenv("RETAKE_ASSESSOR", "classical")
    assert on_the_server(stage.run())
    assert "run nowhere else" in stage.words


def test_a_browser_that_cannot_is_told_why_the_server_does_it(stage):
    assert on_the_server(stage.run().tell("unfit"))
    assert "this browser cannot do it by itself" in stage.words


@pytest.mark.parametrize(("way", "device"), [("server", False), ("device", True)])
def test_a_study_fixes_the_way_and_offers_no_other(stage, monkeypatch, way, device):
    monkeypatch.setenv("RETAKE_LIVE", way)
    stage.at.query_params["live"] = "device" if way == "server" else "server"
    stage.run()
    assert on_the_server(stage) is not device
    assert not stage.ways


def test_the_address_may_ask_for_a_way(stage):
    stage.at.query_params["live"] = "server"
    assert on_the_server(stage.run())
    assert stage.ways[0].value == "server"


def test_a_setting_that_names_no_way_is_one_sentence(stage, monkeypatch):
    monkeypatch.setenv("RETAKE_LIVE", "moon")
    stage.run()
    assert "RETAKE_LIVE to device or server" in stage.words


@pytest.mark.parametrize("reason", [name for name in trouble.ON_DEVICE if name != "unfit"])
def test_without_a_camera_there_is_a_way_on(stage, reason):
    stage.run().tell(reason)
    assert [link.label for link in stage.at.get("page_link")].count("Use a photo that you have") == 1
    assert not on_the_server(stage)
    stage.tell("ok")
    assert "Use a photo that you have" not in [link.label for link in stage.at.get("page_link")]


def test_events_are_noted_and_answered(stage):
    stage.run()
    sent = stage.send(an_event("camera_started"), an_event("gate_opened"))
    assert stage.events()[-2:] == ["camera_started", "gate_opened"]
    assert [answer.message for answer in stage.last["answers"]] == [sent["id"]]
    assert stage.last["scene"] == "camera"


def test_a_photo_gets_the_same_card_as_any_other(stage, fake_networks, jpeg_of):
    stage.run()
    sent = stage.send(an_event("photo_accepted"), photo=a_photo(jpeg_of(SPOT)))
    assert "This photo works" in stage.words
    assert fake_networks[1].asked == 1
    assert "prediction_shown" in stage.events()
    assert stage.last["scene"] == "result", (
        "the camera stays where it is, unseen: it owns what waits to be sent"
    )
    assert stage.last["answers"][-1].message == sent["id"]
    assert not stage.ways


def test_a_photo_that_the_server_finds_poor_says_so_and_may_be_used_all_the_same(
    stage, fake_networks, jpeg_of
):
    stage.run().send(photo=a_photo(jpeg_of(DARK)))
    assert "Not quite there yet" in stage.words
    stage.press("practise-result-override").run()
    assert "gate_overridden" in stage.events()
    assert fake_networks[1].asked == 0, "predictions stand behind a warning and one click"


def test_another_photo_brings_the_camera_back(stage, jpeg_of):
    again = stage.run().last["again"]
    stage.send(photo=a_photo(jpeg_of(SPOT)))
    stage.press("practise-result-retake").run()
    assert stage.last["scene"] == "camera"
    assert stage.last["again"] == again + 1
    stage.send(photo=a_photo(jpeg_of(SPOT)))
    assert stage.last["scene"] == "result"


@pytest.fixture
def keeping(tmp_path, monkeypatch):
    """A preset by which everything stays on the device."""
    path = tmp_path / "private.yaml"
    path.write_text("photo: {keep_on_device: true}", encoding="utf-8")
    monkeypatch.setenv("RETAKE_PRESET", str(path))


def test_everything_stays_on_the_device_once_that_is_ticked(stage):
    stage.run()
    assert stage.last["keep"] is None
    assert stage.ticks[0].value is False
    stage.ticks[0].check()
    stage.run().run()
    assert stage.last["keep"]["stays"] == "The photo stays on this device."
    assert len(stage.last["keep"]["classes"]) == 10
    assert "practise-series" not in [radio.key for radio in stage.at.radio], "a series goes to the server"
    stage.ticks[0].uncheck()
    stage.run().run()
    assert stage.last["keep"] is None


def test_the_tick_is_there_for_the_device_way_alone(stage):
    stage.run().ways[0].set_value("server")
    assert not stage.run().ticks


def test_a_series_is_not_for_keeping_here(stage):
    stage.run()
    next(radio for radio in stage.at.radio if radio.key == "practise-series").set_value(True)
    assert not stage.run().ticks


def test_a_preset_may_keep_everything_here_and_the_person_choose_otherwise(stage, keeping):
    stage.run()
    assert stage.last["keep"] is not None
    assert stage.ticks[0].value is True
    stage.ticks[0].uncheck()
    stage.run().run()
    assert stage.last["keep"] is None


def test_where_a_study_fixes_the_way_its_preset_alone_decides(stage, keeping, monkeypatch):
    monkeypatch.setenv("RETAKE_LIVE", "device")
    stage.run()
    assert stage.last["keep"] is not None
    assert not stage.ticks


def test_a_browser_that_cannot_does_not_send_what_was_to_stay_before_the_person_says_so(stage, keeping):
    stage.run().tell("unfit")
    assert on_the_server(stage)
    assert "Your photos were to stay on this device" in stage.words
    assert not stage.ways
    stage.press("practise-server-all-the-same").run()
    assert "were to stay on this device" not in stage.words
    assert "this browser cannot do it by itself" in stage.words


def test_what_was_predicted_here_is_noted_without_a_picture(stage):
    stage.run()
    said = {"label": "wheal", "overridden": False, "reason": None}
    stage.send(an_event("prediction_shown") | {"properties": said})
    row = stage.at.session_state["rt_log"].events[-1]
    assert row.event == "prediction_shown"
    assert {name: row.properties[name] for name in said} == said
    assert stage.last["scene"] == "camera"


def test_a_broken_photo_is_answered_with_its_sentence(stage):
    stage.run()
    sent = stage.send(photo=a_photo(b"no picture at all"))
    assert stage.last["scene"] == "camera"
    assert stage.last["answers"][-1].message == sent["id"]
    assert "did not arrive as a picture" in stage.last["answers"][-1].sentence


def test_the_real_component_mounts_with_words_for_everything(fake_networks, monkeypatch):
    monkeypatch.delenv("RETAKE_LIVE", raising=False)
    monkeypatch.setattr(engines, "for_browsers", lambda: "app/static/retake/here/")
    at = opened().run()
    assert not at.exception
    assert "retake_on_device" in {part.proto.component_name for part in at.get("bidi_component")}
    given = camera.words()
    assert set(given["trouble"]) == set(trouble.ON_DEVICE)
    for name, words in given.items():
        assert words, name
    for text, _spoken in (given[key] for key in ("off", "starting", "sending", "waiting")):
        assert 2 <= len(text.split()) <= 7


class Interruption:
    """Ends a run for a newer one at one call of Streamlit, as a second request of the page does."""

    def __init__(self, monkeypatch):
        self.left = None
        self.happened = False
        self.armed = False
        handle_message = practise_device._handle_message

        def watched(*given):
            self.armed = True
            try:
                handle_message(*given)
            finally:
                self.armed = False

        monkeypatch.setattr(practise_device, "_handle_message", watched)
        for name in ("__getitem__", "__setitem__", "__delitem__", "__contains__"):
            monkeypatch.setattr(SafeSessionState, name, self._before(getattr(SafeSessionState, name)))

    def _before(self, call):
        def called(*given):
            if self.armed and self.left is not None:
                self.left -= 1
                if self.left < 0:
                    self.left, self.happened = None, True
                    raise RerunException(RerunData())
            return call(*given)

        return called

    def at(self, call):
        self.left, self.happened = call, False


def test_a_run_that_is_ended_for_a_newer_one_loses_no_photo(stage, jpeg_of, monkeypatch):
    """A message is answered only once what it held is kept; the browser drops what was answered."""
    interruption = Interruption(monkeypatch)
    stage.run()
    calls = 0
    while True:
        photo = a_photo(jpeg_of(SPOT))
        interruption.at(calls)
        sent = stage.send(photo=photo)
        while sent["id"] not in [answer.message for answer in stage.last["answers"]]:
            sent = stage.send(photo=photo)
        assert stage.last["scene"] == "result", f"lost where call {calls} ended the run"
        if not interruption.happened:
            break
        calls += 1
        stage.press("practise-result-retake")
        stage.run()
    assert calls >= 3, "Streamlit was asked for something while the photo was taken in"


def test_controls_that_only_come_back_to_the_page_change_nothing(stage, jpeg_of, all_said_to_change):
    stage.run()
    next(radio for radio in stage.at.radio if radio.key == "practise-series").set_value(True)
    stage.run()
    stage.send(photo=a_photo(jpeg_of(SPOT), shot="context"))
    assert stage.last["shot"] == "regional"
    before = stage.events()
    all_said_to_change()
    stage.run().run()
    assert stage.last["shot"] == "regional", "the first photo is kept"
    assert stage.ways[0].value == "device"
    assert "inference_mode" not in stage.at.session_state
    assert stage.events() == before
