"""A running app, a fake camera and a real Chromium. The app runs as if torch were not installed."""

import base64
import json
import os
import sys
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path

import cut_network
import cv2
import numpy as np
import pytest
from playwright.sync_api import Error, expect, sync_playwright

from core.guidance.hint import condition
from core.guidance.preset import load_preset
from core.quality.registry import open_assessor
from scripts import drive, fake_camera
from scripts.setup_env import TOOLS, find_browser, find_tool, strict
from tests.at_the_end import remarks

# How long a page may take on a busy machine before a test gives up waiting; nothing is timed.
PATIENCE_MS = int(os.environ.get("RETAKE_PATIENCE_MS", "150000"))
LAUNCHER = (sys.executable, str(drive.ROOT / "tests" / "on_device_app.py"))
CANVAS = (drive.ROOT / "tests" / "browser" / "canvas_camera.js").read_text(encoding="utf-8")
PAGES = pytest.StashKey[list]()
OVERLAYS = """() => ({
  state: document.querySelector("[data-testid=stApp]")?.dataset.testScriptState,
  connection: document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState,
  dialogs: [...document.querySelectorAll("[role=dialog], [role=alertdialog]")].map((one) => one.innerText),
  inert: [...document.querySelectorAll("[inert]")].map((one) => one.outerHTML.slice(0, 200)),
})"""
# What the Content-Security-Policy kept pages from, as they and Chromium itself tell it.
REFUSAL = "Content Security Policy"
TOLD = f"A page tells of the {REFUSAL}: "
LISTEN = f"""addEventListener("securitypolicyviolation", (event) => console.error("{TOLD}" +
  [event.effectiveDirective, event.blockedURI, event.sourceFile, event.documentURI].join(" ")))"""
