from core.study.replay import ScreenState, state_at
from tests.study.made_up_study import made_up_events

LIVE = {"source": "live", "attempt": 1}
ROWS = made_up_events(
    [
        (0, "session_started"),
        (100, "task_started"),
        (200, "camera_started", {}, LIVE),
        (300, "prompt_shown", {"key": "too_dark", "raw_key": "bad_light"}, LIVE),
        (350, "frame_assessed", {"flagged": ["bad_light"], "passes": False}, LIVE),
        (600, "prompt_cleared", {"key": "too_dark", "shown_ms": 300}, LIVE),
        (600, "gate_opened", {}, LIVE),
        (600, "prompt_shown", {"key": "ready", "raw_key": "ready"}, LIVE),
        (700, "photo_captured", {}, LIVE),
        (700, "capture_blocked", {"reason": "refused"}, LIVE),
        (750, "gate_closed", {"key": "blurry"}, LIVE),
        (800, "photo_captured", {}, LIVE),
        (800, "photo_accepted", {}, LIVE),
        (850, "photo_retaken", {}, LIVE),
        (900, "camera_failed", {"reason": "camera_black"}, LIVE),
        (990, "task_completed"),
    ]
)


def test_the_screen_from_moment_to_moment():
    assert state_at(ROWS, -1) == ScreenState(-1)
    assert (state_at(ROWS, 150).task, state_at(ROWS, 150).camera) == ("arm_spot", False)
    dark = state_at(ROWS, 400)
    assert (dark.prompt, dark.prompt_since_ms, dark.raw) == ("too_dark", 300, "bad_light")
    assert (dark.flagged, dark.passes, dark.camera, dark.attempt) == (("bad_light",), False, True, 1)
    assert not dark.shutter_open
    ready = state_at(ROWS, 600)
    assert (ready.prompt, ready.shutter_open) == ("ready", True)
    refused = state_at(ROWS, 760)
    assert (refused.photos, refused.refused, refused.shutter_open, refused.accepted) == (1, 1, False, False)
    assert state_at(ROWS, 800).accepted
    assert not state_at(ROWS, 850).accepted
    assert not state_at(ROWS, 900).camera
    ended = state_at(ROWS, 5000)
    assert (ended.task, ended.prompt, ended.last.event) == (None, None, "task_completed")


def test_the_order_of_rows_changes_nothing():
    for moment in (0, 320, 650, 800, 2000):
        assert state_at(reversed(ROWS), moment) == state_at(ROWS, moment)
