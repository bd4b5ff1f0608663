"""On the device against on the server: how fast hints come, what they cost the server, and what a still is.

``python -m scripts.measure_live`` runs the app and a headless Chromium, one way after the other, and prints
one table; ``--json`` keeps every run. Each run is made several times, and of each kind the table shows the
quietest: the one in which other programs used the processor least. A camera films two drawn scenes in turn;
the measured page itself watches it, so that "the picture changed" means the same on both ways.
"""

import argparse
import json
import math
import os
import re
import select
import socket
import socketserver
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, Playwright, sync_playwright

from core.guidance.coach import Coach
from core.guidance.conditions import KEYS, family
from core.guidance.hint import condition
from core.guidance.preset import Preset, load_preset
from core.quality.registry import open_assessor
from core.training.degrade import worsen
from core.training.phantoms import draw
from scripts import drive, fake_camera

# Both ways, and the device's with the headers that let it use threads.
WAYS: Final = ("device", "server", "threads")
NAMES: Final = {"device": "on the device", "server": "on the server", "threads": "on the device, isolated.py"}
FILM: Final = (1280, 720)
RATE: Final = 24  # pictures a second, as phones film
SCENE_S: Final = 6.0
# A hint that has not come by then belongs to the next change.
LATEST_S: Final = 5.5
_PATIENCE_MS: Final = 120_000

# Counts what the page's worker is asked, and notes when it answers, in milliseconds since the navigation.
_COUNT: Final = """
window.retakeAssessed = 0;
window.retakeTimes = {};
const asked = new Map();
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...rest) {
  if (!asked.size) {
    this.addEventListener("message", ({ data }) => {
      const kind = asked.get(data.id);
      if (kind && data.value) window.retakeTimes[`${kind}_answered`] ??= performance.now();
    });
  }
  if (message?.kind) {
    asked.set(message.id, message.kind);
    window.retakeTimes[`${message.kind}_asked`] ??= performance.now();
    if (message.kind === "assess") window.retakeAssessed += 1;
  }
  return post.call(this, message, ...rest);
};
"""

# Watches the camera and the hint; both with the page's own clock.
_WATCH: Final = """
async (scenes) => {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } });
  const video = Object.assign(document.createElement("video"), { muted: true, srcObject: stream });
  await video.play();
  const canvas = new OffscreenCanvas(32, 18);
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const seen = { scenes: [], hints: [] };
  const last = (list) => list.at(-1)?.what;
  const note = (list, what) => what !== last(list) && list.push({ what, at: performance.now() });
  let banner = null;
  const find = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches(".banner")) return element;
      const inside = element.shadowRoot && find(element.shadowRoot);
      if (inside) return inside;
    }
    return null;
  };
  // Each picture once, and the words often: watching must not take the time that it measures.
  const picture = () => {
    brush.drawImage(video, 0, 0, 32, 18);
    const { data } = brush.getImageData(0, 0, 32, 18);
    const far = scenes.map((scene) => scene.reduce((sum, value, i) => sum + Math.abs(value - data[i]), 0));
    note(seen.scenes, far[0] < far[1] ? 0 : 1);
    video.requestVideoFrameCallback(picture);
  };
  const words = () => {
    if (!banner?.isConnected) banner = find(document);
    if (banner) note(seen.hints, banner.querySelector(".text").textContent);
  };
  video.requestVideoFrameCallback(picture);
  window.retakeSeen = seen;
  window.retakeWatch = setInterval(words, 20);
}
"""


def scenes() -> tuple[np.ndarray, np.ndarray, tuple[str, str]]:
    """A drawing that is refused, one that passes (uint8 RGB, of ``FILM``), and the condition of each.

    Raises:
        RuntimeError: the shipped network sees no drawing as intended.
    """
    preset, assessor = load_preset(), open_assessor("imageqx")
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    width, height = FILM
    for seed in range(60):
        near = draw("lesion", seed, (height, width), lesion_extent=0.45, lesion_class="pigmented_macula")
        dark = worsen(near.rgb, near.mask, "bad_light", 1.0, np.random.default_rng(seed), mode="dark")
        key = condition(assessor.assess(dark, rule), preset)
        if key is not None and assessor.assess(near.rgb, rule).passes:
            return dark, near.rgb, (key, "ready")
    raise RuntimeError("no drawing is seen as intended")


