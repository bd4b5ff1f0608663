"""The app isolated, for threads: the camera still reaches the server."""

import urllib.request

import pytest
from browser_steps import start_camera

from scripts import drive

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]


@pytest.fixture
def isolated(tmp_path):
    environment = {
        "RETAKE_DATA": str(tmp_path / "data"),
        "RETAKE_ASSESSOR": "classical",
        "RETAKE_LIVE": "server",
        "RETAKE_ISOLATED": "1",
        "OMP_NUM_THREADS": "1",
    }
    with drive.serve(tmp_path / "log", environment) as server:
        yield server
        assert "Traceback" not in server.printed(), server.printed()


def test_threads_are_there_and_the_servers_way_still_works(browse, films, isolated):
    page = browse(url=isolated.url, size=drive.PHONE, camera=films("classical")[0])
    start_camera(page)
    assert page.evaluate("crossOriginIsolated")
    with urllib.request.urlopen(f"{isolated.url}/readyz") as answer:
        assert (answer.status, answer.read()) == (200, b"Ready")
