"""Pages that are loaded again: what a tab's token brings back, to whom, and until when."""

from types import SimpleNamespace

import pytest

from core.ui import keeper, session, steps
from tests.pages.test_practise_device import DARK, SPOT, Stage, a_photo, an_event, stage

__all__ = ["stage"]  # a fixture


class Tab:
    """One tab of a browser, whose storage and address outlive the page: keeper.js and steps.js in Python."""

    now: "Tab"

    def __init__(self):
        self.storage, self.held, self.step, self.times = None, False, "", 0
        self.load()

    def load(self):
        self.kept = self.went = None
        self.page = Stage()

    def keeper(self, *, data, **_more):
        if self.storage and self.storage not in (data["token"], data["met"]):
            self.kept = {"token": self.storage, "held": self.held}
        else:
            self.storage, self.held = data["token"], data["alone"]
        return SimpleNamespace(kept=self.kept)

    def steps(self, *, data, **_more):
        if data["times"] == self.times:
            self.step = data["step"]
        return SimpleNamespace(went=self.went)

    def go(self, step):
        self.step, self.times = step, self.times + 1
        self.went = {"times": self.times, "step": step}
        return self.run()

    def run(self):
        Tab.now = self
        self.page.run().run()
        return self

    def reload(self):
        self.load()
        self.times = 0
        return self.run()

    def send(self, *events, photo=None):
        Tab.now = self
        return self.page.send(*events, photo=photo)

    def press(self, key):
        Tab.now = self
        self.page.press(key)
        return self.run()

    @property
    def shown(self):
        return self.page.last["scene"], self.page.last["shot"], self.step

    @property
    def log(self):
        return self.page.at.session_state["rt_log"]


@pytest.fixture
def tab(stage, monkeypatch):
    monkeypatch.setattr(keeper, "_component", lambda **given: Tab.now.keeper(**given))
    monkeypatch.setattr(steps, "_component", lambda **given: Tab.now.steps(**given))
    monkeypatch.setattr(
        "core.browser.component.on_device_camera",
        lambda **given: Tab.now.page.on_device_camera(**given),
    )
    return Tab().run()


def take_three(tab):
    Tab.now = tab
    next(radio for radio in tab.page.at.radio if radio.key == "practise-series").set_value(True)
    tab.run()


def test_a_result_is_there_when_the_page_is_loaded_again(tab, jpeg_of):
    photo = a_photo(jpeg_of(SPOT))
    tab.send(an_event("photo_accepted"), photo=photo)
    assert tab.shown == ("result", None, "result")
    log = tab.log
    tab.reload()
    assert tab.shown == ("result", None, "result")
    assert "This photo works" in tab.page.words
    assert tab.page.last["held"] == (photo["id"],)
    assert tab.log is log
    assert [event.event for event in log.events].count("session_started") == 1
    tab.send(photo=photo)  # as a browser does that was not told in time
    assert len([e for e in log.events if e.properties.get("note") == "judged_on_server"]) == 1


def test_nobody_else_gets_it_whatever_they_open(tab, jpeg_of):
    tab.send(photo=a_photo(jpeg_of(SPOT)))
    tab.run()
    for storage in (None, tab.log.session_id, "result", tab.storage[:-1]):
        other = Tab()
        other.storage = storage
        other.page.at.query_params["step"] = "result"
        other.run()
        assert other.shown == ("camera", None, "")
        assert "This photo works" not in other.page.words
        assert other.log is not tab.log
        assert other.storage != tab.storage


LOST = "The server no longer has the photos of this visit"


def said(tab):
    return [warning.value for warning in tab.page.at.warning if LOST in warning.value]


def test_photos_that_went_with_their_server_are_said_to_be_lost_until_there_are_others(tab, jpeg_of):
    tab.storage, tab.held = "of a server that is no more", True
    tab.reload()
    assert said(tab)
    assert tab.run().held is False, "what this server has is what counts from here on"
    assert said(tab)
    tab.send(photo=a_photo(jpeg_of(SPOT)))
    assert not said(tab.run())
    assert tab.held is False, "the browser has this one, and sends it again"
    tab.storage, tab.held = "of another", False
    assert not said(tab.reload())


