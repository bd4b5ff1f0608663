from dataclasses import replace

import pytest

from core.quality.imageqx import rule_of
from core.runtime.manifest import Manifest, OperatingPoint, load_manifest
from core.ui import session
from tests.pages.visitor import page_of


@pytest.fixture
def state(monkeypatch):
    """A session state of our own, in place of Streamlit's."""
    kept = {}
    monkeypatch.setattr("core.ui.session.st.session_state", kept)
    return kept


def test_what_is_held_is_made_once(state):
    made = []
    for _time in range(3):
        assert session.held("a", lambda: made.append(1) or "thing") == "thing"
    assert len(made) == 1


def test_the_least_used_is_let_go_first(state):
    session.held(0, lambda: "first")
    for number in range(1, 48):
        session.held(number, lambda: "more")
    session.held(0, lambda: "used again")
    session.held(48, lambda: "one too many")
    made = []
    session.held(0, lambda: made.append(0))
    assert made == []
    session.held(1, lambda: made.append(1))
    assert made == [1]


def test_letting_go_forgets_all(state):
    session.held("a", lambda: "old")
    session.let_go()
    assert session.held("a", lambda: "new") == "new"


def test_the_log_names_the_preset_as_its_variant(state):
    log = session.event_log()
    assert log is session.event_log()
    assert [event.event for event in log.events] == ["session_started"]
    assert log.events[0].variant == "balanced@3"


def test_the_log_goes_where_the_setting_says(monkeypatch, tmp_path):
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    assert session.log_folder() == tmp_path / "sessions"
    monkeypatch.delenv("RETAKE_DATA")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert session.log_folder() == tmp_path / "home" / ".local" / "share" / "retake" / "sessions"


def test_the_preset_may_change_thresholds(monkeypatch, tmp_path, state):
    from core.guidance.preset import PRESETS_DIR

    text = (
        (PRESETS_DIR / "balanced.yaml").read_text().replace("thresholds: {}", "thresholds: {blurry: 0.125}")
    )
    (tmp_path / "mine.yaml").write_text(text)
    monkeypatch.setenv("RETAKE_PRESET", str(tmp_path / "mine.yaml"))
    rule = session.rule(healthy_skin_passes=True)
    assert rule.thresholds["blurry"] == 0.125
    assert len(rule.thresholds) == 5
    assert rule.healthy_skin_passes


def test_the_preset_chooses_the_operating_point(monkeypatch, state):
    entry = load_manifest().networks["imageqx"]
    strict = OperatingPoint(thresholds=dict.fromkeys(entry.explanations, 0.2), class_offsets={"lesion": -1.0})
    changed = entry.model_copy(update={"operating_points": {"strict": strict}})
    monkeypatch.setattr(session.engines, "manifest", lambda: Manifest(networks={"imageqx": changed}))
    monkeypatch.setenv("RETAKE_PRESET", "strict")
    assert session.rule() == replace(rule_of(strict), second_opinion=True)
    monkeypatch.setenv("RETAKE_PRESET", "lenient")
    assert session.rule() == rule_of(entry.point("none of that name"))


def test_a_control_that_was_drawn_before_the_visit_was_found_again_is_read_by_its_first_name(
    monkeypatch, state
):
    state["pick"] = True
    monkeypatch.setattr(session, "met", lambda: True)
    assert session.value_of("pick") is True
    state[session.control("pick")] = False
    assert session.value_of("pick") is False
    assert session.value_of("another") is None


@pytest.mark.parametrize("ticked", [True, False])
def test_a_tick_that_outlives_the_server_still_saves_the_log(monkeypatch, tmp_path, ticked):
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    at = page_of(_panel)
    at.session_state[session.CONSENT_KEY] = ticked  # as a browser brings it to a server that was started anew
    at.run().run()
    assert not at.exception
    files = list((tmp_path / "sessions").glob("*.jsonl")) if ticked else []
    assert len(files) == ticked
    assert [event.event for event in at.session_state["rt_log"].events].count("consent_given") == ticked


def _panel():
    from core.ui import session

    session.consent_panel()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8501/", ""),
        ("http://127.0.0.1:8501/check", ""),
        ("http://[::1]:8501", ""),
        ("http://retake.localhost", ""),
        ("", ""),
        ("https://192.168.1.20:8501/?lang=de", "192.168.1.20"),
        ("https://retake.example.org/", "retake.example.org"),
        ("http://[not an address", ""),
        ("http://`bad`host/", "badhost"),
    ],
)
def test_where_the_log_is_saved_is_named_by_the_address_that_was_opened(url, host):
    assert session.server_host(url) == host


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:8501", "Save my session log on this computer"),
        ("https://192.168.1.20:8501", "Save my session log on the server `192.168.1.20`"),
    ],
)
def test_the_tick_says_where_the_log_is_saved(monkeypatch, url, words):
    monkeypatch.setattr("streamlit.runtime.context.ContextProxy.url", url)
    at = page_of(_panel).run()
    assert at.checkbox[0].label == words