def film(path: Path, pictures: Sequence[np.ndarray]) -> Path:
    """Film the pictures in turn, ``SCENE_S`` each."""
    shots = [fake_camera.Shot(rgb, SCENE_S) for rgb in pictures]
    return fake_camera.write(path, shots, np.random.default_rng(0), size=FILM, rate=RATE)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of those that it waited for, until now (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Processor time that anything on this machine has used or was kept from, until now (Linux)."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _waiting, *interrupts_and_stolen = map(int, fields[:8])
    return (user + nice + system + sum(interrupts_and_stolen)) / os.sysconf("SC_CLK_TCK")


def our_seconds() -> float:
    """Processor time of this process and all that it started, server and browser among them (Linux)."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
    ours, total = {os.getpid()}, 0.0
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    for pid in ours:
        with suppress(OSError):
            total += cpu_seconds(pid)
    return total


@contextmanager
def viewers(
    playwright: Playwright, folder: Path, url: str, way: str, count: int, camera: Path
) -> Iterator[list[Page]]:
    """So many tabs in one browser, each with its camera running on this way."""
    with drive.chromium(playwright, folder, camera=camera, names={}) as context:
        context.add_init_script(_COUNT)
        pages = []
        for _number in range(count):
            page = context.new_page()
            page.set_default_timeout(_PATIENCE_MS)
            page.goto(f"{url}/?live={'server' if way == 'server' else 'device'}")
            if way == "server":
                frame = page.frame_locator("iframe[title*='webrtc']")
                frame.get_by_role("button", name="Start camera").click()
            else:
                page.get_by_role("button", name="Start camera").click()
            page.get_by_role("button", name="Take photo").wait_for()
            pages.append(page)
        # Only the page in front is drawn: the others must go on all the same.
        yield pages


def fitting(key: str, preset: Preset) -> set[str]:
    """The words that answer a condition: its own, and those that say more exactly what to do about it."""
    return {preset.prompt(said).text for said in KEYS if family(said) == key}


def delays(seen: dict[str, list[dict[str, Any]]], words: Sequence[Set[str]]) -> list[tuple[int, float]]:
    """The scene that the picture changed to, and the seconds to the hint that belongs to it, for each change.

    Args:
        seen: ``scenes`` (which of the two) and ``hints`` (words), each with ``what`` and ``at`` (ms).
        words: what each scene may be told.
    """
    out = []
    for change in seen["scenes"][1:]:
        wanted = words[change["what"]]
        later = [
            hint["at"] for hint in seen["hints"] if hint["what"] in wanted and hint["at"] >= change["at"]
        ]
        if later and later[0] - change["at"] < 1000 * LATEST_S:
            out.append((change["what"], (later[0] - change["at"]) / 1000))
    return out


def smoothing(preset: Preset, before: str, after: str, per_second: float) -> float:
    """Seconds that the coach itself waits after a change, where every frame is judged rightly and at once.

    Args:
        before, after: conditions of the frames before and after the change.
        per_second: frames judged a second.
    """
    moment = 0.0
    coach = Coach(preset, lambda: moment)
    frames = math.ceil(SCENE_S * per_second)
    for key in (before, after):
        changed = moment
        for _frame in range(frames):
            if coach.see(key).key == after:
                return moment - changed
            moment += 1 / per_second
    raise ValueError(f"{after} is never shown at {per_second} frames a second")


def measure(
    playwright: Playwright,
    way: str,
    count: int,
    seconds: float,
    work: Path,
    camera: Path,
    shown: tuple[np.ndarray, np.ndarray, tuple[str, str]],
) -> dict[str, Any]:
    """One run: so many viewers on one way for so long; `shown` is what the camera's film was made of."""
    dark, near, keys = shown
    words = [fitting(key, load_preset()) for key in keys]
    small = [cv2.resize(rgb, (32, 18), interpolation=cv2.INTER_AREA) for rgb in (dark, near)]
    flat = [np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]).ravel().tolist() for rgb in small]
    folder = Path(tempfile.mkdtemp(dir=work))
    environment = {"RETAKE_DATA": str(folder / "data"), "RETAKE_COUNTED": str(folder / "counted")}
    with ExitStack() as stack:
        python = (sys.executable, str(Path(__file__).with_name("counted_app.py")))
        script = "isolated.py" if way == "threads" else "app.py"
        server = stack.enter_context(drive.serve(folder / "log", environment, python, script=script))
        pages = stack.enter_context(viewers(playwright, folder / "profile", server.url, way, count, camera))
        pages[-1].evaluate(_WATCH, flat)
        time.sleep(3 * SCENE_S)  # the video link grows to its size, the network is warm
        before = _now(server, pages, folder, way)
        pages[-1].evaluate("() => { retakeSeen.scenes = []; retakeSeen.hints = []; }")
        time.sleep(seconds)
        after = _now(server, pages, folder, way)
        seen = pages[-1].evaluate("() => { clearInterval(retakeWatch); return retakeSeen; }")
        lasted = after["at"] - before["at"]
        found = delays(seen, words)
        rate = (after["assessed"] - before["assessed"]) / lasted / count
        out = {
            "way": way,
            "viewers": count,
            "seconds": round(lasted, 1),
            "others_used_cores": round(_others(before, after), 3),
            "server_cpu_cores": round((after["cpu"] - before["cpu"]) / lasted, 4),
            "assessments_per_second_a_viewer": round(rate, 2),
            "server_cpu_share_a_viewer": round((after["cpu"] - before["cpu"]) / lasted / count, 4),
            "changes": len(seen["scenes"]) - 1,
            "hints_that_came": len(found),
        } | latency(found, keys, rate)
        if count == 1:
            out |= still(pages[0])
    return out


