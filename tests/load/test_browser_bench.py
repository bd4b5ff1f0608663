"""The browser bench without a browser: its figures, the slow line, and what it says is missing."""

import asyncio
import sys
import threading
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.__main__ import main
from core.load import browser
from core.load.line import line
from core.load.visits import Visit, figures, table, visit_of

JUDGED = {
    "moving_1_threads_a_second": [4.0, 5.0, 6.0],
    "moving_2_threads_a_second": [10.0, 10.0, 2.0],
    "still_judged_a_second": [5.0],
    "still_judged_share_judged": [1.0],
    "still_a_second": [30.0],
    "still_share_judged": [1 / 9],
    "as_filed_session_s": [3.0],
    "as_filed_first_run_s": [1.0],
    "optimised_session_s": [0.5],
    "optimised_first_run_s": [0.5],
}


def test_a_visit_is_read_from_what_the_worker_noted():
    steps = [
        ("retake fetch imageqx.onnx.gz", 10.0, 300.0),
        ("retake fetch ort.wasm.gz", 10.0, 200.0),
        ("retake unpack imageqx.onnx.gz", 310.0, 50.0),
        ("retake session imageqx", 360.0, 200.0),
        ("retake first run imageqx", 560.0, 100.0),
        ("retake open imageqx", 5.0, 655.0),
        ("another's", 0.0, 9000.0),
    ]
    found = visit_of({"origin": 52_000.0, "steps": steps}, origin=50_000.0, there=1500.0, compiled_s=0.05)
    assert (found.page_s, found.open_s) == (1.5, 2.66)
    wanted = {"compile": 0.05, "fetch": 0.3, "unpack": 0.05, "session": 0.2, "first run": 0.1, "open": 0.655}
    assert found.steps_s == pytest.approx(wanted)


def test_figures_are_medians_of_rounds_and_ratios_of_one_run():
    visits = {
        f"{way}, {turn} visit": [Visit(page, opened, {"session": 0.5}) for page, opened in rounds]
        for way, rounds in {
            "asked": [(4, 10), (5, 12), (9, 50)],
            "early": [(6, 6), (6, 6), (6, 6)],
        }.items()
        for turn in ("first", "second")
    }
    found = figures(visits, JUDGED)
    assert found["visits"]["asked, first visit"] == {"page_s": 5, "open_s": 12, "steps_s": {"session": 0.5}}
    assert (found["early_open_over_asked"], found["early_page_over_asked"]) == (0.5, 1.2)
    assert found["optimised_over_as_filed"] == 0.25
    assert (found["two_threads_over_one"], found["still_over_judged"]) == (2, 6)
    shown = table(found)
    assert "| by itself | first | 6.00 s | 6.00 s |" in shown
    assert "| still, as frames of a video | 30.0 | 11 % |" in shown


def test_a_line_passes_everything_on_notes_what_is_asked_and_can_be_slow(tmp_path, monkeypatch):
    waits, sleep = [], asyncio.sleep

    async def wait(seconds):
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with line(server.server_port, mbit=0.1, round_trip_s=0.3) as slow:
            with urllib.request.urlopen(f"{slow.url}/large") as answer:
                assert answer.read() == b"x" * 100_000
            assert 0.3 in waits, "there and back"
            assert 4 < max(waits) < 9, "0.8 Mbit at 0.1 Mbit/s, had it been waited for"
            assert slow.asked == ["/large"]
        server.shutdown()


def test_what_is_missing_is_said_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    assert main(["bench", "browser", "--rounds", "1"]) != 0
    assert "requirements-dev.txt" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.setenv("RETAKE_CHROMIUM", "/none/chromium")
    assert main(["bench", "browser", "--rounds", "1"]) != 0
    assert "There is no Chromium here" in capsys.readouterr().err
    monkeypatch.setattr(browser, "published", lambda: None)
    with pytest.raises(browser.BrowserError, match=r"core\.browser\.runtime"), browser._app():
        pass
