"""What the app does in Firefox; docs/engines.md has the table, and names these tests."""

import engine_windows
import pytest
from engine_cases import BEFORE, Everywhere, start, take_photo

pytestmark = pytest.mark.engines


@pytest.fixture
def preferences(engine):
    """Set Firefox's preferences for one test: ``preferences(name=value)``."""
    changed = []

    def prefer(name, value):
        changed.append(name)
        engine.prefer(name, value)

    yield prefer
    for name in changed:
        engine.prefer(name, engine_windows.PREFERENCES.get(name))


class TestFirefox(Everywhere):
    name = "firefox"

    def test_the_server_watches_firefoxs_camera(self, window, app):
        window.goto(f"{app.url}/?live=server")
        window.into(window.until("return document.querySelector('iframe[title*=webrtc]')"))
        window.press("Start camera", then=("Stop camera", "button"))
        window.into(None)
        window.until("return !arguments[0].includes(all('.banner')[0].dataset.key)", BEFORE)
        window.see("Take photo", "button")

    def test_a_photo_is_sent_from_a_private_window(self, engine, app, in_view):
        with engine.private() as window:
            window.goto(app.url)
            window.see("Start camera", "button")
            in_view(window)
            start(window)
            take_photo(window, ("This photo works", "*"))

    def test_where_cookies_are_refused_the_camera_works_and_an_upload_is_not_promised(
        self, window, app, in_view, preferences
    ):
        preferences("network.cookie.cookieBehavior", 2)  # with them all that a page may keep
        window.goto(f"{app.url}/check")
        window.see("This browser refuses cookies")
        window.goto(app.url)
        window.see("Start camera", "button")
        in_view(window)
        start(window)
        take_photo(window, ("This photo works", "*"))

    @pytest.mark.parametrize(
        ("name", "value"),
        [("privacy.resistFingerprinting", True), ("javascript.options.wasm", False)],
        ids=["noise for pixels", "no WebAssembly"],
    )
    def test_a_browser_that_cannot_judge_pictures_leaves_it_to_the_server(
        self, window, app, preferences, name, value
    ):
        preferences(name, value)
        window.goto(app.url)
        window.see("The picture is checked on the server: this browser cannot do it by itself.")
        window.until("return document.querySelector('iframe[title*=webrtc]')")

    def test_a_camera_that_is_blocked_or_missing_is_explained(self, window, app, preferences):
        preferences("media.navigator.permission.disabled", False)
        preferences("permissions.default.camera", 2)
        window.goto(app.url)
        window.see("The camera is blocked for this page.")
        preferences("media.navigator.permission.disabled", True)
        preferences("permissions.default.camera", 0)
        preferences("media.navigator.streams.fake", False)
        window.goto(app.url)
        window.see("No camera was found")
