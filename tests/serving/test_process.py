import signal
import sys

import pytest

from core.serving import process

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)"


def test_a_process_that_does_not_end_when_asked_is_killed(monkeypatch):
    monkeypatch.setattr(process, "_END_WITHIN_S", 0.1)
    command = [sys.executable, "-c", f"{DEAF}; time.sleep(600)"]
    with process.running(command, stdout=-1) as started:
        assert started.stdout.readline() == b"deaf\n"
    assert started.returncode == -signal.SIGKILL
    assert started.stdout.closed


def test_waiting_ends_with_what_is_found_or_with_the_process():
    found = iter([0, OSError, ValueError, 7])

    def look():
        answer = next(found)
        if isinstance(answer, int):
            return answer
        raise answer

    with process.running([sys.executable, "-c", "import time; time.sleep(600)"]) as started:
        assert process.wait_until(started, look, 600) == 7
        started.kill()
        assert process.wait_until(started, lambda: False, 600) is None
        with pytest.raises(OSError, match="refused"):
            process.is_healthy(f"http://127.0.0.1:{process.free_port()}")


def test_the_port_that_is_spoken_for_is_not_given_again():
    first = process.free_port()
    assert process.free_port(beside=first) != first
    assert not process.is_free(70000)
