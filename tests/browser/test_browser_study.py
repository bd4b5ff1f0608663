"""A participant's whole session in Chromium, its camera a canvas; then the store and the results page.

In English with the keyboard alone, in Arabic by touch.
"""

import pytest
from axe_steps import findings
from browser_steps import choose_by_key, press_key, settled
from device_steps import nothing_waits, take_photo, touch
from playwright.sync_api import expect

from core.i18n import _, speaking
from core.study.database import FILE_NAME, open_database
from core.study.design import Arm, Completion, Consent, StudyDesign, Task
from core.study.links import address_of
from core.study.questionnaires import SUS, scores_of, sus_adjective
from core.study.store import StudyStore
from scripts import drive

pytestmark = pytest.mark.browser

PASSPHRASE = "correct horse battery"
WORDS = {
    "en": ("A spot on your arm", "Photograph a spot on your arm.", "It was about the hints."),
    "ar": ("بقعة على ذراعك", "صوّر بقعة على ذراعك.", "كان الأمر عن التلميحات."),
}

# A choice's ring has the colour of quiet text, not that of lines, which is too faint for what is pressed.
RING_IS_SEEN = """() => {
  const ring = document.querySelector("[data-testid=stRadioOption]:not([data-selected]) > div > div");
  const text = document.body.querySelector(".stApp").appendChild(document.createElement("i"));
  text.style.color = "var(--rt-quiet)";
  const same = getComputedStyle(ring).borderTopColor === getComputedStyle(text).color;
  text.remove();
  return same;
}"""
# In a multiselect: the gap before and behind each choice, and before and behind its cross.
GAPS = """() => [...document.querySelectorAll("[data-tag]")].map((tag) => {
  const [outer, cross] = [tag, tag.querySelector("button")].map((one) => getComputedStyle(one));
  return [outer.marginInlineStart, outer.marginInlineEnd, cross.paddingInlineStart, cross.paddingInlineEnd];
})"""


def in_both(place):
    return {language: words[place] for language, words in WORDS.items()}


def design():
    return StudyDesign(
        title="Coach",
        consent=Consent(
            text={"en": "You take a photo and answer questions.", "ar": "تلتقط صورة وتجيب عن أسئلة."}
        ),
        arms=(Arm(name="coach", preset="balanced", way="device"),),
        tasks=(Task(name="arm", title=in_both(0), scenario=in_both(1), subject="drawing"),),
        completion=Completion(debrief=in_both(2)),
        wrong_hint_button=True,
        languages=("en", "ar"),
    )


def accessible(page):
    """Nothing is found wrong with this step."""
    settled(page)
    assert not findings(page)


def press(page, sentence, language):
    with speaking(language):
        words = _(sentence)
    button = page.get_by_role("button", name=words, exact=True)
    # Two for a moment: the last run's button goes once this run has come to its end.
    expect(button).to_have_count(1)
    settled(page)
    if language == "en":
        press_key(button)
    else:
        button.click()


def answer(page, group, value, language):
    """Choose in a row of choices, by its place in the row."""
    settled(page)
    row = page.get_by_role("radiogroup").nth(group)
    if language == "en":
        choose_by_key(row, str(value))
    else:
        row.get_by_text(str(value), exact=True).click()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_whole_session_is_in_the_store_and_goes_on_after_a_reload(run, open_page, language):
    with run(RETAKE_RESEARCHER_PASSPHRASE=PASSPHRASE) as server:
        page = open_page(server, size=drive.PHONE)  # the first visit makes the database's folder
        store = StudyStore(open_database(f"sqlite:///{server.log.parent / 'data' / FILE_NAME}"))
        study_id = store.create(design())
        store.open(study_id)
        (link,) = store.add_links(study_id)
        page.goto(address_of(link, server.url) + f"&lang={language}")
        with speaking(language):
            expect(page.get_by_role("button", name=_("Start"), exact=True)).to_be_visible()
        expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
        accessible(page)
        press(page, "Start", language)
        with speaking(language):
            expect(page.get_by_role("button", name=_("I agree and take part"))).to_be_visible()
        accessible(page)
        press(page, "I agree and take part", language)
        expect(page.get_by_text(WORDS[language][1])).to_be_visible()
        accessible(page)
        page.reload()
        press(page, "Start the task", language)
        with speaking(language):
            expect(page.get_by_role("button", name=_("Start camera"))).to_be_visible()
        accessible(page)
        take(page, language)
        with speaking(language):
            expect(page.get_by_role("button", name=_("Continue"), exact=True)).to_have_count(1)
        accessible(page)
        nothing_waits(page)
        press(page, "Continue", language)
        expect(page.get_by_role("radiogroup")).to_have_count(1)
        assert page.evaluate(RING_IS_SEEN)
        answer(page, 0, 6, language)
        accessible(page)
        press(page, "Continue", language)
        expect(page.get_by_role("radiogroup")).to_have_count(10)
        for number in range(10):
            answer(page, number, 4, language)
        accessible(page)
        press(page, "Continue", language)
        expect(page.get_by_role("textbox")).to_be_visible()
        accessible(page)
        press(page, "Continue", language)
        expect(page.get_by_text(WORDS[language][2])).to_be_visible()
        accessible(page)
        press(page, "Finish", language)
        with speaking(language):
            expect(page.get_by_role("heading", name=_("You have finished"))).to_be_visible()
        accessible(page)

        data = store.load(study_id)
        (session,) = data.sessions
        assert (session.status, session.language) == ("completed", language)
        assert {(one.questionnaire, one.value) for one in scores_of(data)} == {("seq", 6.0), ("sus", 50.0)}
        assert len([one for one in data.answers if one.questionnaire == "sus"]) == len(SUS.items)
        names = [one.event for one in data.events]
        assert [one.seq for one in data.events] == list(range(len(names)))
        for name in ("camera_started", "photo_accepted", "task_completed", "session_ended"):
            assert names.count(name) == 1
        store.database.close()
        results_are_there(page, server, language)
        assert "Traceback" not in server.printed(), server.printed()


def results_are_there(page, server, language):
    """The researcher signs in, and reads the score that was just given."""
    page.goto(f"{server.url}/studies?lang={language}")
    with speaking(language):
        page.get_by_label(_("Passphrase for researchers")).fill(PASSPHRASE)
        press(page, "Sign in", language)
        press(page, "Open", language)
        settled(page)
        page.get_by_role("radio", name=_("Results"), exact=True).click()
        outcome = page.get_by_role("radio", name=_("Outcome"), exact=True)
        expect(outcome).to_be_checked()
        accessible(page)
        page.get_by_role("radio", name=_("Questionnaires"), exact=True).click()
        words = _("{arm}: SUS {score} on average, nearest to “{adjective}”")
        told = words.format(arm="coach", score="50", adjective=sus_adjective(50).word())
        expect(page.get_by_text(told)).to_be_visible()
        accessible(page)
        page.get_by_role("radio", name=_("Design"), exact=True).click()
        expect(page.get_by_role("heading", name=_("Preregistration"))).to_be_visible()
        settled(page)
        page.get_by_text(_("Questionnaires"), exact=True).last.click()
    expect(page.locator("[data-tag]").last).to_be_visible()
    assert set(map(tuple, page.evaluate(GAPS))) == {("0px", "4px", "8px", "0px")}


def take(page, language):
    """Start the camera and take the photo once the shutter is open."""
    press(page, "Start camera", language)
    with speaking(language):
        words = _("Take photo")
    take_photo(page, name=words, press=press_key if language == "en" else touch)
