"""How soon the checker is open in a browser, and how fast it is there: the app as it is served, in Chromium.

What is compared is run in turns, round by round; a figure is the median over the rounds. Needs playwright and
Chromium, as the browser tests do.
"""

import importlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from core.browser.publish import published
from core.browser.runtime import BINARIES, kept_as
from core.errors import UserFacingError
from core.i18n import _
from core.load.line import line
from core.load.visits import Visit, figures, visit_of

ROUND_TRIP_S: Final = 0.04
"""Of a line that is slowed down."""
MOVING: Final = 8
"""Frames of a picture that moves, for one figure."""
STILL: Final = 18
"""Frames of one that does not: of nine one is judged."""
# What a browser tells the page, so that the checker comes as `core.load.visits.WAYS` has it.
_SAID: Final[Mapping[str, str]] = {
    "asked": 'Object.defineProperty(Navigator.prototype, "connection", { get: () => ({ saveData: true }) });',
    "early": "",
}
_WITHIN_S: Final = 120.0

# Looks for the camera's place; presses Start where that is wanted; tells when it was there.
_THERE: Final = """(press) => {
  const roots = [...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean);
  const start = roots.map((root) => root.querySelector(".stage .start")).find(Boolean);
  if (!start?.textContent || !start.getClientRects().length) return 0; // its words come with what it does
  const there = performance.now();
  if (press) start.click();
  return there;
}"""
_MEASURED: Final = """() => {
  const steps = performance.getEntriesByType("measure");
  const told = steps.map(({ name, startTime, duration }) => [name, startTime, duration]);
  return { origin: performance.timeOrigin, steps: told };
}"""
# The runtime compiles while it makes its session: here once more, by itself.
_COMPILE: Final = """async (url) => {
  const kept = (await (await caches.open("retake-on-device")).match(url)).body;
  const bytes = await new Response(kept.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  const began = performance.now();
  await WebAssembly.compile(bytes);
  return performance.now() - began;
}"""
_OPEN: Final = """async ([base, threads]) => {
  const { openEngine } = await import(`${base}engine.js`);
  (window.engines ??= {})[threads] = await openEngine({ base, backend: "wasm", threads });
}"""
_OPEN_ONCE: Final = """async ([base, asFiled]) => {
  const { openEngine } = await import(`${base}engine.js`);
  await openEngine({ base, backend: "wasm", threads: 1, asFiled });
}"""
# Seconds for so many pictures of 1280 x 720 with a camera's noise, and how often the network was asked.
_JUDGE: Final = """async ([threads, count, moves, frame]) => {
  const canvas = new OffscreenCanvas(1280, 720);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const pictures = [];
  for (let turn = 0; turn < count; turn++) {
    context.fillStyle = "#c89682";
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = "#be8c78";
    for (let i = 0; i < 4000; i++) context.fillRect((i * 397) % 1280, (i * 211) % 720, 4, 4);
    context.fillStyle = "#643c32";
    context.fillRect(560 + (moves ? 20 * turn : 0), 300, 140, 110);
    const image = context.getImageData(0, 0, 1280, 720);
    const { data } = image;
    for (let i = 0; i < data.length; i++) if (i % 4 < 3) data[i] += Math.round(6 * Math.random() - 3);
    pictures.push(await createImageBitmap(image));
  }
  let asked = 0;
  const began = performance.now();
  for (const picture of pictures) {
    const { recalled } = await engines[threads].assess(picture, { frame });
    asked += recalled ? 0 : 1;
  }
  return [(performance.now() - began) / 1000, asked];
}"""


class BrowserError(UserFacingError):
    """The bench cannot be run so; ``message`` says what is missing."""


def bench(
    rounds: int, mbit: float | None = None, progress: Callable[[str], object] = lambda text: None
) -> dict[str, Any]:
    """Measure everything; the figures are those of :func:`core.load.visits.figures`.

    Args:
        rounds: of each comparison, at least 1.
        mbit: megabits a second of the line to the visitors; no limit where None.
        progress: told what is measured next.

    Raises:
        BrowserError: playwright, Chromium, or what browsers need is not here.
    """
    visits: dict[str, list[Visit]] = {}
    judged: dict[str, list[float]] = {}
    with _browser() as browser:
        with _app() as (url, _base), _slowed(url, mbit) as link:
            _visits(browser, link, "early")  # a server's first visitor waits for what later ones find done
            for turn in range(rounds):
                for way in _SAID:
                    progress(_("Measuring {names}").format(names=f"{way}, {turn + 1}/{rounds}"))
                    both = _visits(browser, link, way)
                    for name, visit in zip(("first", "second"), both, strict=True):
                        visits.setdefault(f"{way}, {name} visit", []).append(visit)
        with _app(RETAKE_ISOLATED="1") as (url, base), _page(browser) as page:
            # A page of the server that draws nothing and, isolated, may have threads.
            page.goto(f"{url}/_stcore/health")
            for threads in (1, 2):
                page.evaluate(_OPEN, [f"{url}/{base}", threads])
                page.evaluate(_JUDGE, [threads, MOVING, True, False])  # browsers compile what runs often anew
            for turn in range(rounds):
                progress(_("Measuring {names}").format(names=f"1280 x 720, {turn + 1}/{rounds}"))
                for name, value in (_judged(page) | _opened(browser, url, base)).items():
                    judged.setdefault(name, []).append(value)
    return figures(visits, judged) | {"rounds": rounds, "line_mbit": mbit}


