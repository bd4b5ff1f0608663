"""The server under load: the app as it is, and a line for each verdict. Run by ``core.load.server``."""

import runpy
import sys
import time
from collections.abc import Callable
from typing import Any

from core.live.stream_session import Frame, StreamSession, StreamStatus
from core.load.film import number_of

Process = Callable[[StreamSession, Frame], StreamStatus]


def observing(process: Process, write: Callable[[str], Any], clock: Callable[[], float]) -> Process:
    """``StreamSession.process_frame`` that also writes ``STREAM FRAME SECONDS`` of each verdict."""

    def observed(session: StreamSession, frame: Frame) -> StreamStatus:
        status = process(session, frame)
        number = number_of(frame.rgb)
        if status.verdict is not None and number is not None:
            write(f"{id(session)} {number} {clock():.4f}\n")
        return status

    return observed


def main() -> None:
    """``python -m core.load.observed REPORT streamlit-arguments...``."""
    report = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115 - for the life of this process
    observed = observing(StreamSession.process_frame, report.write, time.monotonic)
    setattr(StreamSession, "process_frame", observed)  # noqa: B010 - what type checkers rightly refuse
    sys.argv[:2] = ["streamlit"]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
