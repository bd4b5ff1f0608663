"""A researcher at the pages behind the sign-in, Studies and Server."""

from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

APP = Path(__file__).parents[2] / "app.py"
PASSPHRASE = "correct horse battery"


class Desk:
    """One visitor at a page: ``studies`` or ``operator``."""

    def __init__(self, page="studies", **query):
        self.at = AppTest.from_file(APP, default_timeout=600)
        # `switch_page` would need a run of the first page.
        self.at._page_hash = calc_hash(page)
        for name, value in query.items():
            self.at.query_params[name] = value
        self.run()

    def run(self):
        self.at.run()
        assert not self.at.exception
        return self

    def press(self, key):
        self.at.button(key=key).click()
        return self.run()

    def sign_in(self, passphrase=PASSPHRASE):
        self.at.text_input(key="studies-passphrase").set_value(passphrase)
        return self.press("studies-sign-in")

    def take_the_consent_as_it_is(self):
        [tick] = [one for one in self.at.checkbox if str(one.key).startswith("studies-open-anyway")]
        tick.check()
        return self.run()

    def show(self, key, value):
        self.at.pills(key=key).set_value(value)
        return self.run()

    @property
    def text(self):
        kinds = ("markdown", "caption", "info", "warning", "error", "success", "subheader", "code")
        shown = [one.value for kind in kinds for one in getattr(self.at, kind)]
        return "\n".join([*map(str, shown), *(one.proto.body for one in self.at.get("html"))])

    @property
    def downloads(self):
        return {one.label for one in self.at.get("download_button")}

    @property
    def buttons(self):
        return {one.key for one in self.at.button}

    @property
    def links(self):
        return {one.proto.label for one in self.at.get("page_link")}
