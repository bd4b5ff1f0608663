"""Stabiliser, gate and both together, on a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guidance.conditions import CALM_KEYS, PICTURE_KEYS
from core.guidance.controller import GuidanceController
from core.guidance.gate import Gate
from core.guidance.preset import load_preset
from core.guidance.stabiliser import Stabiliser

PRESET = load_preset()


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def feed(see, clock, key, seconds, step=0.1):
    """Show one condition for a while; returns what was said after each frame, with its time."""
    return list(fed(see, clock, key, seconds, step))


def fed(see, clock, key, seconds, step=0.1):
    """The same, one frame at a time."""
    for _ in range(round(seconds / step)):
        clock.now += step
        yield clock.now, see(key)


streams = st.lists(
    st.tuples(st.sampled_from((*PICTURE_KEYS, "ready")), st.floats(0.02, 0.6)), min_size=1, max_size=120
)


@given(streams)
def test_a_hint_stays_its_time_whatever_the_frames_say(stream):
    clock = Clock()
    stabiliser = Stabiliser(PRESET, clock)
    shown, since = stabiliser.shown, None
    for key, step in stream:
        clock.now += step
        new = stabiliser.update(key)
        if new != shown:
            if since is not None:
                least = 1.0 if shown in CALM_KEYS else 1.5
                assert clock.now - since >= least - 1e-9
            shown, since = new, clock.now


@given(streams)
def test_only_conditions_that_were_seen_lately_take_over(stream):
    clock = Clock()
    stabiliser = Stabiliser(PRESET, clock)
    seen = []
    shown = stabiliser.shown
    for key, step in stream:
        clock.now += step
        seen.append((clock.now, key))
        new = stabiliser.update(key)
        if new != shown:
            assert new in {name for moment, name in seen if moment >= clock.now - 2.0}
        shown = new


def test_the_first_verdict_is_shown_at_once(clock):
    assert Stabiliser(PRESET, clock).update("blurry") == "blurry"


def test_two_conditions_in_turn_do_not_flap(clock):
    stabiliser = Stabiliser(PRESET, clock)
    said = []
    for turn in range(200):
        clock.now += 0.12
        said.append(stabiliser.update(("blurry", "bad_light")[turn % 2]))
    assert len(set(said)) == 1


def test_a_lasting_change_is_shown_within_a_second(clock):
    stabiliser = Stabiliser(PRESET, clock)
    feed(stabiliser.update, clock, "too_far_away", 5)
    changed_at = clock.now
    first = next(
        moment for moment, key in feed(stabiliser.update, clock, "blurry", 3, 0.12) if key == "blurry"
    )
    assert first - changed_at < 1.0


def test_one_odd_frame_changes_nothing(clock):
    stabiliser = Stabiliser(PRESET, clock)
    feed(stabiliser.update, clock, "bad_light", 4)
    assert stabiliser.update("no_skin") == "bad_light"
    assert {key for _, key in feed(stabiliser.update, clock, "bad_light", 2)} == {"bad_light"}


def test_the_gate_opens_after_passing_steadily_for_a_second(clock):
    gate = Gate(PRESET, clock)
    started = clock.now + 0.1
    steady = [moment for moment, is_steady in feed(gate.see, clock, True, 2) if is_steady]
    assert steady[0] - started == pytest.approx(1.0, abs=0.11)
    assert steady[0] - started >= 1.0 - 1e-6


@given(st.lists(st.tuples(st.booleans(), st.floats(0.02, 0.9)), min_size=1, max_size=150))
def test_the_gate_is_never_steady_early_nor_on_a_frame_that_fails(frames):
    clock = Clock()
    gate = Gate(PRESET, clock)
    history = []
    for passes, step in frames:
        clock.now += step
        history.append((clock.now, passes))
        if gate.see(passes):
            assert passes
            window = [passed for moment, passed in history if moment >= clock.now - 1.0]
            assert sum(window) >= 0.85 * len(window)
            assert any(passed and moment <= clock.now - 1.0 + 1e-9 for moment, passed in history)


def test_frames_that_pass_half_the_time_do_not_open_the_gate(clock):
    gate = Gate(PRESET, clock)
    for turn in range(100):
        clock.now += 0.1
        assert not gate.see(turn % 2 == 0)


def test_a_pause_in_the_frames_starts_the_second_anew(clock):
    gate = Gate(PRESET, clock)
    feed(gate.see, clock, True, 0.8)
    clock.now += 1.5
    assert not gate.see(True)
    assert not any(steady for _, steady in feed(gate.see, clock, True, 0.9))
    assert any(steady for _, steady in feed(gate.see, clock, True, 0.3))


def test_the_gate_locks_itself_when_frames_stop(clock):
    controller = GuidanceController(PRESET, clock)
    feed(controller.see, clock, "ready", 3)
    assert controller.gate.open
    clock.now += 1.01
    assert not controller.gate.open


def test_the_override_is_offered_after_three_refused_tries(clock):
    gate = Gate(PRESET, clock)
    gate.begin()
    gate.see(False)
    offered = []
    for _ in range(3):
        offered.append(gate.may_override)
        gate.refuse()
    assert offered == [False, False, False]
    assert gate.may_override


def test_the_override_is_offered_after_thirty_seconds_of_camera(clock):
    gate = Gate(PRESET, clock)
    gate.begin()
    clock.now += 1000
    assert not gate.may_override, "time without a camera does not count"
    gate.see(False)
    clock.now += 29.9
    assert not gate.may_override
    clock.now += 0.2
    assert gate.may_override
    gate.begin()
    gate.see(False)
    assert not gate.may_override, "a new attempt counts anew"


@pytest.mark.parametrize("reason", ["tries", "time"])
def test_the_override_once_offered_stays_whatever_the_picture_shows(clock, reason):
    controller = GuidanceController(PRESET, clock)
    controller.gate.begin()
    feed(controller.see, clock, "bad_light", 31 if reason == "time" else 2)
    for _ in range(0 if reason == "time" else 3):
        controller.gate.refuse()
    for key in ("ready", "bad_light", "ready"):
        feed(controller.see, clock, key, 3)
        assert controller.gate.open == (key == "ready")
        assert controller.gate.may_override
    controller.lost()
    assert controller.gate.may_override


def test_ready_and_the_open_shutter_come_and_go_together(clock):
    controller = GuidanceController(PRESET, clock)
    feed(controller.see, clock, "too_far_away", 3)
    passing_from = clock.now
    for moment, advice in fed(controller.see, clock, "ready", 3):
        assert advice.ready == (advice.key == "ready") == controller.gate.open
        if advice.ready:
            assert moment - passing_from >= 1.0
    assert controller.gate.open
    last = feed(controller.see, clock, "blurry", 1.5)[-1][1]
    assert last.key == last.raw_key == "blurry"
    assert not controller.gate.open


@given(streams)
def test_the_shutter_never_opens_without_a_steady_second(stream):
    clock = Clock()
    controller = GuidanceController(PRESET, clock)
    was_open = False
    history = []
    for key, step in stream:
        clock.now += step
        history.append((clock.now, key == "ready"))
        controller.see(key)
        if controller.gate.open and not was_open:
            assert key == "ready"
            window = [passed for moment, passed in history if moment >= clock.now - 1.0]
            assert sum(window) >= 0.85 * len(window)
        was_open = controller.gate.open


def test_a_lost_camera_locks_the_shutter_and_says_so(clock):
    controller = GuidanceController(PRESET, clock)
    feed(controller.see, clock, "ready", 3)
    clock.now += 3
    advice = controller.lost()
    assert advice.key == "camera_missing"
    assert not controller.gate.open
    assert {said.key for _, said in feed(controller.see, clock, "blurry", 3)} == {"camera_missing", "blurry"}
