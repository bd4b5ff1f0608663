"""Somebody who visits a page of the app."""

from pathlib import Path

from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

APP = Path(__file__).parents[2] / "app.py"
KINDS = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success", "code")


FIRST = "practise"


def opened(page=FIRST, **query):
    """The app at a page, which has not run yet."""
    at = _own_components(AppTest.from_file(APP, default_timeout=600))
    for name, value in query.items():
        at.query_params[name] = value
    return turned_to(page, at)


def page_of(function):
    """A page that this function draws, which has not run yet; it imports for itself whatever it needs."""
    return _own_components(AppTest.from_function(function, default_timeout=240))


def _own_components(at):
    """Else each looks through all installed packages for components; the app's own register themselves."""
    at._bidi_component_manager = BidiComponentManager()
    return at


def turned_to(page, at):
    """The app before its first run, at a page: `switch_page` would need a run of the first one."""
    if page != FIRST:
        at._page_hash = calc_hash(page)
    return at


def read(at):
    """All words on the page as it is now, without Markdown's escapes."""
    shown = [one.value for kind in KINDS for one in getattr(at, kind)]
    words = [*map(str, shown), *(one.proto.body for one in at.get("html"))]
    return "\n".join(words).replace("\\", "")


class Visitor:
    """One visitor at a page."""

    def __init__(self, page, **query):
        self.at = opened(page, **query)
        self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def go(self, page):
        self.at.switch_page(page)
        return self.run()

    def press(self, key):
        self.at.button(key=key).click()
        return self.run()

    @property
    def text(self):
        return read(self.at)
