"""The Practise page by way of the server, its streamer replaced: a test shows frames and turns the clock."""

import numpy as np
import pytest
import streamlit as st

from core.guidance.preset import load_preset
from core.live import stream as stream_module
from core.live import trouble
from core.live.changes import Changes
from core.live.ice import IceError
from core.live.stream import StreamState
from core.live.stream_session import Frame, StreamSession
from core.live.worker import Worker
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import PassRule
from core.study.events import EventLog
from core.ui import banner as banner_module
from tests.pages.visitor import opened, read

SPOT, DARK, PALE, BLUE = (190, 140, 120), (30, 20, 18), (245, 225, 215), (90, 110, 180)
OFF = StreamState(playing=False, connecting=False)
ON = StreamState(playing=True, connecting=False)


class Stage:
    """One visitor: the page, what its camera shows, what is said, and what is logged."""

    def __init__(self, assessor):
        self.now = 500.0
        self.stream = OFF
        self.problem = None
        self.wanted = []
        self.changed = False  # the streamer reports a start or a stop in the next run
        self.report = None  # the browser reports this in the next run
        self.said = []
        self.rng = np.random.default_rng(0)
        self.log = EventLog(lambda: self.now)
        rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))
        self.stream_session = StreamSession(assessor, rule, load_preset(), lambda: self.now, self.log)
        self.at = opened()
        self.at.session_state["practise_worker"] = Worker(self.stream_session)
        self.at.session_state["rt_log"] = self.log

    def camera_stream(self, key, worker, *, wanted=None, on_change=None):
        assert worker.stream_session is self.stream_session
        self.wanted.append(wanted)
        if self.changed:
            self.changed = False
            on_change(self.stream)
        if self.problem:
            raise self.problem
        return self.stream

    def banner(self, hint, tone, *, key, camera, on_camera, feedback, signed, changes):
        self.said.append((hint, tone))
        self.signed, self.listens_at = signed, changes
        if self.report:
            report, self.report = self.report, None
            on_camera(report)

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def start(self):
        self.stream = ON
        return self.run()

    def show(self, colour, seconds):
        """Let the camera see one colour for a while, then let the page refresh."""
        for _turn in range(round(seconds / 0.1)):
            self.now += 0.1
            noise = self.rng.integers(-3, 4, (96, 128, 3))
            self.stream_session.process_frame(
                Frame(np.clip(noise + colour, 0, 255).astype(np.uint8), self.now)
            )
        return self.run()

    def press(self, key):
        self.button(key).click()
        return self.run()

    def button(self, key):
        return next((button for button in self.at.button if button.key == key), None)

    @property
    def key(self):
        return self.said[-1][0].key

    @property
    def words(self):
        return read(self.at)

    @property
    def card(self):
        return any("This photo works" in element.body for element in self.at.get("html"))

    def names(self):
        return [event.event for event in self.log.events]


@pytest.fixture
def stage(fake_networks, monkeypatch):
    made = Stage(fake_networks[0])
    monkeypatch.setattr(stream_module, "camera_stream", made.camera_stream)
    monkeypatch.setattr(banner_module, "banner", made.banner)
    monkeypatch.setenv("RETAKE_LIVE", "server")
    return made


def way_on(at):
    """Whether the page itself, not only its header, leads to the Check page."""
    return [link.label for link in at.get("page_link")].count("Use a photo that you have") == 1


def test_the_page_starts_by_asking_for_the_camera(stage):
    stage.run()
    assert stage.key == "off"
    assert stage.at.title[0].value == "Take a photo that works"
    assert stage.button("practise-shutter") is None


def test_that_the_guide_was_opened_stands_in_the_log(stage):
    at = stage.run().at
    (guide,) = [one for one in at.expander if one.label == "How to take a photo that helps"]
    for is_open in (True, False):
        states = at._tree.get_widget_states()
        states.widgets.add(id=guide.proto.id, bool_value=is_open)
        at._run(states)
        assert not at.exception
    events = [event for event in stage.log.events if event.event == "help_opened"]
    assert [(event.page, dict(event.properties)) for event in events] == [("practise", {"help": "guide"})]


def test_a_connecting_camera_is_said_to_start(stage):
    stage.stream = StreamState(playing=False, connecting=True)
    assert stage.run().key == "connecting"


