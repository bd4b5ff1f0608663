import sys
from urllib.parse import urlsplit

import pytest
from browser_steps import settled, start_camera
from playwright.sync_api import expect

from core.serving.process import free_port
from scripts import drive, phone

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]


@pytest.fixture
def phone_server(tmp_path):
    """What `make app-phone` starts, at the address that it prints."""
    port = free_port()
    link = f"https://{phone.lan_addresses()[0]}:{port}"
    command = [sys.executable, "-m", "scripts.phone", "--port", str(port)]
    environment = {"RETAKE_DATA": str(tmp_path / "data"), "OMP_NUM_THREADS": "1", "RETAKE_THREADS": "1"}
    environment["RETAKE_LIVE"] = "server"
    with drive.running(command, link, tmp_path / "log", environment) as server:
        yield server
    assert "Traceback" not in server.printed(), server.printed()


def test_a_phone_in_the_network_gets_the_camera(browse, films, phone_server):
    page = browse(size=drive.PHONE, camera=films("classical")[0], url=phone_server.url)

    assert page.evaluate("isSecureContext")
    start_camera(page)
    assert f"{phone_server.url}\n" in phone_server.printed()


def test_over_plain_http_the_page_says_why_there_is_no_camera(browse, server):
    # Chromium takes 127.0.0.1 for secure, but not this name for the same server.
    plain = f"http://retake.test:{urlsplit(server.url).port}"
    page = browse(size=drive.PHONE, url=plain, names={"retake.test": "127.0.0.1"})

    assert not page.evaluate("isSecureContext")
    expect(page.get_by_text("make app-phone").first).to_be_visible()
    settled(page)
    page.get_by_role("link", name="Use a photo that you have").click()
    expect(page.get_by_role("heading", name="Check photos")).to_be_visible()
