"""From what a page saw to how long its hints took; and which runs are shown, and how."""

import threading
import time
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.guidance.preset import load_preset
from scripts import measure_live
from scripts.measure_live import delays, smoothing

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
    dark, ready = (measure_live.fitting(key, preset) for key in ("bad_light", "ready"))
    assert {preset.prompt("bad_light").text, preset.prompt("too_dark").text} <= dark
    assert ready == {preset.prompt("ready").text}


def run(way, viewers, others, **more):
    return {"way": way, "viewers": viewers, "others_used_cores": others, **more}


def test_of_each_kind_the_quietest_run_that_worked_counts():
    runs = [
        run("device", 1, 0.5),
        run("device", 1, 0.1),
        run("server", 1, 0.3),
        run("device", 4, 0.9),
        {"way": "server", "viewers": 4, "failed": "it did not start"},
    ]
    assert measure_live.quietest(runs) == [runs[1], runs[2], runs[3]]
    told = measure_live.report([*runs], [])
    assert "4 viewers on the server: it did not start" in told
    assert "| others used meanwhile | 0.10 cores | 0.30 cores |" in told


def test_a_table_leaves_open_what_a_run_does_not_have():
    runs = [run("device", 4, 0.0, still=None), run("server", 4, 0.0, assessments_per_second_a_viewer=2.34)]
    lines = measure_live.table(["a", "b"], measure_live.ROWS, runs).splitlines()
    assert lines[0] == "|  | a | b |"
    assert "| assessments a second, each viewer |  | 2.3 |" in lines
    assert not any(line.startswith("| picture to prompt") for line in lines)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 300_000)
    (tmp_path / "small").write_bytes(b"y")

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *given):
            super().__init__(*given, directory=str(tmp_path))

        def log_message(self, *_words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_every_byte_that_passes_is_counted_for_what_was_asked_for(site):
    with measure_live.metered(site) as meter:
        for path in ("/large", "/small"):
            with urllib.request.urlopen(meter.url + path) as answer:
                answer.read()
        until = time.monotonic() + 10
        while len(meter.answers) < 2 and time.monotonic() < until:
            time.sleep(0.01)
    sizes = dict(meter.answers)
    assert 300_000 < sizes["/large"] < 301_000
    assert 1 < sizes["/small"] < 1000


def test_the_work_of_this_process_is_no_work_of_others():
    before = measure_live._load()
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    after = measure_live._load()
    assert after["ours"] - before["ours"] >= 0.25
    assert measure_live._others(before, after) >= 0


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
