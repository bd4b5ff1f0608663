"""From what a page saw to how long its hints took."""

import pytest
from hint_delays import delays, fitting, smoothing

from core.guidance.preset import load_preset

SAID = ("Find softer, even light", "Ready, hold still")
WORDS = ({SAID[0]}, {SAID[1]})


def notes(*pairs):
    return [{"what": what, "at": at} for what, at in pairs]


def test_each_change_is_answered_by_the_next_fitting_hint():
    scenes = notes((0, 0), (1, 6000), (0, 12000))
    hints = notes((SAID[0], 10), ("Searching", 6100), (SAID[1], 6900), (SAID[0], 12400))
    found = delays({"scenes": scenes, "hints": hints}, WORDS)
    assert [scene for scene, _seconds in found] == [1, 0]
    assert [seconds for _scene, seconds in found] == pytest.approx([0.9, 0.4])


def test_a_hint_from_before_the_change_answers_nothing():
    seen = {"scenes": notes((0, 0), (1, 6000)), "hints": notes((SAID[1], 5900), (SAID[0], 6200))}
    assert delays(seen, WORDS) == []


def test_a_hint_that_comes_too_late_belongs_to_another_change():
    seen = {"scenes": notes((0, 0), (1, 6000)), "hints": notes((SAID[1], 12900))}
    assert delays(seen, WORDS) == []


def test_words_that_say_which_light_answer_poor_light():
    preset = load_preset()
    dark, ready = (fitting(key, preset) for key in ("bad_light", "ready"))
    assert {preset.prompt("bad_light").text, preset.prompt("too_dark").text} <= dark
    assert ready == {preset.prompt("ready").text}


def test_the_coach_s_own_waiting_is_what_its_preset_asks_for():
    preset = load_preset()
    # A fault takes "ready" away at once, and another fault where it outweighs that; "ready" must be steady.
    assert smoothing(preset, "ready", "too_dark", 10) == 0
    assert 0.1 < smoothing(preset, "blurry", "too_dark", 10) < preset.timing.window_ms / 1000
    assert preset.gate.steady_ms / 1000 <= smoothing(preset, "too_dark", "ready", 10) < 2
    slow = preset.model_copy(update={"gate": preset.gate.model_copy(update={"steady_ms": 3000})})
    assert smoothing(slow, "too_dark", "ready", 10) >= 3
    with pytest.raises(ValueError, match="never shown"):
        smoothing(preset, "too_dark", "ready", 0.5)
