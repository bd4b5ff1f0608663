import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.visitor import opened

ROOT = Path(__file__).parents[2]
WITHOUT_TORCH = """
import sys
from unittest.mock import patch
from streamlit.testing.v1 import AppTest
from core.designer import pictures
from core.live.stream import StreamState

pictures.ROWS = ("plain",)  # each takes seconds
with patch("core.live.stream.camera_stream", lambda *a, **k: StreamState(playing=False, connecting=False)):
    at = AppTest.from_file("app.py", default_timeout=120).run()
    assert not at.exception and not at.error, (at.exception, at.error)
    for name in ("check", "compare", "how_good", "designer", "about"):
        page = f"pages/{name}.py"
        at.switch_page(page).run()
        assert not at.exception and not at.error, (page, at.exception, at.error)
    at.switch_page("pages/check.py").run()
    at.segmented_control(key="check-way").set_value("samples").run()
    at.button(key="check-sample-clear").click().run()
    for override in (b for b in at.button if b.label == "Use this photo anyway"):
        override.click().run()
    for shown in (b for b in at.button if b.label == "Show it all the same"):
        shown.click().run()
    assert not at.exception and not at.error, (at.exception, at.error)
    assert any("skin change" in text.value for text in at.markdown)
print([name for name in ("torch", "torchvision", "pytorch_grad_cam", "lightning") if name in sys.modules])
"""


@pytest.fixture
def app(fake_networks, drawings, no_camera, monkeypatch, tmp_path):
    """Opens the app at a page."""
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path / "data"))
    return lambda page: opened(page).run()


@pytest.mark.parametrize("page", ["practise", "check", "compare", "how_good", "designer", "studies", "about"])
def test_every_page_has_the_frame(app, page):
    at = app(page)
    assert not at.exception
    assert not at.error
    labels = [link.label for link in at.get("page_link")]
    assert labels == ["Practise", "Check", "Compare", "How good?", "Designer", "Studies", "About"]
    assert any("not a medical device" in html.proto.body for html in at.get("html"))
    assert at.checkbox(key="rt_consent").value is False


def test_from_pixels_to_prediction_no_page_imports_torch():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_error_in_a_page_is_one_sentence_and_the_frame_stays(app, monkeypatch, caplog):
    def broken():
        raise RuntimeError("secret detail")

    monkeypatch.setattr("core.ui.checking.tray", broken)
    at = app("check")
    assert not at.exception
    assert len(at.error) == 1
    assert "not your photo's fault" in at.error[0].value
    assert "secret" not in at.error[0].value
    assert "secret detail" in caplog.text
    assert at.get("page_link")


def test_missing_weights_show_how_to_restore_them(no_camera, monkeypatch, tmp_path):
    from core.runtime.manifest import load_manifest
    from core.ui import engines

    monkeypatch.setattr(engines, "load_manifest", lambda: load_manifest(tmp_path / "manifest.json"))
    at = opened().run()
    assert not at.exception
    assert "git checkout -- weights" in at.error[0].value
    assert at.get("page_link")


def test_a_page_run_on_its_own_leads_to_the_front_door(fake_networks):
    alone = AppTest.from_file(str(ROOT / "pages" / "about.py"), default_timeout=60)
    # What the first visitor of a fresh server gets who opens /about; here only that the frame is asked for.
    from unittest.mock import patch

    with patch("core.ui.layout.runpy.run_path") as front_door:
        alone.run()
    front_door.assert_called_once_with(str(ROOT / "app.py"))


def test_the_log_is_saved_only_with_consent_and_removed_without(app, tmp_path):
    at = app("about")
    assert not (tmp_path / "data").exists()
    at.checkbox(key="rt_consent").check().run()
    (saved,) = (tmp_path / "data" / "sessions").glob("*.jsonl")
    assert '"session_started"' in saved.read_text()
    assert '"consent_given"' in saved.read_text()
    at.checkbox(key="rt_consent").uncheck().run()
    assert not saved.exists()
    names = [event.event for event in at.session_state["rt_log"].events]
    assert names[-2:] == ["consent_withdrawn", "data_deleted"]


def test_consent_holds_when_the_page_changes(app):
    at = app("about")
    at.checkbox(key="rt_consent").check().run()
    at.switch_page("pages/check.py").run()
    assert at.checkbox(key="rt_consent").value is True


def test_the_log_says_which_language_was_spoken(app):
    at = app("about")
    for language in ("de", "de", "en"):
        at.query_params["lang"] = language
        at.run()
    spoken = [event.properties for event in at.session_state["rt_log"].events if event.event == "note_added"]
    assert spoken == [{"note": "language", "language": code} for code in ("de", "en")]


def test_a_log_that_cannot_be_saved_says_so_and_stays_in_memory(app, tmp_path):
    (tmp_path / "data").write_text("a file where a folder should be")
    at = app("about")
    at.checkbox(key="rt_consent").check().run()
    assert not at.exception
    assert any("could not be saved" in warning.value for warning in at.warning)
    assert at.checkbox(key="rt_consent").value is False


def test_settings_keep_usage_private_and_tracebacks_off_the_page():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["server"]["maxUploadSize"] == 20
    assert settings["client"] == {
        "toolbarMode": "minimal",
        "showErrorDetails": "none",
        "showSidebarNavigation": False,
        "allowedOrigins": [],
    }


def test_every_setting_has_a_comment():
    before = ""
    for line in (ROOT / ".streamlit" / "config.toml").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            assert before.startswith("#"), line
        before = line


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_themes_keep_their_contrast(theme):
    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][theme]
    for text, ground in (
        ("textColor", "backgroundColor"),
        ("textColor", "secondaryBackgroundColor"),
        ("linkColor", "backgroundColor"),
        *((f"{name}TextColor", f"{name}BackgroundColor") for name in ("blue", "yellow", "red", "green")),
    ):
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast("#ffffff", colours["primaryColor"]) >= 4.5


def contrast(one, other):
    """Contrast ratio as WCAG 2 defines it."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_address_is_its_file_s_name():
    """Streamlit answers a new server's first visitor by the files in pages/, before it has met app.py."""
    calls = [node for node in ast.walk(ast.parse((ROOT / "app.py").read_text("utf-8"))) if is_page(node)]
    assert len(calls) == len(list((ROOT / "pages").glob("*.py")))
    for call in calls:
        given = {one.arg: ast.literal_eval(one.value) for one in call.keywords if one.arg != "title"}
        assert given.get("default") or given["url_path"] == Path(call.args[0].value).stem


def is_page(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "st.Page"
