"""What holds for every stream of conditions whatever, and after every stream."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.guidance.conditions import CALM_KEYS, CAMERA_KEYS, KEYS, OPEN_KEYS, PICTURE_KEYS, REFINED, family
from core.guidance.controller import GuidanceController
from core.guidance.preset import load_preset, preset_files

PRESETS = {name: load_preset(name) for name in preset_files()}
RAW = (*PICTURE_KEYS, *REFINED, *CAMERA_KEYS, "ready", "searching")


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


frames = st.lists(
    st.tuples(
        st.sampled_from(RAW) | st.just("ready"),
        st.floats(0.02, 0.6) | st.floats(1, 5),
        st.booleans(),  # moved
        st.integers(0, 20),  # 0: the camera is lost after this frame
    ),
    min_size=1,
    max_size=100,
)
presets = st.sampled_from(sorted(PRESETS))


def told(controller, clock, stream):
    """What is said after each frame: the time, the raw condition and the advice."""
    for key, step, moved, luck in stream:
        clock.now += step
        yield clock.now, key, controller.see(key, moved)
        if luck == 0:
            clock.now += 3.0
            yield clock.now, "camera_missing", controller.lost()


@settings(max_examples=150, deadline=None)
@given(presets, frames)
def test_no_stream_brings_two_hints_a_hint_too_short_or_one_for_nothing(name, stream):
    preset, clock = PRESETS[name], Clock()
    controller = GuidanceController(preset, clock)
    shown, since = "searching", None
    seen = []
    for now, raw, advice in told(controller, clock, stream):
        seen.append((now, preset.merged_into(raw)))
        assert advice.key in KEYS, "one key, of one condition"
        assert advice.raw_key == raw
        assert advice.ready == controller.gate.open == (advice.key in OPEN_KEYS)
        assert advice.ready or not controller.countdown.running
        if advice.key != shown:
            if since is not None:
                calm = shown in CALM_KEYS
                least = preset.timing.calm_ms if calm else preset.timing.hint_ms
                assert now - since >= least / 1000 - 1e-9
            lately = {family(key) for at, key in seen if at >= now - preset.timing.window_ms / 1000 - 1e-9}
            said = "ready" if advice.key in OPEN_KEYS else advice.key
            assert family(said) in lately or said == "searching"
            shown, since = advice.key, now


@settings(max_examples=150, deadline=None)
@given(presets, frames, st.sampled_from((*PICTURE_KEYS, *REFINED, "ready")), st.floats(0.05, 0.4))
def test_no_stream_leaves_it_stuck(name, stream, lasting, step):
    preset, clock = PRESETS[name], Clock()
    controller = GuidanceController(preset, clock)
    for _told in told(controller, clock, stream):
        pass
    timing = preset.timing
    patience = (timing.window_ms + max(timing.hint_ms, timing.calm_ms) + preset.gate.steady_ms) / 1000 + 1
    end = clock.now + patience
    while clock.now < end:
        clock.now += step
        advice = controller.see(lasting)
    said = preset.merged_into(lasting)
    assert advice.key == ("counting" if said == "ready" and preset.gate.auto_capture else said)


@settings(max_examples=100, deadline=None)
@given(frames)
def test_a_hint_whose_reason_is_long_gone_does_not_stay(stream):
    """Also where the picture passes now and then, but never for long enough."""
    preset, clock = PRESETS["balanced"], Clock()
    controller = GuidanceController(preset, clock)
    long = (preset.timing.window_ms + preset.timing.hint_ms) / 1000
    seen = []
    for now, raw, advice in told(controller, clock, stream):
        seen.append((now, raw))
        lately = {family(key) for at, key in seen if at >= now - long}
        assert family(advice.key) in lately | {"searching"}


@settings(max_examples=100, deadline=None)
@given(frames)
def test_the_photo_takes_itself_only_after_a_whole_countdown_of_good_still_frames(stream):
    preset, clock = PRESETS["coach"], Clock()
    controller = GuidanceController(preset, clock)
    # Mostly good frames, or hardly any stream would ever get there.
    stream = [
        ("ready" if i % 25 else frame[0], frame[1] / 4, frame[2] and i % 25 == 0, 1)
        for i, frame in enumerate(stream * 3)
    ]
    history = []
    for (key, _step, moved, _luck), (now, _raw, advice) in zip(
        stream, told(controller, clock, stream), strict=True
    ):
        history.append((now, key == "ready" and not moved and advice.ready))
        assert controller.countdown.running == (history[-1][1])
        if controller.countdown.due:
            start = (
                next(at for at, good in reversed(history) if not good)
                if not all(g for _, g in history)
                else 0
            )
            assert now - start >= preset.gate.countdown_ms / 1000 - 1e-9
            assert controller.countdown.progress == 1


def test_without_auto_capture_nothing_counts():
    clock = Clock()
    controller = GuidanceController(PRESETS["balanced"], clock)
    for _turn in range(100):
        clock.now += 0.1
        assert controller.see("ready").key in ("ready", "searching")
        assert (controller.countdown.progress, controller.countdown.due) == (0, False)


def test_refined_and_coarse_frames_of_one_family_do_not_flap():
    clock = Clock()
    controller = GuidanceController(PRESETS["balanced"], clock)
    said = []
    for turn in range(300):
        clock.now += 0.12
        said.append(controller.see(("too_dark", "bad_light", "too_dark")[turn % 3]).key)
    assert len(set(said[10:])) == 1


def test_a_family_is_not_outvoted_by_its_own_members():
    """Two thirds say something about light: what is said is of light, whatever each of them says of it."""
    clock = Clock()
    controller = GuidanceController(PRESETS["balanced"], clock)
    for turn in range(200):
        clock.now += 0.12
        advice = controller.see(("too_dark", "blurry", "shadow")[turn % 3])
    assert family(advice.key) == "bad_light"


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_help_is_offered_when_the_same_hint_stays_and_taken_back_with_it(name):
    preset, clock = PRESETS[name], Clock()
    controller = GuidanceController(preset, clock)
    offered = []
    for turn in range(100):
        clock.now += 0.1
        # The same family: the hint says it more exactly, which is still the same trouble.
        controller.see("too_dark" if turn % 40 > 20 else "bad_light")
        offered.append(controller.help)
    first = next(turn for turn, key in enumerate(offered) if key)
    assert first * 0.1 == pytest.approx(preset.timing.help_after_s, abs=0.11)
    assert {family(key) for key in offered[first:]} == {preset.merged_into("bad_light")}
    for _turn in range(60):
        clock.now += 0.1
        controller.see("ready")
    assert controller.help is None


def test_a_preset_may_offer_no_help_and_none_is_offered_for_the_camera():
    timing = PRESETS["balanced"].timing.model_copy(update={"help_after_s": None})
    for preset, key in (
        (PRESETS["balanced"].model_copy(update={"timing": timing}), "blurry"),
        (PRESETS["balanced"], "camera_black"),
    ):
        clock = Clock()
        controller = GuidanceController(preset, clock)
        for _turn in range(100):
            clock.now += 0.1
            controller.see(key)
            assert controller.help is None


def test_after_a_photo_the_countdown_rests_for_the_steady_time():
    clock = Clock()
    controller = GuidanceController(PRESETS["coach"], clock)
    for _turn in range(60):
        clock.now += 0.1
        controller.see("ready")
    assert controller.countdown.due
    controller.countdown.rest()
    begun = clock.now
    while not controller.countdown.running:
        clock.now += 0.1
        controller.see("ready")
    assert clock.now - begun >= PRESETS["coach"].gate.steady_ms / 1000


def test_advice_is_frozen():
    advice = GuidanceController(PRESETS["balanced"], Clock()).see("blurry")
    with pytest.raises(dataclasses.FrozenInstanceError):
        advice.key = "ready"
