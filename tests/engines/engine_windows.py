"""Firefox and WebKitGTK as tests drive them: one window, as large as a phone's, with the same few commands.

Playwright drives neither as Debian ships them (docs/decisions/engines.md).
"""

import base64
import json
import os
import socket
import subprocess
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from core.serving import process
from scripts import drive
from scripts.setup_env import find_engine

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of what they import
    from marionette_driver.errors import MarionetteException
    from marionette_driver.marionette import Marionette

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Remote
from selenium.webdriver.remote.file_detector import UselessFileDetector
from selenium.webdriver.webkitgtk.options import Options

FIND = (Path(__file__).parent / "find.js").read_text(encoding="utf-8")
# How long something may take on a busy machine before a test gives up; nothing is timed.
PATIENCE_S = float(os.environ.get("RETAKE_PATIENCE_MS", "150000")) / 1000
# As far from UTC as any place is: fourteen hours ahead.
ZONE = "Pacific/Kiritimati"
PREFERENCES: Mapping[str, Any] = {
    "marionette.port": 0,  # one that is free, written into the profile
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "intl.accept_languages": "en-GB, en",
    "datareporting.policy.dataSubmissionEnabled": False,
}


# Whether the place for files holds one, or made room for what it held.
_TAKEN = "return all('[data-testid=stFileUploaderFile]').length > 0 || !all('input[type=file]').length"
PRESSED = "button, [role=button], a[href], summary"


class Window(ABC):
    """One window of a browser."""

    @abstractmethod
    def goto(self, url: str) -> None:
        """Open an address and wait until it is loaded."""

    @abstractmethod
    def _run(self, script: str, arguments: tuple[Any, ...]) -> Any: ...

    @abstractmethod
    def _run_later(self, script: str, arguments: tuple[Any, ...]) -> Any: ...

    @abstractmethod
    def into(self, frame: Any) -> None:
        """Go into a frame; None leads out of all frames."""

    @abstractmethod
    def spoken(self, element: Any) -> tuple[str, str]:
        """Role and name of an element, as the engine gives them to a screen reader."""

    @abstractmethod
    def picture(self) -> bytes:
        """What is seen, as PNG."""

    def js(self, script: str, *arguments: Any) -> Any:
        """Run a script, with `find` and `all` of find.js, and return what it returns."""
        return self._run(f"{FIND}\n{script}", arguments)

    def later(self, script: str, *arguments: Any) -> Any:
        """The same for the body of an asynchronous function, whose arguments are ``given``."""
        body = f"""const given = [...arguments], done = given.pop();
        (async () => {{ {FIND}\n{script} }})().then(
          (value) => done({{ value }}), (error) => done({{ error: `${{error}}` }}));"""
        answer = self._run_later(body, arguments)
        assert "error" not in answer, answer
        return answer.get("value")

    def until(self, script: str, *arguments: Any) -> Any:
        """Run a script again and again until it returns something true, and return that."""
        end, said = time.monotonic() + PATIENCE_S, None
        while time.monotonic() < end:
            try:
                if found := self.js(script, *arguments):
                    return found
            except (MarionetteException, WebDriverException) as error:
                said = error  # the page was drawn anew, or is another one now
            time.sleep(0.1)
        raise AssertionError(f"never true: {script} {arguments} {said or ''}\nThe page:\n{self.words()}")

    def words(self) -> str:
        """All that is to be read on the page."""
        return self.js(
            "return [...everything(document)].filter(isSeen).map(ownWords).filter(Boolean).join('\\n')"
        )

    def see(self, words: str, selector: str = "*") -> Any:
        """Wait until something that fits the selector and has these words is seen."""
        return self.until("return find(...arguments)", selector, words)

    def sees(self, words: str, selector: str = "*") -> bool:
        """Whether it is seen now."""
        return self.js("return find(...arguments) !== null", selector, words)

    def press(self, words: str, selector: str = PRESSED, then: tuple[str, str] | None = None) -> None:
        """Press the middle of it, once no run of the app is under way that would draw it anew.

        Args:
            then: words and selector of what is seen after that. Where it does not come, what was pressed had
                moved meanwhile, and is pressed again.
        """
        end, said = time.monotonic() + PATIENCE_S, None
        while time.monotonic() < end:
            self.settle()
            try:
                element = self.see(words, selector)
                self.js("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", element)
                element.click()
                if then is None or self.comes(then):
                    return
            except (MarionetteException, WebDriverException) as error:
                said = error
            time.sleep(0.1)
        raise AssertionError(f"{words} could not be pressed: {said}")

    def comes(self, what: tuple[str, str]) -> bool:
        """Whether something (its words, and a selector) is seen within a few seconds."""
        for _look in range(50):
            if self.sees(*what):
                return True
            time.sleep(0.1)
        return False

    def settle(self) -> None:
        """Wait until no run of the app is under way."""
        self.until("""const app = document.querySelector("[data-testid=stApp]");
          return !app || app.dataset.testScriptState === "notRunning";""")

    def fits(self) -> None:
        """Fail where the page is wider than the window: on a phone it would slip about below the finger."""
        wide = self.js("""return [...document.querySelectorAll("html, [data-testid=stMain]")].map(
          ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)""")
        assert max(wide) <= 0, f"{wide} pixels wider than the window"

    def write(self, label: str, text: str) -> None:
        """Put a text into the field of this label, in place of what is there, and end it with Enter."""
        self.settle()
        field = self.until("return all('input').find((one) => one.ariaLabel === arguments[0])", label)
        self.js("arguments[0].focus(); arguments[0].select()", field)
        field.send_keys(f"{text}\ue007")

    def choose_file(self, path: Path) -> None:
        """Hand a file to the page's only place for files; again where the page was drawn anew meanwhile."""
        for _try in range(5):
            place = self.until("return all('input[type=file]')[0]")
            self.settle()
            with suppress(MarionetteException, WebDriverException):
                place.send_keys(str(path))
                for _look in range(50):
                    if self.js(_TAKEN):
                        return
                    time.sleep(0.1)
        raise AssertionError(f"{path} was not taken")


