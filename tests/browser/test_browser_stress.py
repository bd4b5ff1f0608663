"""Every page with long words, on the smallest screen, at twice the size, in forced colours, without motion.

One visit in the made-up language (core/pseudo_locale.py), by the keyboard alone: to load a page costs far
more than to turn to it or to give it another size.
"""

import pytest
from browser_steps import choose_by_key, press_key, settled, tab_to
from playwright.sync_api import expect
from stress_steps import clipped, lost_in_forced_colours, moving, unmarked

from core.pseudo_locale import VARIABLE, pseudo
from core.study.database import FILE_NAME, open_database
from core.study.design import Arm, Consent, StudyDesign, Task
from core.study.links import address_of
from core.study.store import StudyStore
from scripts import drive

pytestmark = pytest.mark.browser

PASSPHRASE = "correct horse battery"
# 640 px are half of a laptop's, so its page at 200 %; 320 px are WCAG's narrowest.
SIZES = (drive.DESKTOP, (640, 400), drive.PHONE, (320, 640))
# Not translated: Streamlit's own words, which no page can change; names; units.
STREAMLITS = "Skip to main content Choose an option Open Help for Show password Upload"
NAMES = "Retake imageqx classical ordinal lesion balanced English Python SQLite UTC ms kB MB GB"
KEPT = {*STREAMLITS.split(), *NAMES.split()}
# These show what stands in files: names of collections and measures, and what the networks were trained with.
OF_FILES = {"how good", "about", "server"}


@pytest.fixture
def server(run):
    with run(**{VARIABLE: "1"}, RETAKE_RESEARCHER_PASSPHRASE=PASSPHRASE) as serving:
        yield serving
        assert "Traceback" not in serving.printed(), serving.printed()


def invited(server):
    """The address of a study whose own words are marked as translated ones are."""
    store = StudyStore(open_database(f"sqlite:///{server.log.parent / 'data' / FILE_NAME}"))
    study_id = store.create(
        StudyDesign(
            title=pseudo("Coach"),
            consent=Consent(text={"en": pseudo("You take a photo and answer questions.")}),
            arms=(Arm(name="coach", preset="balanced", way="device"),),
            tasks=(
                Task(name="arm", title={"en": pseudo("A spot")}, scenario={"en": pseudo("Take a photo.")}),
            ),
        )
    )
    store.open(study_id)
    (link,) = store.add_links(study_id)
    store.database.close()
    return address_of(link, server.url)


class Looks:
    """What is found on one page after another."""

    def __init__(self, page):
        self.page, self.found = page, []

    def clipped(self):
        """What stays clipped: tables and charts take a new width some time after the page has it."""
        for _turn in range(50):
            if not (found := clipped(self.page)):
                break
            self.page.wait_for_timeout(100)
        return found

    def at(self, name):
        page = self.page
        settled(page)
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function(f"() => innerWidth === {width}")
            settled(page)
            self.found += [f"{name}, {width} px: {one}" for one in self.clipped()]
        page.set_viewport_size(dict(zip(("width", "height"), drive.DESKTOP, strict=True)))
        self.found += [f"{name}, forced colours: {one}" for one in lost_in_forced_colours(page)]
        self.found += [f"{name}, moves: {one}" for one in moving(page)]
        if name not in OF_FILES:
            self.found += [f"{name}, not translated: {word}" for word in unmarked(page) if word not in KEPT]


def turn_to(page, path):
    """Another page by its link, with the keyboard; the row of pages lies before everything else."""
    link = page.locator(f".st-key-rt-to-{path} a")
    press_key(link, by="Tab" if path in ("about", "operator") else "Shift+Tab")
    expect(page.locator(f".st-key-rt-here a[href^='{path}']")).to_have_count(1)
    settled(page)


def button(page, sentence):
    return page.get_by_role("button", name=pseudo(sentence), exact=True)


def test_no_page_loses_anything_and_all_of_it_is_done_by_the_keyboard(server, browse):
    page = browse(url=server.url)
    looks = Looks(page)
    expect(button(page, "Start camera")).to_be_visible()
    looks.at("practise")
    the_probes_see_what_is_wrong(page)

    turn_to(page, "check")
    choose_by_key(page.locator(".st-key-check-way [role=radiogroup]"), pseudo("Samples"))
    expect(button(page, "Blurred")).to_be_visible()
    looks.at("check, samples")
    press_key(button(page, "Blurred"))
    expect(page.get_by_role("heading", name=pseudo("What was checked"))).to_be_visible()
    looks.at("check, a result")
    press_key(button(page, "Use this photo anyway"))
    despite = button(page, "Show it all the same")
    expect(despite).to_be_visible()
    press_key(despite)
    expect(page.locator("ol.rt-list li").first).to_be_visible()
    settled(page)
    with page.expect_download():
        press_key(button(page, "Download the report"))

    turn_to(page, "compare")
    looks.at("compare, before")
    press_key(button(page, "Compare on drawn samples"))
    expect(button(page, "Download the report")).to_be_visible()
    looks.at("compare, a result")
    with page.expect_download():
        press_key(button(page, "Download the report"), by="Shift+Tab")

    turn_to(page, "how_good")
    looks.at("how good")
    turn_to(page, "designer")
    expect(page.locator(".rt-strip").first).to_be_visible()
    looks.at("designer")
    tab_to(page.get_by_role("textbox", name=pseudo("Prompt on screen")))
    page.keyboard.press("Control+A")
    page.keyboard.type("Go to a window")
    page.keyboard.press("Enter")
    expect(page.locator(".rt-strip").get_by_text("Go to a window").first).to_be_visible()
    choose_by_key(page.locator(".st-key-designer-view [role=radiogroup]"), pseudo("Camera"))
    press_key(button(page, "Try it on the camera"))
    expect(button(page, "Start camera")).to_be_visible()

    turn_to(page, "about")
    looks.at("about")
    turn_to(page, "studies")
    looks.at("studies")
    tab_to(page.get_by_label(pseudo("Passphrase for researchers")))
    page.keyboard.type(PASSPHRASE)
    page.keyboard.press("Enter")
    expect(button(page, "Make a study")).to_be_visible()
    looks.at("studies, signed in")
    turn_to(page, "operator")
    expect(page.locator(".rt-checks")).to_be_visible()
    looks.at("server")
    page.goto(invited(server))
    expect(button(page, "Start")).to_be_visible()
    looks.at("take part")
    assert not looks.found, "\n".join(dict.fromkeys(looks.found))


MAIN = "[data-testid=stMainBlockContainer]"
WRONG = f"""() => document.querySelector("{MAIN}").insertAdjacentHTML("afterbegin", `
  <div id="wrong"><p style="width: 5rem; overflow: hidden; white-space: nowrap">words without any room</p>
  <p style="width: 200vw">words</p> <p style="transition: opacity 1s !important">Ease</p>
  <span role="button" style="border: 0">flat</span></div>`)"""


def the_probes_see_what_is_wrong(page):
    """A page that is spoilt on purpose."""
    page.evaluate(WRONG)
    told = " ".join(clipped(page))
    assert "cut off at its side" in told
    assert "scrolls sideways" in told
    assert any("flat" in one for one in lost_in_forced_colours(page))
    assert moving(page)
    assert {"words", "room", "flat"} <= {*unmarked(page)}
    page.evaluate("document.querySelector('#wrong').remove()")