def latency(found: Sequence[tuple[int, float]], keys: Sequence[str], rate: float) -> dict[str, float | None]:
    """Median and 95th percentile in seconds of what was measured, and of that less the coach's own waiting.

    Args:
        found: as `delays` gives it.
        keys: the condition of each scene.
        rate: frames judged a second.
    """
    names = "picture_to_prompt_median_s", "picture_to_prompt_p95_s"
    beyond = "beyond_smoothing_median_s", "beyond_smoothing_p95_s"
    if not found:
        return dict.fromkeys((*names, *beyond))
    preset = load_preset()
    waits = [smoothing(preset, keys[1 - what], keys[what], rate) for what in (0, 1)]
    out = {}
    for (median, p95), values in (
        (names, [seconds for _what, seconds in found]),
        (beyond, [seconds - waits[what] for what, seconds in found]),
    ):
        out[median] = round(statistics.median(values), 3)
        out[p95] = round(float(np.quantile(values, 0.95)), 3)
    return out


def _now(server: drive.Server, pages: Sequence[Page], folder: Path, way: str) -> dict[str, float]:
    if way != "server":
        assessed = sum(page.evaluate("retakeAssessed") for page in pages)
    else:
        counted = folder / "counted"
        assessed = int(counted.read_text() or 0) if counted.is_file() else 0
    return {"at": time.monotonic(), "cpu": cpu_seconds(server.pid), "assessed": assessed, **_load()}


def _load() -> dict[str, float]:
    return {"busy": busy_seconds(), "ours": our_seconds(), "clock": time.monotonic()}


def _others(before: dict[str, float], after: dict[str, float]) -> float:
    """Cores that other programs kept busy between two moments; at least 0."""
    used = after["busy"] - before["busy"] - (after["ours"] - before["ours"])
    return max(0.0, used / (after["clock"] - before["clock"]))


def still(page: Page) -> dict[str, Any]:
    """Take a photo and say how large and how sharp it is, as it arrived."""
    shutter = page.get_by_role("button", name="Take photo")
    accepted = page.get_by_role("img", name="Your photo", exact=True)
    until = time.monotonic() + 60
    while not accepted.is_visible() and time.monotonic() < until:
        # It comes and goes with the picture: what was there a moment ago may be gone.
        with suppress(PlaywrightError):
            if shutter.is_visible() and shutter.get_attribute("aria-disabled", timeout=2000) != "true":
                shutter.click(timeout=2000)
        page.wait_for_timeout(300)
    if not accepted.is_visible():
        return {"still": None}
    data = page.evaluate(
        """async (image) => {
             const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
             return Array.from(bytes);
           }""",
        accepted.element_handle(),
    )
    picture = cv2.imdecode(np.frombuffer(bytes(data), np.uint8), cv2.IMREAD_GRAYSCALE)
    height, width = picture.shape
    return {
        "still": f"{width}x{height}",
        # At one size, or the larger still would look softer than it is.
        "still_sharpness": round(float(cv2.Laplacian(cv2.resize(picture, (640, 360)), cv2.CV_64F).var()), 1),
    }