class FirefoxWindow(Window):
    def __init__(self, marionette: Marionette) -> None:
        self.driver = marionette

    def goto(self, url: str) -> None:
        self.driver.navigate(url)

    def _run(self, script: str, arguments: tuple[Any, ...]) -> Any:
        return self.driver.execute_script(script, script_args=arguments, sandbox=None)

    def _run_later(self, script: str, arguments: tuple[Any, ...]) -> Any:
        return self.driver.execute_async_script(script, script_args=arguments, sandbox=None)

    def into(self, frame: Any) -> None:
        self.driver.switch_to_frame(frame)

    def spoken(self, element: Any) -> tuple[str, str]:
        return element.computed_role, element.computed_label

    def picture(self) -> bytes:
        return base64.b64decode(self.driver.screenshot(full=False))

    def prefer(self, name: str, value: Any) -> None:
        """Set one of the browser's preferences; None sets it back."""
        with self.driver.using_context("chrome"):
            self.driver.execute_script(
                """const [name, value] = arguments;
                if (value === null) return Services.prefs.clearUserPref(name);
                const kind = { boolean: "Bool", number: "Int", string: "String" }[typeof value];
                Services.prefs[`set${kind}Pref`](name, value);""",
                script_args=(name, value),
            )

    @contextmanager
    def private(self) -> Iterator["FirefoxWindow"]:
        """A private window, closed at the end of the block."""
        before = self.driver.current_window_handle
        self.driver.switch_to_window(self.driver.open(type="window", private=True)["handle"])
        self.as_phone()
        try:
            yield self
        finally:
            self.driver.close()
            self.driver.switch_to_window(before)

    def as_phone(self) -> None:
        """Make the page as narrow as a phone's: the browser's own window cannot be."""
        with self.driver.using_context("chrome"):
            self.driver.execute_script(
                """const { style } = gBrowser.selectedBrowser;
                [style.width, style.height] = [...arguments].map((pixels) => `${pixels}px`);
                Object.assign(style, { flex: "none", minWidth: "0" });""",
                script_args=drive.PHONE,
            )


