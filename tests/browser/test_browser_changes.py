"""The server's way in Chromium where the page asks for nothing: what changes reaches it all the same."""

import sys

import pytest
from browser_steps import start_camera, unfold
from playwright.sync_api import expect
from test_browser_practise import wait_for_hint

from scripts import drive

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]

# As `python -m streamlit ...`, with pages that run by themselves once an hour.
PATIENT = f"""
import runpy, sys
import streamlit
sys.path.insert(0, {str(drive.ROOT)!r})
fragment = streamlit.fragment
streamlit.fragment = lambda run, run_every=None: fragment(run, run_every=3600 if run_every else None)
del sys.argv[:2]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def test_the_prompt_follows_the_picture_without_being_asked_for(open_page, tmp_path):
    environment = {
        "RETAKE_DATA": str(tmp_path / "data"),
        "RETAKE_LIVE": "server",
        "RETAKE_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    with drive.serve(tmp_path / "log", environment, (sys.executable, "-c", PATIENT)) as server:
        page = open_page(server, setting="camera.dark = true", size=drive.PHONE)
        start_camera(page)
        wait_for_hint(page, "too_dark", locked=True)
        camera = next(frame for frame in page.frames if "webrtc" in frame.url)
        camera.evaluate("camera.dark = false")
        wait_for_hint(page, "ready", locked=False)

        unfold(page, "What the camera sees")
        expect(page.get_by_role("progressbar").first).to_be_visible()

        camera.evaluate("camera.dark = true")
        wait_for_hint(page, "too_dark", locked=True)
        assert "Traceback" not in server.printed(), server.printed()
