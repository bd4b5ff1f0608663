"""A process that benches, scripts and tests start, and that serves at a port of this computer."""

import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

PORTS: Final = range(20000, 32000)
_END_WITHIN_S: Final = 20.0
_PAUSE_S: Final = 0.1
_Found = TypeVar("_Found")


def is_free(port: int) -> bool:
    """Whether a process could listen at a TCP port of this computer now."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def free_port(beside: int | None = None) -> int:
    """A TCP port that nothing listens on at the moment, and not the one that is spoken for.

    It is none of those that systems hand out to outgoing connections: a browser that tries again and again to
    reach a server which has stopped would now and then be given the very port, and hold it. Processes begin
    to look in different places, so that two that start servers at the same time do not pick the same.

    Raises:
        OSError: none is free.
    """
    for turn in range(len(PORTS)):
        port = PORTS[(37 * os.getpid() + turn) % len(PORTS)]
        if port != beside and is_free(port):
            return port
    raise OSError("no port is free")


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Run a command until the block ends, at the latest 20 seconds later; ``options`` are those of Popen."""
    with subprocess.Popen(command, **options) as process:  # closes the pipes
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until(
    process: subprocess.Popen[Any], look: Callable[[], _Found], within_s: float, pause_s: float = _PAUSE_S
) -> _Found | None:
    """What ``look`` finds as soon as that is true; None where the process ended before, or time is up.

    An OSError or ValueError of ``look`` says that there is nothing yet; it is asked again after a pause.
    """
    until = time.monotonic() + within_s
    while process.poll() is None and time.monotonic() < until:
        try:
            if found := look():
                return found
        except (OSError, ValueError):
            pass
        time.sleep(pause_s)
    return None


def is_healthy(url: str) -> bool:
    """Whether Streamlit answers at an address of this computer, whichever certificate it has.

    Raises:
        OSError: nothing answers there.
    """
    return fetched(f"{url}/_stcore/health") == b"ok"


def fetched(url: str) -> bytes:
    """What is at an address of this computer, whichever certificate it has.

    Raises:
        OSError: nothing answers there, or not with success.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # a default one reads all the system's certificates
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(url, timeout=5, context=trusting) as answer:  # noqa: S310, our own server
        return bytes(answer.read())


def last_line(log: Path) -> str:
    """What a process printed last: mostly, why it ended."""
    return log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