@pytest.mark.parametrize(
    ("colour", "key", "tone"),
    [(DARK, "too_dark", "ask"), (BLUE, "no_skin", "ask"), (PALE, "healthy_skin", "ask")],
)
def test_one_hint_at_a_time_and_a_locked_shutter(stage, colour, key, tone):
    stage.start().show(colour, 3)
    hint, said_tone = stage.said[-1]
    prompt = load_preset().prompt(key)
    assert (hint.key, hint.text, hint.spoken, said_tone) == (key, prompt.text, prompt.spoken, tone)
    assert stage.button("practise-shutter").disabled


def test_a_good_picture_unlocks_the_shutter(stage):
    stage.start().show(DARK, 2)
    assert stage.show(SPOT, 0.5).button("practise-shutter").disabled
    assert not stage.show(SPOT, 2.5).button("practise-shutter").disabled
    assert stage.said[-1][1] == "good"


def test_the_photo_is_taken_and_its_result_is_shown(stage, fake_networks):
    stage.start().show(SPOT, 3).press("practise-shutter")
    assert stage.card
    assert fake_networks[1].asked == 1
    assert stage.wanted[-1] is False, "the camera is off while the result is read"
    assert stage.button("practise-shutter") is None
    assert stage.names().count("photo_accepted") == 1
    assert "prediction_shown" in stage.names()


def test_the_photo_takes_itself_where_the_preset_says_so(stage, monkeypatch):
    monkeypatch.setenv("RETAKE_PRESET", "coach")
    before = stage.stream_session
    stage.stream_session = StreamSession(
        before.assessor, before.rule, load_preset("coach"), lambda: stage.now, stage.log
    )
    stage.at.session_state["practise_worker"] = Worker(stage.stream_session)
    stage.start().show(SPOT, 2)
    assert (stage.key, stage.said[-1][1]) == ("counting", "good")
    assert not stage.button("practise-shutter").disabled, "the button is beside it"
    assert not stage.card
    stage.show(SPOT, 2.5)
    assert stage.card
    tried = [event.properties for event in stage.log.events if event.event == "capture_attempted"]
    assert tried == [{"auto": True}]


def test_the_shutter_is_locked_on_the_server_too(stage):
    stage.start().show(SPOT, 3)
    stage.now += 2  # the page still shows an open shutter, but no frame came for two seconds
    stage.press("practise-shutter")
    assert not stage.card
    assert stage.log.events[-1].event == "capture_blocked"
    assert "photo_captured" not in stage.names()


def test_a_server_with_no_place_says_so_lets_the_camera_go_and_can_be_asked_again(stage):
    worker = stage.at.session_state["practise_worker"]
    stage.start()
    worker.refused = True
    stage.run()
    assert stage.wanted[-1] is False, "its video would cost those who are served"
    assert stage.key == "full"
    assert "The coach is busy" in stage.words
    assert way_on(stage.at)
    stage.stream, stage.changed = OFF, True
    assert stage.run().run().key == "full", "until it is tried again"
    assert stage.wanted[-1] is None, "Start belongs to the person"
    stage.stream, stage.changed = StreamState(playing=False, connecting=True), True
    assert stage.run().key == "connecting"
    failed = [event.properties for event in stage.log.events if event.event == "camera_failed"]
    assert failed == [{"reason": "full"}]


