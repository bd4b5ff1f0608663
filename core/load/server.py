"""The processes of the load bench: a server that is observed, and the visitors in front of it."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import UserFacingError
from core.i18n import _
from core.load.figures import Seen, read_seen
from core.serving import process

ROOT: Final = Path(__file__).resolve().parents[2]
_START_S: Final = 120.0
_UNLIMITED: Final = "1000"
_TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class LoadError(UserFacingError):
    """The bench cannot be run so."""


@dataclass(frozen=True)
class Use:
    """What a process holds and has used: processor seconds, MiB, threads, open files and sockets."""

    cpu_s: float
    memory_mb: float
    threads: int
    files: int


def use_of(pid: int) -> Use:
    """What a process of this machine uses now; raises LoadError where the system does not tell (no /proc)."""
    folder = Path("/proc", str(pid))
    try:
        # The name of the process, in brackets, may hold anything.
        words = (folder / "stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        files = len(list((folder / "fd").iterdir()))
    except OSError:
        raise LoadError(_("This system does not tell what a process uses (no /proc). Use Linux.")) from None
    return Use(
        cpu_s=(int(words[11]) + int(words[12])) / _TICKS,
        memory_mb=int(status["VmRSS"].split()[0]) / 1024,
        threads=int(status["Threads"]),
        files=files,
    )


@dataclass(frozen=True)
class Bench:
    """A server and its visitors."""

    server: subprocess.Popen[bytes]
    visitors: subprocess.Popen[str]
    report: Path
    epoch: float

    def let(self, streams: int) -> None:
        """So many visitors from here on; returns when they are on their way."""
        assert self.visitors.stdin
        assert self.visitors.stdout
        self.visitors.stdin.write(json.dumps({"streams": streams}) + "\n")
        self.visitors.stdin.flush()
        if not self.visitors.stdout.readline():
            raise LoadError(_("The visitors of the bench ended. Set RETAKE_DEBUG=1 and look above."))

    def seen(self) -> list[Seen]:
        """The verdicts so far."""
        return read_seen(self.report.read_text(encoding="utf-8"))

    def use(self) -> Use:
        """What the server uses."""
        return use_of(self.server.pid)


@contextmanager
def running(port: int | None = None, naive: bool = False) -> Iterator[Bench]:
    """A server, observed, and visitors who wait to be let in.

    Args:
        port: the server's; a free one where None.
        naive: whether the app to compare with is served, which needs torch.

    Raises:
        LoadError: the port is in use, or the server did not start.
    """
    if port is None:
        port = process.free_port()
    elif not process.is_free(port):
        message = _("Port {port} is in use. Choose another with --port, or leave it out.")
        raise LoadError(message.format(port=port))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        report = folder / "seen"
        report.touch()
        options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
        options += ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
        command = ["-m", "core.load.observed", str(report), "run", "serve.py", *options]
        if naive:
            command = ["-m", "streamlit", "run", "core/load/naive_app.py", *options]
            # As Streamlit is without our settings.
            command += ["--runner.postScriptGC=true", "--", str(report)]
        environment = {
            **os.environ,
            "RETAKE_LIVE": "server",
            "RETAKE_STREAMS": os.environ.get("RETAKE_STREAMS") or _UNLIMITED,
            "RETAKE_DATA": str(folder / "data"),
            "PYTHONPATH": str(ROOT),  # of a script Streamlit adds its own folder alone
        }
        log = stack.enter_context((folder / "log").open("w+b"))
        serving = process.running(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        server = stack.enter_context(serving)
        if not process.wait_until(server, lambda: process.is_healthy(f"http://127.0.0.1:{port}"), _START_S):
            message = _("The server of the bench did not start ({reason}).")
            raise LoadError(message.format(reason=process.last_line(folder / "log")))
        epoch = time.monotonic()
        errors = None if os.environ.get("RETAKE_DEBUG") else subprocess.DEVNULL
        visiting = process.running(
            [sys.executable, "-m", "core.load.visitor", f"ws://127.0.0.1:{port}/_stcore/stream", str(epoch)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        visitors = stack.enter_context(visiting)
        assert visitors.stdout
        if visitors.stdout.readline().strip() != "ready":
            raise LoadError(_("The visitors of the bench ended. Set RETAKE_DEBUG=1 and look above."))
        yield Bench(server, visitors, report, epoch)