def _judged(page: Any) -> dict[str, float]:
    """One round: pictures a second by threads, and of a still picture by whether it is judged each time."""
    found = {}
    for threads in (1, 2):
        seconds, _asked = page.evaluate(_JUDGE, [threads, MOVING, True, False])
        found[f"moving_{threads}_threads_a_second"] = MOVING / seconds
    for name, frame in (("still_judged", False), ("still", True)):
        seconds, asked = page.evaluate(_JUDGE, [1, STILL, False, frame])
        found |= {f"{name}_a_second": STILL / seconds, f"{name}_share_judged": asked / STILL}
    return found


def _opened(browser: Any, url: str, base: str) -> dict[str, float]:
    """Seconds that session and first run take in a fresh browser, by the graph that is opened."""
    found: dict[str, float] = {}
    for name, as_filed in (("as_filed", True), ("optimised", False)):
        with _page(browser) as page:
            page.goto(f"{url}/_stcore/health")
            page.evaluate(_OPEN_ONCE, [f"{url}/{base}", as_filed])
            (worker,) = (one for one in page.workers if one.url.endswith("/worker.js"))
            steps = visit_of(worker.evaluate(_MEASURED), 0.0, 0.0, 0.0).steps_s
            found |= {f"{name}_session_s": steps["session"], f"{name}_first_run_s": steps["first run"]}
    return found


def _visits(browser: Any, url: str, way: str) -> tuple[Visit, Visit]:
    """A first and a second visit of somebody who has never been here."""
    with _page(browser) as page:
        page.add_init_script(_SAID[way])
        return _visit(page, url, press=way == "asked"), _visit(page, url, press=False)


def _visit(page: Any, url: str, press: bool) -> Visit:
    page.goto(url)
    there = page.wait_for_function(_THERE, arg=press, polling=50, timeout=1000 * _WITHIN_S).json_value()
    until = time.monotonic() + _WITHIN_S
    while time.monotonic() < until:
        for worker in [one for one in page.workers if one.url.endswith("/worker.js")]:
            found = worker.evaluate(_MEASURED)
            if any(name == "retake open imageqx" for name, _start, _took in found["steps"]):
                address = worker.url.replace("worker.js", kept_as(BINARIES["wasm"]))
                compiled_s = worker.evaluate(_COMPILE, address) / 1000
                return visit_of(found, page.evaluate("performance.timeOrigin"), there, compiled_s)
        page.wait_for_timeout(100)
    raise BrowserError(_("The checker did not open in the browser. Look at the Practise page by hand first."))


@contextmanager
def _browser() -> Iterator[Any]:
    """Chromium, as the browser tests start it, with a camera that shows a test picture."""
    try:
        playwright = importlib.import_module("playwright.sync_api")
    except ImportError:
        message = _("This bench drives a browser by playwright, which is not installed: {command}")
        command = "pip install -r requirements-dev.txt"
        raise BrowserError(message.format(command=command)) from None
    from scripts import drive  # as the browser tests: nothing that serves imports this module

    with ExitStack() as stack:
        running = stack.enter_context(playwright.sync_playwright())
        chosen = (*drive.flags(), "--use-fake-device-for-media-stream")
        try:
            browser = stack.enter_context(drive.browser(running, chosen))
        except RuntimeError as error:
            raise BrowserError(str(error)) from None
        yield browser


@contextmanager
def _page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def _app(**environment: str) -> Iterator[tuple[str, str]]:
    """The app on the device's way: its address, and below it that of what browsers load."""
    from scripts import drive

    found = published()
    if found is None:
        raise BrowserError(
            _("What browsers need to check pictures is not here: python -m core.browser.runtime")
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        settings = {"RETAKE_DATA": str(folder / "data"), "RETAKE_LIVE": "", "RETAKE_ASSESSOR": "imageqx"}
        with drive.serve(folder / "log", settings | environment) as server:
            yield server.url, found.base


@contextmanager
def _slowed(url: str, mbit: float | None) -> Iterator[str]:
    """The server's address, or that of a slow line to it."""
    if mbit is None:
        yield url
        return
    with line(int(url.rsplit(":", 1)[1]), mbit, ROUND_TRIP_S) as slow:
        yield slow.url