def visits(playwright: Playwright, work: Path, camera: Path) -> list[dict[str, Any]]:
    """A first visit and, by a browser started anew with the same profile, a second one, on the device.

    Returns:
        for each: seconds from the navigation to the button (that is Streamlit's own start), seconds that
        opening the checker took, seconds from the navigation to the open checker and from the press to the
        first verdict; bytes that came in all and of the checker's files; how many of these were asked for.
    """
    folder = Path(tempfile.mkdtemp(dir=work))
    out = []
    with ExitStack() as stack:
        server = stack.enter_context(drive.serve(folder / "log", {"RETAKE_DATA": str(folder / "data")}))
        meter = stack.enter_context(metered(server.url))
        for name in ("first", "second"):
            meter.answers.clear()
            before = _load()
            with drive.chromium(playwright, folder / "profile", camera=camera, names={}) as context:
                page = context.pages[0]
                page.set_default_timeout(_PATIENCE_MS)
                page.add_init_script(_COUNT)
                page.goto(f"{meter.url}/?live=device")
                start = page.get_by_role("button", name="Start camera")
                start.wait_for()
                shown = page.evaluate("performance.now()")
                page.wait_for_timeout(3000)  # a person reads first; what is kept may be opened meanwhile
                pressed = page.evaluate("performance.now()")
                start.click()
                page.wait_for_function("retakeTimes.assess_answered")
                times = page.evaluate("retakeTimes")
                after = _load()  # while this browser can still be asked what it used
            named = [size for path, size in meter.answers if "/app/static/retake/" in path]
            out.append(
                {
                    "visit": name,
                    "others_used_cores": round(_others(before, after), 3),
                    "navigation_to_button_s": round(shown / 1000, 2),
                    "opening_the_checker_s": round((times["open_answered"] - times["open_asked"]) / 1000, 2),
                    "navigation_to_checker_s": round(times["open_answered"] / 1000, 2),
                    "press_to_first_verdict_s": round((times["assess_answered"] - pressed) / 1000, 2),
                    "bytes": sum(size for _path, size in meter.answers),
                    "bytes_of_the_checker": sum(named),
                    "files_of_the_checker_asked_for": len(named),
                }
            )
    return out


@dataclass
class Meter:
    """What went through: its own address, and the bytes of each answer by the path that was asked for."""

    url: str
    answers: list[tuple[str, int]] = field(default_factory=list)


