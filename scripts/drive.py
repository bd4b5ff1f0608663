"""Starts the app and a real Chromium in front of it: for the browser tests and the screenshots."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.serving import process
from scripts.setup_env import find_browser

if TYPE_CHECKING:  # whoever starts the app alone needs no browser
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

ROOT: Final = Path(__file__).resolve().parent.parent
PHONE, DESKTOP = (390, 844), (1280, 800)
START_WITHIN_S: Final = 180.0

# A browser that talks to nobody but the page under test.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
)


@dataclass(frozen=True)
class Server:
    """A running app: where it answers, the file with everything it printed, and its process's id."""

    url: str
    log: Path
    pid: int

    def printed(self) -> str:
        """Everything it printed until now."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def serve(
    log: Path,
    environment: Mapping[str, str],
    python: Sequence[str] = (sys.executable,),
    port: int | None = None,
    script: str = "serve.py",
) -> Iterator[Server]:
    """Run the app until the block ends.

    Args:
        log: file for all that it prints.
        environment: variables beside those of this process.
        python: how to start Python with ``-m streamlit``.
        port: a free one by default.
        script: what to run.

    Raises:
        RuntimeError: it ended, or did not answer for a long time; the message holds what it printed.
    """
    port = port or process.free_port()
    options = {
        "server.headless": "true",
        "server.port": str(port),
        "server.address": "127.0.0.1",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }
    command = [*python, "-m", "streamlit", "run", script]
    command += [word for name, value in options.items() for word in (f"--{name}", value)]
    with running(command, f"http://127.0.0.1:{port}", log, environment) as server:
        yield server


@contextmanager
def running(command: Sequence[str], url: str, log: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run a command that serves the app at an address until the block ends; as `serve`."""
    options = {"cwd": ROOT, "env": {**os.environ, **environment}, "stdin": subprocess.DEVNULL}
    with log.open("wb") as out, process.running(command, stdout=out, stderr=out, **options) as started:
        server = Server(url, log, started.pid)
        if not process.wait_until(started, lambda: process.is_healthy(url), START_WITHIN_S):
            raise RuntimeError(f"the app did not start:\n{server.printed()}")
        yield server


def flags(
    camera: Path | None = None, granted: bool = True, names: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """How a Chromium is started.

    Args:
        camera: a .y4m film that its camera shows; None for a computer with no camera.
        granted: whether pages get the camera that they ask for, or are told that the person refused.
        names: host names that this browser resolves in its own way, to addresses.
    """
    chosen = list(FLAGS)
    if camera is not None:
        chosen += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}"]
    chosen.append("--use-fake-ui-for-media-stream" if granted else "--deny-permission-prompts")
    if names:
        chosen.append("--host-resolver-rules=" + ",".join(f"MAP {name} {to}" for name, to in names.items()))
    return tuple(chosen)


def _executable() -> str:
    path = find_browser()
    if path is None:
        raise RuntimeError("There is no Chromium here. Debian, Ubuntu: sudo apt-get install chromium")
    return path


@contextmanager
def browser(playwright: Playwright, chosen: Sequence[str]) -> Iterator[Browser]:
    """A Chromium without a window, for many that know nothing of each other.

    Args:
        chosen: what `flags` returned.

    Raises:
        RuntimeError: there is no Chromium on this system.
    """
    running = playwright.chromium.launch(executable_path=_executable(), headless=True, args=list(chosen))
    try:
        yield running
    finally:
        running.close()


class Visits:
    """One visit after the other in a window of `chromium`, none of which finds anything of the last.

    What a browser keeps of a visit without being asked to, scripts and fonts as it fetched and compiled them,
    stays: that is half of the work of drawing a page.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self._origins: set[str] = set()
        context.on("page", self._note)
        for page in context.pages:
            self._note(page)

    def _note(self, page: Page) -> None:
        page.on("framenavigated", lambda frame: self._origins.add(_origin(frame.url)))

    def forget(self) -> None:
        """Close the pages, and let go of all that they kept; one empty page is open then."""
        page = self.context.new_page()
        for one in self.context.pages:
            if one is not page:
                one.close()
        self.context.clear_cookies()
        self.context.clear_permissions()
        session = self.context.new_cdp_session(page)
        for origin in self._origins:
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        session.detach()
        self._origins.clear()


def _origin(url: str) -> str:
    return urlsplit(url)._replace(path="", query="", fragment="").geturl()


@contextmanager
def chromium(
    playwright: Playwright,
    folder: Path,
    *,
    size: tuple[int, int] = DESKTOP,
    camera: Path | None = None,
    granted: bool = True,
    dark: bool = False,
    names: Mapping[str, str] | None = None,
    more: Sequence[str] = (),
) -> Iterator[BrowserContext]:
    """A window of a browser of its own, which keeps in a folder what it is to remember; one page is open.

    Args:
        folder: its profile; an empty folder for a fresh one.
        size: of the page, width and height in pixels; a narrow one behaves as a phone.
        camera: as for `flags`.
        granted: as for `flags`.
        dark: whether the person prefers dark pages.
        names: as for `flags`.
        more: flags of Chromium beside those of `flags`.

    Raises:
        RuntimeError: there is no Chromium on this system.
    """
    context = playwright.chromium.launch_persistent_context(
        str(folder),
        executable_path=_executable(),
        headless=True,
        args=[*flags(camera, granted, names), *more],
        viewport={"width": size[0], "height": size[1]},
        has_touch=size[0] < 600,
        color_scheme="dark" if dark else "light",
        locale="en-GB",
        accept_downloads=True,
        ignore_https_errors=True,  # a phone's owner accepts the certificate made by scripts/phone.py
    )
    try:
        yield context
    finally:
        context.close()
