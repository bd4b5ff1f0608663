"""The vectors that both implementations are held to are what Python does now; the browser replays them."""

import json
import math

import pytest

from core.guidance.conditions import REFINED
from scripts.on_device_vectors import FILE, made


@pytest.fixture(scope="module")
def now():
    return made()


@pytest.fixture(scope="module")
def committed():
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("part", list(json.loads(FILE.read_text(encoding="utf-8"))))
def test_python_does_what_the_vectors_say(now, committed, part):
    different = list(differences(json.loads(json.dumps(now[part])), committed[part], part))
    assert not different, "write them anew: python -m scripts.on_device_vectors"


def differences(one, other, path):
    """Where two differ; numbers may by what one processor rounds otherwise than another."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}/{place}")
    elif isinstance(one, float) and isinstance(other, float):
        if not math.isclose(one, other, rel_tol=1e-6, abs_tol=2e-6):
            yield f"{path}: {one} is not {other}"
    elif one != other:
        yield f"{path}: {one} is not {other}"


def test_the_vectors_reach_every_state(committed):
    shown = {
        step[-1][0]
        for part in ("watched", "coached")
        for script in committed[part]
        for step in script["steps"]
    }
    assert shown >= {"ready", "searching", "camera_black", "camera_frozen", "bad_framing", "blurry"}
    said = {case["condition"] for case in committed["verdicts"]}
    assert said >= {None, "bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away", "no_skin"}
    assert said - {None} | shown >= {"counting", "too_dark", "adjust", "move_left", "move_up", "too_close"}
    stands = {point["state"] for case in committed["verdicts"] for point in case["points"]}
    assert stands == {"fine", "nearly", "fault", "unjudged"}
    refined = {case["said"] for case in committed["refinements"]}
    assert refined >= {"bad_light", "bad_framing", *REFINED}
    coached = [step for script in committed["coached"] for step in script["steps"]]
    assert {step[1] for step in coached} == {"see", "lost", "refuse", "begin", "rest"}
    after = [step[-1] for step in coached]
    assert {opened for _shown, opened, *_rest in after} == {True, False}
    assert {may for _shown, _open, _steady, _refused, may, *_rest in after} == {True, False}
    assert {due for *_most, due, _help in after} == {True, False}
    assert {bool(progress) for *_most, progress, _due, _help in after} == {True, False}
    assert len({offered for *_most, offered in after}) > 5
    watched = {step[1] for script in committed["watched"] for step in script["steps"]}
    assert watched >= {"look", "lost", "end", "retake", "refuse", "begin", "pressed", "practising", "strict"}
    notes = {
        event[2]["note"]
        for script in committed["watched"]
        for event in script["events"]
        if event[0] == "note_added"
    }
    assert notes == {"countdown_started", "countdown_stopped", "help_offered"}
    assert any(step[3][6] for script in committed["watched"] for step in script["steps"]), "broken"