@contextmanager
def metered(url: str) -> Iterator[Meter]:
    """Stand between a browser and a server and count, until the block ends. HTTP/1.1 as browsers speak it."""
    host, port = url.removeprefix("http://").split(":")
    asked = re.compile(rb"(?:^|\r\n\r\n)(?:GET|HEAD|POST|PUT) (\S+) HTTP/1")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            path, came = "", 0

            def settle() -> None:
                if path:
                    meter.answers.append((path, came))

            with socket.create_connection((host, int(port))) as there, suppress(OSError):
                ends = {self.request: there, there: self.request}
                while True:
                    for end in select.select(list(ends), [], [])[0]:
                        data = end.recv(1 << 16)
                        if not data:
                            return settle()
                        if end is self.request and (found := asked.match(data)):
                            settle()
                            path, came = found[1].decode(), 0
                        elif end is there:
                            came += len(data)
                        ends[end].sendall(data)
            settle()

    class Proxy(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Proxy(("127.0.0.1", 0), Handler) as proxy:
        meter = Meter(f"http://127.0.0.1:{proxy.server_address[1]}")
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield meter
        finally:
            proxy.shutdown()


def quietest(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each kind of run (way and viewers) that worked, the one with the least load from other programs."""
    kinds: dict[tuple[str, int], dict[str, Any]] = {}
    for run in runs:
        kind = run["way"], run["viewers"]
        if "failed" in run:
            continue
        if kind not in kinds or run["others_used_cores"] < kinds[kind]["others_used_cores"]:
            kinds[kind] = run
    return list(kinds.values())


Cell = Callable[[dict[str, Any]], str]
# What the table says of a run: words, and the value in a run that has it.
ROWS: Final[dict[str, Cell]] = {
    "assessments a second, each viewer": lambda run: f"{run['assessments_per_second_a_viewer']:.1f}",
    "picture to prompt, median": lambda run: f"{run['picture_to_prompt_median_s']:.2f} s",
    "picture to prompt, 95 of 100 within": lambda run: f"{run['picture_to_prompt_p95_s']:.2f} s",
    "of that beyond the smoothing, median": lambda run: f"{run['beyond_smoothing_median_s']:.2f} s",
    "of that beyond the smoothing, 95 of 100 within": lambda run: f"{run['beyond_smoothing_p95_s']:.2f} s",
    "hints that came, of changes": lambda run: f"{run['hints_that_came']} of {run['changes']}",
    "server's processor, each viewer": lambda run: f"{run['server_cpu_share_a_viewer']:.3f} cores",
    "server's processor, all viewers": lambda run: f"{run['server_cpu_cores']:.3f} cores",
    "still": lambda run: str(run["still"]),
    "still's sharpness (variance of the Laplacian)": lambda run: str(run["still_sharpness"]),
    "others used meanwhile": lambda run: f"{run['others_used_cores']:.2f} cores",
}
VISIT_ROWS: Final[dict[str, Cell]] = {
    "bytes in all": lambda visit: f"{visit['bytes'] / 1e6:.2f} MB",
    "bytes of the checker": lambda visit: f"{visit['bytes_of_the_checker'] / 1e6:.2f} MB",
    "its files asked for": lambda visit: str(visit["files_of_the_checker_asked_for"]),
    "navigation to the button (Streamlit's own start)": lambda v: f"{v['navigation_to_button_s']} s",
    "opening the checker": lambda visit: f"{visit['opening_the_checker_s']} s",
    "navigation to the open checker": lambda visit: f"{visit['navigation_to_checker_s']} s",
    "press to the first verdict": lambda visit: f"{visit['press_to_first_verdict_s']} s",
    "others used meanwhile": lambda visit: f"{visit['others_used_cores']:.2f} cores",
}


def table(
    heads: Sequence[str], rows: Mapping[str, Callable[[dict[str, Any]], str]], runs: Sequence[Any]
) -> str:
    """Runs side by side, as Markdown; a cell that a run has nothing for is empty, and so may a row be."""

    def cell(value: Callable[[dict[str, Any]], str], run: dict[str, Any]) -> str:
        try:
            return value(run)
        except (KeyError, TypeError, ValueError):
            return ""

    lines = [["", *heads], ["---"] * (len(heads) + 1)]
    for words, value in rows.items():
        cells = [cell(value, run) for run in runs]
        if any(cells):
            lines.append([words, *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(runs: Sequence[dict[str, Any]], seen: Sequence[dict[str, Any]]) -> str:
    """All that was found, as Markdown."""
    parts = []
    best = quietest(runs)
    for count in sorted({run["viewers"] for run in best}):
        these = [run for run in best if run["viewers"] == count]
        heads = [NAMES[run["way"]] for run in these]
        parts.append(f"{count} viewer{'s' if count > 1 else ''}\n\n{table(heads, ROWS, these)}")
    pairs = [seen[i : i + 2] for i in range(0, len(seen), 2)]
    if pairs:
        pair = min(pairs, key=lambda two: two[-1]["others_used_cores"])
        parts.append("visits\n\n" + table([visit["visit"] for visit in pair], VISIT_ROWS, pair))
    failed = [
        f"{run['viewers']} viewers {NAMES[run['way']]}: {run['failed']}" for run in runs if "failed" in run
    ]
    return "\n\n".join([*parts, *failed])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m scripts.measure_live", description=__doc__)
    parser.add_argument("--seconds", type=float, default=36.0, help="of each run (%(default)s)")
    parser.add_argument("--repeat", type=int, default=2, help="how often each run is made (%(default)s)")
    parser.add_argument(
        "--viewers", default="1,4,8", help="numbers of tabs, separated by commas (%(default)s)"
    )
    parser.add_argument("--ways", default=",".join(WAYS), help="with commas (%(default)s)")
    parser.add_argument("--no-visits", action="store_true", help="leave the first and second visit out")
    parser.add_argument("--json", type=Path, help="file for every run and visit")
    args = parser.parse_args(arguments)
    runs: list[dict[str, Any]] = []
    seen: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        work = Path(folder)
        shown = scenes()
        camera = film(work / "scenes.y4m", shown[:2])
        for turn in range(args.repeat):
            if not args.no_visits:
                seen += visits(playwright, work, camera)
                print(json.dumps(seen[-2:]), file=sys.stderr, flush=True)
            for count in map(int, args.viewers.split(",")):
                for way in args.ways.split(","):
                    if way == "threads" and count > 1:
                        continue  # threads are for one person's device, not for many tabs on one
                    try:
                        run = measure(playwright, way, count, args.seconds, work, camera, shown)
                    except (PlaywrightError, RuntimeError) as error:
                        run = {"way": way, "viewers": count, "failed": str(error).splitlines()[0]}
                    runs.append(run | {"turn": turn + 1})
                    print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    if args.json:
        args.json.write_text(json.dumps({"runs": runs, "visits": seen}, indent=1) + "\n", encoding="utf-8")
    print(report(runs, seen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
