"""A researcher at the pages behind the sign-in, Studies and Server."""

from tests.pages.visitor import Visitor

PASSPHRASE = "correct horse battery"


class Desk(Visitor):
    """One visitor at a page: ``studies`` or ``operator``."""

    def __init__(self, page="studies", **query):
        super().__init__(page, **query)

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
    def downloads(self):
        return {one.label for one in self.at.get("download_button")}

    @property
    def buttons(self):
        return {one.key for one in self.at.button}

    @property
    def links(self):
        return {one.proto.label for one in self.at.get("page_link")}