def test_a_refused_photo_shows_its_advice_and_the_camera_goes_on(stage, fake_networks, monkeypatch):
    stage.start().show(SPOT, 3)
    assess = fake_networks[0].assess
    monkeypatch.setattr(
        fake_networks[0], "assess", lambda rgb, rule, **sizes: assess(rgb // 8, rule, **sizes)
    )
    stage.press("practise-shutter")
    assert not stage.card
    assert load_preset().prompt("bad_light").text in stage.words
    assert stage.wanted[-1] is None
    assert stage.stream_session.status().refused == 1
    assert stage.button("practise-anyway") is None


def test_after_three_refused_tries_the_photo_may_be_used_and_is_marked(stage, fake_networks, monkeypatch):
    assess = fake_networks[0].assess
    stage.start()
    for _turn in range(3):
        assert stage.button("practise-anyway") is None
        monkeypatch.setattr(fake_networks[0], "assess", assess)
        stage.show(SPOT, 3)
        monkeypatch.setattr(
            fake_networks[0], "assess", lambda rgb, rule, **sizes: assess(rgb // 8, rule, **sizes)
        )
        stage.press("practise-shutter")
    assert stage.button("practise-anyway").label == "Use this photo anyway"
    stage.press("practise-anyway")
    assert stage.names()[-1] != "prediction_shown"
    assert "gate_overridden" in stage.names()
    assert fake_networks[1].asked == 0, "predictions stand behind a warning and one click"
    assert any("did not pass" in warning.value for warning in stage.at.warning)
    stage.press("practise-result-despite-button")
    assert fake_networks[1].asked == 1


def test_after_thirty_seconds_the_picture_may_be_used_anyway(stage):
    stage.start().show(DARK, 29)
    assert stage.button("practise-anyway") is None
    assert stage.show(DARK, 2).button("practise-anyway")
    assert stage.show(SPOT, 3).key == "ready"
    assert stage.button("practise-anyway"), "once offered it stays, also beside an open shutter"
    stage.show(DARK, 3).press("practise-anyway")
    assert "gate_overridden" in stage.names()


def test_retaking_returns_to_the_camera_and_counts_anew(stage):
    stage.start().show(SPOT, 3).press("practise-shutter")
    stage.press("practise-result-retake")
    assert not stage.card
    assert stage.wanted[-1] is True, "the camera comes back by itself"
    assert stage.button("practise-shutter") is not None
    assert "photo_retaken" in stage.names()
    assert stage.show(SPOT, 3).log.events[-1].attempt == 2
    stage.press("practise-shutter")
    assert stage.card


def test_starting_or_stopping_hands_the_camera_back_to_the_person(stage):
    stage.start().show(SPOT, 3).press("practise-shutter")
    stage.press("practise-result-retake")
    stage.changed = True
    assert stage.run().run().wanted[-1] is None


def test_a_stop_that_comes_late_does_not_keep_the_camera_off(stage):
    stage.start().show(SPOT, 3).press("practise-shutter")
    stage.press("practise-result-retake")
    stage.stream, stage.changed = OFF, True  # the stop for the photo, when the next one is asked for already
    assert stage.run().run().wanted[-1] is True
    stage.stream, stage.changed = StreamState(playing=False, connecting=True), True
    assert stage.run().run().wanted[-1] is None


def test_a_start_that_comes_late_does_not_keep_the_camera_on(stage):
    stage.start().show(SPOT, 3).press("practise-shutter")
    stage.changed = True
    assert stage.run().run().wanted[-1] is False
    stage.stream, stage.changed = OFF, True
    assert stage.run().run().wanted[-1] is None


def test_a_camera_that_refuses_is_told_once_and_not_asked_again(stage):
    stage.start().show(SPOT, 3).press("practise-shutter").press("practise-result-retake")
    assert stage.wanted[-1] is True
    stage.stream, stage.report = OFF, "denied"
    stage.run().run()
    assert stage.key == "denied"
    assert stage.wanted[-1] is None
    failures = [event.properties for event in stage.log.events if event.event == "camera_failed"]
    assert failures == [{"reason": "denied"}]


def test_who_is_just_practising_needs_no_spot(stage, fake_networks):
    stage.start().show(PALE, 3)
    assert stage.key == "healthy_skin"
    stage.at.toggle(key="practise-no-spot").set_value(True)
    stage.run().show(PALE, 4)
    assert stage.key == "ready"
    stage.press("practise-shutter")
    assert "photo_accepted" in stage.names()
    assert fake_networks[1].asked == 0, "there is nothing to predict on clear skin"


def test_the_panel_shows_explanations_and_classes(stage):
    assert "Nothing yet" in stage.start().at.expander[0].caption[0].value
    panel = stage.show(SPOT, 2).at.expander[0]
    assert panel.label == "What the camera sees"
    listed = " ".join(element.body for element in panel.get("html"))
    for word in ("Framing", "Light", "Sharpness", "Detail", "Distance"):
        assert word in listed
    assert len(panel.get("progress")) == 4


def test_the_browser_is_told_where_to_wait_while_the_camera_is_on(stage):
    assert stage.run().listens_at == ""
    token = stage.at.session_state["practise_worker"].changes.token
    assert stage.start().listens_at == f"/live/changes/{token}"


def test_a_page_that_is_told_of_changes_asks_more_seldom(stage, monkeypatch):
    asks, fragment = [], st.fragment

    def noted(function, run_every=None):
        asks.append(run_every)
        return fragment(function, run_every=run_every)

    monkeypatch.setattr(st, "fragment", noted)
    stage.run().start()
    monkeypatch.setattr(Changes, "listened", True)
    stage.run()
    off, asking, told = asks
    assert off is None
    assert 0 < asking < told


def test_measurements_are_told_while_somebody_looks_at_them(stage):
    changes = stage.start().at.session_state["practise_worker"].changes
    assert changes.every_s is None
    stage.at.session_state["practise-details"] = True
    stage.run()
    assert changes.every_s > 0


@pytest.mark.parametrize("report", ["insecure", "unsupported", "denied", "missing", "busy"])
def test_each_reason_for_no_camera_has_its_sentence_and_a_way_on(stage, report):
    stage.report = report
    stage.run().run()
    assert stage.key == report
    assert stage.said[-1][1] == "trouble"
    assert stage.said[-1][0].spoken == trouble.explain(report)
    assert trouble.explain(report) in stage.words
    assert way_on(stage.at)


def test_a_failed_connection_has_its_sentence_and_a_way_on(stage):
    stage.stream = StreamState(playing=False, connecting=False, failed=True)
    stage.run().run()
    assert trouble.explain("connection") in stage.words
    assert way_on(stage.at)
    failures = [event for event in stage.log.events if event.event == "camera_failed"]
    assert [event.properties for event in failures] == [{"reason": "connection"}], "logged once"


def test_a_stream_that_was_cut_off_has_its_sentence_and_one_that_was_stopped_has_none(stage):
    stage.start().show(SPOT, 1)
    stage.stream, stage.changed = OFF, True
    stage.run().run()
    assert stage.key == "off", "pictures came until Stop was pressed"

    stage.start().show(SPOT, 1)
    stage.now += 6
    stage.stream, stage.changed = OFF, True
    stage.run().run()
    assert trouble.explain("interrupted") in stage.words
    assert way_on(stage.at)
    failures = [event.properties for event in stage.log.events if event.event == "camera_failed"]
    assert failures.count({"reason": "interrupted"}) == 1, "logged once"

    stage.start().show(SPOT, 1)
    stage.now += 7
    stage.show(SPOT, 1)
    stage.stream, stage.changed = OFF, True
    stage.run().run()
    assert trouble.explain("interrupted") in stage.words, "a little came before the browser gave it up"

    stage.stream, stage.changed = ON, True
    stage.run().show(SPOT, 1)
    assert trouble.explain("interrupted") not in stage.words


def test_a_black_picture_has_its_sentence_and_a_way_on(stage):
    stage.start().show(SPOT, 1)
    for _turn in range(40):
        stage.now += 0.1
        stage.stream_session.process_frame(Frame(np.zeros((96, 128, 3), np.uint8), stage.now))
    stage.run()
    assert stage.key == "camera_black"
    assert stage.said[-1][1] == "trouble"
    assert load_preset().prompt("camera_black").spoken in stage.words
    assert way_on(stage.at)
    assert stage.button("practise-shutter").disabled


def test_wrong_connection_settings_are_one_sentence(stage):
    stage.problem = IceError("RETAKE_ICE_SERVERS is not valid JSON.")
    stage.run()
    assert "RETAKE_ICE_SERVERS is not valid JSON." in stage.words


def test_the_real_banner_mounts(fake_networks, monkeypatch):
    monkeypatch.setenv("RETAKE_LIVE", "server")
    monkeypatch.setattr(stream_module, "camera_stream", lambda *_args, **_options: OFF)
    at = opened().run()
    assert not at.exception
    assert {part.proto.component_name for part in at.get("bidi_component")} >= {"retake_banner"}


def test_a_preset_places_the_prompt_and_leaves_out_sign_and_drawing(stage, monkeypatch, tmp_path):
    def styles():
        return [html.proto.body for html in stage.at.get("html") if "practise-hint" in html.proto.body]

    stage.start().show(DARK, 1)
    assert stage.signed
    assert len(styles()) == 1
    path = tmp_path / "bare.yaml"
    path.write_text(
        "overlay: {banner: bottom, icons: false, help_drawing: false}\ntiming: {help_after_s: 1}\n", "utf-8"
    )
    monkeypatch.setenv("RETAKE_PRESET", str(path))
    stage.stream_session.preset = load_preset(path)
    stage.stream_session.end_stream()  # the next stream is coached by it
    stage.show(DARK, 5)
    assert not stage.signed
    assert len(styles()) == 2
    (panel,) = (html.proto.body for html in stage.at.get("html") if 'class="rt-help"' in html.proto.body)
    assert "<img" not in panel
    assert load_preset().prompt("too_dark").spoken in panel


def test_the_camera_is_drawn_on_every_run(stage):
    stage.start().show(SPOT, 3).press("practise-shutter")
    drawn = len(stage.wanted)
    stage.run()
    assert len(stage.wanted) == drawn + 1, "a streamer that a run leaves out loses its stream"
