"""The app as it ships, and Firefox and WebKitGTK in front of it; each is started once."""

import base64
import io
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import engine_windows
import pytest
from PIL import Image

from core.browser.publish import published
from core.guidance.hint import condition
from core.guidance.preset import load_preset
from core.quality.registry import open_assessor
from scripts import drive, fake_camera
from scripts.setup_env import ENGINES, find_engine, strict
from tests.at_the_end import HOW, remarks
from tests.other_sites import other_sites

pytest.register_assert_rewrite("engine_cases")
CANVAS = (drive.ROOT / "tests" / "browser" / "canvas_camera.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class App(drive.Server):
    """A running app, and the folder for what it keeps."""

    data: Path


@pytest.hookimpl(trylast=True)  # after -k and -m: only what was asked for can be left out
def pytest_collection_modifyitems(config, items):
    # In automatic runs the tests stay in, and fail saying what is missing.
    if strict():
        return
    marked = [item for item in items if item.get_closest_marker("engines")]
    for name in ENGINES:
        left_out = [item for item in marked if item.cls.name == name]
        if left_out and not find_engine(name):
            items[:] = [item for item in items if item not in left_out]
            config.hook.pytest_deselected(items=left_out)
            remarks(config).engines[name] = len(left_out)


@pytest.fixture(scope="session")
def around():
    """A page of another site, with Retake in a frame."""
    with other_sites(1) as site:
        yield site


@pytest.fixture(scope="session")
def app(tmp_path_factory, around):
    """The app with the networks as they ship, which the page of another site may frame."""
    assert published() is not None, "the runtime is not there: run python -m core.browser.runtime"
    folder = tmp_path_factory.mktemp("server")
    environment = {
        "RETAKE_DATA": str(folder / "data"),
        "RETAKE_LIVE": "",
        "RETAKE_EMBED_ORIGINS": around.urls[0],
        "RETAKE_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    with drive.serve(folder / "log", environment) as server:
        server = App(**vars(server), data=folder / "data")
        yield server
        assert "Traceback" not in server.printed(), server.printed()


@pytest.fixture(scope="session")
def windows(tmp_path_factory):
    """The window of an engine by its name; each is started once."""
    started = {}
    with ExitStack() as stack:

        def window(name):
            if name not in started:
                opened = getattr(engine_windows, name)(tmp_path_factory.mktemp(name))
                started[name] = stack.enter_context(opened)
            return started[name]

        yield window


@pytest.fixture
def engine(request, windows):
    """The window of the engine that a class of tests is about."""
    name = request.cls.name
    assert find_engine(name), HOW[name]
    return windows(name)


@pytest.fixture
def window(engine, app):
    """The engine's window, in which nobody has been yet."""
    engine.into(None)
    engine.goto(f"{app.url}/_stcore/health")
    engine.js("sessionStorage.clear(); indexedDB.deleteDatabase('retake')")
    return engine


@pytest.fixture(scope="session")
def good():
    """Drawn skin that ImageQX lets pass, as the bytes of a JPEG."""
    assessor, preset = open_assessor("imageqx"), load_preset()
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    shots = fake_camera.find_shots(lambda rgb: condition(assessor.assess(rgb, rule), preset))
    out = io.BytesIO()
    Image.fromarray(shots[None]).save(out, "JPEG", quality=97)
    return out.getvalue()


@pytest.fixture
def in_view(good):
    """Put drawn skin before a window's camera; all else is the engine's own."""
    address = "data:image/jpeg;base64," + base64.b64encode(good).decode()

    def put(window):
        window.js(
            f"""const had = "ImageCapture" in window;
            ({CANVAS})({json.dumps(address)});
            if (!had) delete window.ImageCapture;"""
        )

    return put
