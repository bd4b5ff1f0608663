import os
import socket
from types import SimpleNamespace

import numpy as np
import pytest

from core.__main__ import main
from core.load.film import number_of, pictures
from core.load.observed import observing
from core.load.server import LoadError, use_of


def test_every_frame_carries_its_number_and_survives_what_video_does_to_it():
    drawn = pictures(frames=3)
    assert [number_of(rgb) for rgb in drawn] == [0, 1, 2]
    assert {rgb.shape for rgb in drawn} == {(480, 640, 3)}
    assert not np.array_equal(drawn[0], drawn[1])
    blurred = (drawn[2].astype(int) // 2 + 40).astype(np.uint8)  # paler than it was sent
    assert number_of(blurred) == 2
    assert number_of(np.eye(480, 640, dtype=np.uint8)[..., None] * np.uint8([0, 0, 0])) == 0
    torn = drawn[1].copy()
    torn[:16, :16] = 0
    assert number_of(torn) is None, "its parity tells"


def test_a_verdict_is_written_down_with_its_frame_and_its_time():
    lines = []
    verdicts = iter([None, "some verdict"])

    def process(session, frame):
        return SimpleNamespace(verdict=next(verdicts))

    observed = observing(process, lines.append, lambda: 12.5)
    session, frame = object(), SimpleNamespace(rgb=pictures(frames=1)[0])
    observed(session, frame)
    assert lines == [], "a frame without a verdict is none"
    assert observed(session, frame).verdict == "some verdict"
    assert lines == [f"{id(session)} 0 12.5000\n"]


def test_what_this_process_uses():
    use = use_of(os.getpid())
    assert use.cpu_s > 0
    assert use.memory_mb > 10
    assert use.threads >= 1
    assert use.files >= 1
    with pytest.raises(LoadError):
        use_of(2**22 + 1)


def test_a_port_in_use_is_one_sentence(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert main(["bench", "live", "--streams", "1", "--port", str(port)]) == 1
    told = capsys.readouterr().err.strip()
    assert told == f"Port {port} is in use. Choose another with --port, or leave it out."


@pytest.mark.parametrize("words", [["live", "--streams", "0"], ["soak", "--minutes", "0"], ["live", "-x"]])
def test_numbers_that_cannot_be_are_refused(words, capsys):
    assert main(["bench", *words]) == 2
    assert "error:" in capsys.readouterr().err
