"""What the app does in WebKitGTK; docs/engines.md has the table, and names these tests."""

import engine_windows
import pytest
from engine_cases import Everywhere, judged, start

pytestmark = pytest.mark.engines


class TestWebKit(Everywhere):
    name = "webkit"

    def test_without_webrtc_the_page_says_so_and_the_device_does_it(self, window, app):
        window.goto(f"{app.url}/?live=server")
        window.see("This browser cannot send the camera's video to the server")
        window.see("Use a photo that you have", "a[href]")
        assert not window.sees("", "iframe"), "its Start could only fail"
        window.press("On this device (private)", "label p", then=("Start camera", "button"))
        start(window)
        judged(window)

    def test_with_neither_webassembly_nor_webrtc_a_photo_can_be_uploaded(self, engine, app, good, tmp_path):
        """As on an iPhone in Lockdown Mode; and there is no camera."""
        path = tmp_path / "skin.jpg"
        path.write_bytes(good)
        bare = {"JSC_useWebAssembly": "0", "JSC_useWasm": "0"}
        with engine_windows.webkit(tmp_path, "--enable-mock-capture-devices=0", environment=bare) as window:
            window.goto(app.url)
            window.see("The picture is checked on the server: this browser cannot do it by itself.")
            window.see("This browser cannot send the camera's video to the server")
            window.see("Use a photo that you have", "a[href]")
            window.goto(f"{app.url}/check")
            window.choose_file(path)
            window.see("This photo works")

    def test_without_a_camera_webkit_says_so(self, engine, app, tmp_path):
        with engine_windows.webkit(tmp_path, "--enable-mock-capture-devices=0") as window:
            window.goto(app.url)
            window.press("Start camera")
            window.see("No camera was found")
            window.see("Use a photo that you have", "a[href]")