REFUSALS = []
expect.set_options(timeout=PATIENCE_MS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test tells what lay over its pages: below Streamlit's own dialogs nothing can be pressed."""
    report = yield
    if report.failed and call.when == "call":
        for page in item.stash.get(PAGES, []):
            with suppress(Error):
                report.sections.append((f"on the page {page.url}", str(page.evaluate(OVERLAYS))))
    return report


@pytest.hookimpl(trylast=True)  # after -k and -m: only what was asked for can be left out
def pytest_collection_modifyitems(config, items):
    lacking = {item: _lacking(item) for item in items}
    if strict():  # the tests stay in, and fail saying what is missing; networks are not to be had everywhere
        lacking = {item: name if name == "networks" else None for item, name in lacking.items()}
    elif not find_browser():
        browsers = [item for item in items if item.get_closest_marker("browser")]
        remarks(config).left_out = len(browsers)
        lacking |= dict.fromkeys(browsers, "Chromium")
    left_out = [item for item in items if lacking[item]]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    for item in left_out:
        if lacking[item] != "Chromium":
            what = lacking[item]
            why = f"it needs {what}. Debian, Ubuntu: sudo apt-get install {TOOLS.get(what, what)}"
            if what == "networks":
                why = "this machine lets nobody make networks (ip netns, as root)."
            remarks(config).lacking.append(f"{item.name} was left out: {why}")


def _lacking(item):
    """The first that a test needs (`@pytest.mark.needs("nginx")`) and that is not here."""
    needed = [name for mark in item.iter_markers("needs") for name in mark.args]
    return next((name for name in needed if not _HERE[name]()), None)


_HERE = {
    "networks": cache(cut_network.can_be_made),
    **{name: partial(find_tool, name) for name in TOOLS},
    "postgresql": lambda: (
        os.environ.get("RETAKE_TEST_POSTGRES") or [*Path("/usr/lib/postgresql").glob("*/bin")]
    ),
}


@pytest.fixture
def measured(pytestconfig):
    """Takes lines that are shown at the end of the tests: ``measured("...")``."""
    return remarks(pytestconfig).measured.append


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """The app, served with torch out of reach, by the assessor that it uses; each is started once."""
    launcher = (sys.executable, str(drive.ROOT / "tests" / "without_torch.py"))
    started = {}
    with ExitStack() as stack:

        def server(assessor):
            if assessor not in started:
                folder = tmp_path_factory.mktemp("server")
                environment = {
                    "RETAKE_ASSESSOR": assessor,
                    "RETAKE_LIVE": "server",
                    "RETAKE_DATA": str(folder / "data"),
                    "RETAKE_THREADS": "1",
                    "OMP_NUM_THREADS": "1",
                }
                serving = drive.serve(folder / "log", environment, launcher)
                started[assessor] = stack.enter_context(serving)
            return started[assessor]

        server.started = started
        yield server


@pytest.fixture
def server(servers):
    """The app as it ships."""
    return servers("imageqx")


@pytest.fixture(autouse=True)
def refusals():
    """What the policy refused any page; a test that expects something takes it out."""
    yield REFUSALS
    found, REFUSALS[:] = [*REFUSALS], []
    assert not found, "\n".join(found)


@pytest.fixture(autouse=True)
def _no_traceback(servers):
    """Whatever a test does, no server meets anything that it did not expect."""
    before = {name: len(server.printed()) for name, server in servers.started.items()}
    yield
    for name, server in servers.started.items():
        printed = server.printed()[before.get(name, 0) :]
        assert "Traceback" not in printed, printed


@pytest.fixture(scope="session")
def films(tmp_path_factory):
    """Skin filmed with one fault after another, then sharp and near: (film, conditions) by assessor.

    Every picture is one that this assessor, shown it as a still, judges so: the way from the camera to the
    screen is tested here, not the network.
    """
    made = {}

    def film(name):
        if name not in made:
            assessor, preset = open_assessor(name), load_preset()
            rule = preset.rule(assessor.rule(point=preset.operating_point))
            shots = fake_camera.find_shots(lambda rgb: condition(assessor.assess(rgb, rule), preset))
            path = tmp_path_factory.mktemp("camera") / f"{name}.y4m"
            film = [fake_camera.Shot(rgb, 12 if key is None else 9) for key, rgb in shots.items()]
            made[name] = fake_camera.write(path, film, np.random.default_rng(0)), list(shots)
        return made[name]

    return film


# For this folder and no longer: while it runs, this thread has an event loop, which other tests may not like.
@pytest.fixture(scope="package")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def window(playwright, tmp_path_factory):
    """Open a window with an empty page: ``with window(size=drive.PHONE) as context``.

    It takes all that `drive.chromium` does. A browser that is not in use is taken again: it has nothing of
    the last visit but scripts and fonts as it fetched and compiled them, half of the work of drawing a page.
    """
    idle = {}
    with ExitStack() as stack:

        @contextmanager
        def opened(**start):
            kind = idle.setdefault(repr(sorted(start.items())), [])
            if kind:
                visits = kind.pop()
            else:
                profile = tmp_path_factory.mktemp("profile")
                context = stack.enter_context(drive.chromium(playwright, profile, **start))
                context.add_init_script(LISTEN)
                context.on("console", note_refusal)
                visits = drive.Visits(context)
            try:
                yield visits.context
            finally:
                with suppress(Error):  # a browser that has come to its end is not taken again
                    visits.forget()
                    kind.append(visits)

        yield opened


def note_refusal(message):
    if REFUSAL in message.text:
        REFUSALS.append(message.text)


@pytest.fixture
def browse(window, servers, request):
    """Open a page of the app: ``browse("check", size=drive.PHONE)``; all that `window` takes."""
    with ExitStack() as stack:

        def open_page(path="", url=None, **options):
            page = stack.enter_context(window(**options)).pages[0]
            page.set_default_timeout(PATIENCE_MS)
            request.node.stash.setdefault(PAGES, []).append(page)
            page.goto(f"{url or servers('imageqx').url}/{path}")
            return page

        yield open_page


@pytest.fixture(scope="session")
def good():
    """Drawn skin that the server's ImageQX lets pass, as uint8 RGB."""
    assessor, preset = open_assessor("imageqx"), load_preset()
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    return fake_camera.find_shots(lambda rgb: condition(assessor.assess(rgb, rule), preset))[None]


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Start the app, at a port if one is given, with more in its environment: ``with run() as server``."""

    def serve(port=None, **more):
        folder = tmp_path_factory.mktemp("server")
        environment = {
            "RETAKE_DATA": str(folder / "data"),
            "RETAKE_ASSESSOR": "imageqx",
            "RETAKE_LIVE": "",
            "RETAKE_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            **more,
        }
        return drive.serve(folder / "log", environment, LAUNCHER, port)

    return serve


@pytest.fixture(scope="session")
def on_device(run):
    with run() as server:
        yield server
        assert "Traceback" not in server.printed(), server.printed()


@pytest.fixture(scope="session")
def plain(run, tmp_path_factory):
    """The app with a preset that takes the still as it comes, not the best frame, and offers help soon."""
    preset = tmp_path_factory.mktemp("preset") / "plain.yaml"
    preset.write_text("gate: {best_shot_ms: 0}\ntiming: {help_after_s: 2}", encoding="utf-8")
    with run(RETAKE_PRESET=str(preset)) as server:
        yield server
        assert "Traceback" not in server.printed(), server.printed()


@pytest.fixture
def open_page(window, good, request):
    """A page whose camera the test turns: ``open_page(server)``; all that `window` takes."""
    done, data = cv2.imencode(".jpg", good[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 97])
    assert done
    picture = json.dumps("data:image/jpeg;base64," + base64.b64encode(data).decode())
    with ExitStack() as stack:

        def go(server, path="", setting="", **options):
            page = stack.enter_context(window(**options)).pages[0]
            page.set_default_timeout(PATIENCE_MS)
            request.node.stash.setdefault(PAGES, []).append(page)
            page.add_init_script(f"({CANVAS})({picture}); {setting}")
            page.goto(path if path.startswith("http") else f"{server.url}/{path}")
            return page

        yield go