def test_another_photo_forgets_the_last_one_at_once(tab, jpeg_of):
    tab.send(photo=a_photo(jpeg_of(SPOT)))
    tab.run()
    tab.press("practise-result-retake")
    assert session.visits().find(tab.storage).nbytes == 0
    tab.reload()
    assert tab.shown == ("camera", None, "")
    tab.go("result")
    assert tab.shown == ("camera", None, ""), "forward leads nowhere any longer"


def test_back_leads_to_the_camera_and_forward_to_the_result(tab, jpeg_of):
    tab.send(photo=a_photo(jpeg_of(SPOT)))
    tab.run().go("")
    assert tab.shown == ("camera", None, "")
    tab.press("practise-to-result")
    assert tab.shown == ("result", None, "result")
    tab.go("")
    tab.reload()
    assert tab.shown == ("camera", None, "")
    tab.go("result")
    assert tab.shown == ("result", None, "result")
    tab.go("nowhere")
    assert tab.shown[0] == "result", "an address that there is nothing at leads as far as one came"


def test_a_series_goes_on_where_it_was(tab, jpeg_of):
    take_three(tab)
    tab.send(photo=a_photo(jpeg_of(SPOT), shot="context"))
    assert tab.run().shown == ("camera", "regional", "regional")
    tab.reload()
    assert tab.shown == ("camera", "regional", "regional")
    assert next(radio for radio in tab.page.at.radio if radio.key.startswith("practise-series")).value is True
    tab.go("")
    assert tab.shown == ("camera", "context", "")
    tab.send(photo=a_photo(jpeg_of(SPOT, 400, 300), shot="context"))
    assert tab.run().shown == ("camera", "regional", "regional")
    for shot in ("regional", "close_up"):
        tab.send(photo=a_photo(jpeg_of(SPOT), shot=shot))
    assert tab.run().shown == ("result", None, "result")
    tab.go("regional")
    assert tab.shown == ("camera", "regional", "regional")
    tab.go("result").press("practise-again-regional")
    assert tab.reload().shown == ("camera", "regional", "regional")


def test_a_photo_that_was_used_anyway_stays_so(tab, jpeg_of):
    tab.send(photo=a_photo(jpeg_of(DARK)))
    tab.run().press("practise-result-override")
    before = [event.event for event in tab.log.events].count("gate_overridden")
    tab.reload()
    assert tab.shown[0] == "result"
    assert "did not pass" in tab.page.words or "practise-result-despite-button" in [
        button.key for button in tab.page.at.button
    ]
    assert [event.event for event in tab.log.events].count("gate_overridden") == before


def test_what_a_browser_brings_for_the_page_that_it_was_belongs_to_the_visit(tab):
    """An outbox speaks up before the visit is found: its rows are of one log, on one clock."""
    name = tab.log.session_id
    tab.load()
    tab.times = 0
    old = {**an_event("gate_opened"), "visit": name, "visit_ms": 1.0}
    tab.send(old)
    assert tab.page.last["visit"]["id"] == name
    events = [event for event in tab.log.events if event.event == "gate_opened"]
    assert [(event.session_id, event.t_ms) for event in events] == [(name, 1.0)]
    assert [event.seq for event in tab.log.events] == list(range(len(tab.log.events)))


def test_consent_goes_on_and_no_page_that_is_loaded_again_takes_it_back(tab):
    Tab.now = tab
    tab.page.at.checkbox(key="rt_consent").check()
    tab.run()
    file = tab.log.file
    tab.reload()
    assert tab.page.at.checkbox(key="rt_consent-again").value
    assert (tab.log.file, file.exists()) == (file, True)
    assert "consent_withdrawn" not in [event.event for event in tab.log.events]
    tab.page.at.checkbox(key="rt_consent-again").uncheck()
    tab.run()
    assert (tab.log.file, file.exists()) == (None, False)


def test_a_full_disk_fails_no_page_and_is_told_in_one_sentence(tab, monkeypatch):
    Tab.now = tab
    tab.page.at.checkbox(key="rt_consent").check()
    tab.run()
    said = "cannot be saved at the moment"

    def full(*_given):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("core.study.events.EventLog._write", full)
        sent = tab.send(an_event("camera_started"))
        assert tab.page.last["answers"][-1].message == sent["id"]
        tab.run()
        assert [warning.value for warning in tab.page.at.warning if said in warning.value]
    tab.send(an_event("gate_opened"))
    tab.run()
    assert not [warning.value for warning in tab.page.at.warning if said in warning.value]
    assert tab.log.file.read_text("utf-8") == tab.log.to_jsonl()