class WebKitWindow(Window):
    def __init__(self, remote: Remote) -> None:
        self.driver = remote

    def goto(self, url: str) -> None:
        self.driver.get(url)

    def _run(self, script: str, arguments: tuple[Any, ...]) -> Any:
        return self.driver.execute_script(script, *arguments)

    def _run_later(self, script: str, arguments: tuple[Any, ...]) -> Any:
        return self.driver.execute_async_script(script, *arguments)

    def into(self, frame: Any) -> None:
        if frame is None:
            self.driver.switch_to.default_content()
        else:
            self.driver.switch_to.frame(frame)

    def spoken(self, element: Any) -> tuple[str, str]:
        return element.aria_role, element.accessible_name

    def picture(self) -> bytes:
        return self.driver.get_screenshot_as_png()


def _process(
    command: list[str], environment: Mapping[str, str], **options: Any
) -> AbstractContextManager[subprocess.Popen]:
    environment = {**os.environ, "TZ": ZONE, "LANG": "en_GB.UTF-8", **environment}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return process.running(command, env=environment, **(quiet | options))


@contextmanager
def firefox(folder: Path) -> Iterator[FirefoxWindow]:
    """A Firefox with a camera of its own making.

    Args:
        folder: an empty one, for its profile.
    """
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [find_engine("firefox"), "-marionette", "-headless", "-no-remote", "-profile", str(folder)]
    command.append("-remote-allow-system-access")  # as_phone and prefer
    with _process(command, {"HOME": str(folder)}) as started:
        chosen = folder / "MarionetteActivePort"
        port = process.wait_until(started, lambda: int(chosen.read_text()), PATIENCE_S)
        assert port, "Firefox did not start"
        marionette = Marionette(host="127.0.0.1", port=port)
        marionette.start_session()
        marionette.timeout.script = PATIENCE_S
        window = FirefoxWindow(marionette)
        window.as_phone()
        try:
            yield window
        finally:
            marionette.delete_session()


@contextmanager
def webkit(
    folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[WebKitWindow]:
    """WebKitGTK's MiniBrowser, on a screen that nobody sees, with a camera of its own making.

    As WebDriver starts it, it keeps nothing beyond its end: it is a private window.

    Args:
        folder: an empty one, for a home.
        options: more for MiniBrowser.
        environment: more variables for it.
    """
    with ExitStack() as stack:
        display = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
        screen = stack.enter_context(_process(display, {}, stdout=subprocess.PIPE))
        number = screen.stdout.readline().decode().strip()
        port = process.free_port()
        home = {"DISPLAY": f":{number}", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        command = [find_engine("webkit"), f"--port={port}"]
        driver = stack.enter_context(_process(command, {**home, **(environment or {})}))
        connect = partial(socket.create_connection, ("127.0.0.1", port), 1)
        connection = process.wait_until(driver, connect, PATIENCE_S)
        assert connection, "WebKitWebDriver did not start"
        connection.close()
        wanted = Options()
        for option in (
            "--automation",
            "--enable-mock-capture-devices=1",
            "--javascript-can-open-windows-automatically=1",
            *options,
        ):
            wanted.add_argument(option)
        remote = _connected(port, wanted)
        remote.file_detector = UselessFileDetector()  # a file's path is enough: the driver runs here
        stack.callback(remote.quit)
        remote.set_script_timeout(PATIENCE_S)
        window = WebKitWindow(remote)
        _as_phone(remote)
        yield window


def _connected(port: int, wanted: Options) -> Remote:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return Remote(f"http://127.0.0.1:{port}", options=wanted)


def _as_phone(remote: Remote) -> None:
    """Go on in a window without tools: one with them cannot be as narrow as a phone."""
    first = remote.current_window_handle
    remote.execute_script("window.open('about:blank', 'phone', 'popup,width=390,height=844')")
    (other,) = {*remote.window_handles} - {first}
    remote.switch_to.window(other)
    remote.set_window_size(*drive.PHONE)
