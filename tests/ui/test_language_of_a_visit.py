"""Which language a visitor meets, and that nobody meets another visitor's."""

import json
from datetime import UTC, datetime
from threading import Thread

import numpy as np
import pytest

from core import i18n
from core.guidance.preset import load_preset
from core.photo import photo_from_array
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.text.report import build_report
from core.ui.language import choose
from tests.pages.visitor import page_of


@pytest.mark.parametrize(
    ("asked", "picked", "browser", "spoken"),
    [
        ("de", "es", "fr-FR", "de"),
        (None, "es", "fr-FR", "es"),
        (None, None, "fr-FR", "fr"),
        (None, None, "pt-BR", "pt"),
        ("PT_br", None, None, "pt"),
        (None, None, "xx", "en"),
        (None, None, None, "en"),
        ("klingon", None, "ar-EG", "ar"),
        ("", "", "hi", "hi"),
    ],
)
def test_the_address_then_the_person_then_the_browser(asked, picked, browser, spoken):
    assert choose(asked, picked, browser) == spoken


def _page():
    import streamlit as st

    from core.i18n import direction
    from core.ui import language, session

    session.apply_language()
    language.picker()
    st.text(f"{language.language()} {direction()}")
    st.caption(str(dict(st.query_params)))


@pytest.fixture
def visit():
    at = page_of(_page)
    at.context = {"locale": "es-ES"}
    return at


def test_a_browser_is_answered_in_its_language(visit):
    assert visit.run().text[0].value == "es ltr"
    assert visit.caption[0].value == "{}", "a link says no more than was asked for"


def test_what_the_address_asks_for_holds_on_pages_whose_address_lacks_it(visit):
    visit.query_params["lang"] = "ar"
    assert visit.run().text[0].value == "ar rtl"
    del visit.query_params["lang"]
    assert visit.run().text[0].value == "ar rtl"
    assert "'lang': 'ar'" in visit.caption[0].value, "and stands in the link again"


def test_a_language_that_retake_lacks_is_not_remembered(visit):
    visit.query_params["lang"] = "xx"
    assert visit.run().text[0].value == "es ltr"


def test_the_list_offers_each_language_by_its_own_name(visit):
    visit.run()
    (picker,) = visit.get("bidi_component")
    given = json.loads(picker.proto.mixed.json if picker.proto.HasField("mixed") else picker.proto.json)
    assert {one["code"]: one["name"] for one in given["languages"]} == i18n.LANGUAGES
    assert (given["language"], given["direction"]) == ("es", "ltr")


def test_another_thread_starts_in_english_and_changes_nobody():
    heard = []

    def other():
        heard.append(i18n.language())
        i18n.use_language("ar")
        heard.append(i18n.language())

    with i18n.speaking("de"):
        thread = Thread(target=other)
        thread.start()
        thread.join()
        assert i18n.language() == "de"
    assert heard == ["en", "ar"]
    assert i18n.language() == "en"


def test_what_is_made_later_speaks_the_language_of_the_asking():
    with i18n.speaking("de"):
        make = i18n.in_this_language(lambda: i18n._("Take photo"))
    assert i18n.language() == "en"
    assert make() == "Foto aufnehmen"
    assert i18n.language() == "en"


@pytest.mark.parametrize(
    ("language", "share", "spoken"),
    [
        ("en", "4.5%", "pale patch"),
        ("pt", "4,5%", "pale patch"),
        ("de", "4,5\N{NO-BREAK SPACE}%", "Pale patch"),
        ("hi", "4.5%", "pale patch"),
        ("ar", "4.5%", "pale patch"),
    ],
)
def test_figures_and_names_are_written_as_the_language_does(language, share, spoken):
    with i18n.speaking(language):
        assert i18n.percent(0.045, 1) == share
        assert i18n.in_sentence("Pale patch") == spoken
        assert i18n.in_sentence("HPV wart") == "HPV wart"


@pytest.mark.parametrize(
    ("language", "tag"), [("ar", '<html lang="ar" dir="rtl">'), ("de", '<html lang="de" dir="ltr">')]
)
def test_a_report_is_in_the_language_of_its_reader(language, tag):
    rgb = np.full((480, 640, 3), (200, 140, 120), np.uint8)
    verdict = judge(
        assessor="imageqx",
        width=640,
        height=480,
        quality=dict.fromkeys(QUALITY_CLASSES, 0.25) | {"lesion": 0.7},
        explanations=dict.fromkeys(EXPLANATIONS, 0.1) | {"blurry": 0.9},
        rule=PassRule(dict.fromkeys(EXPLANATIONS, 0.5)),
        milliseconds=1,
    )
    with i18n.speaking(language):
        page = build_report(
            photo_from_array(rgb, "mole.jpg"),
            verdict,
            load_preset(),
            made=datetime(2026, 5, 4, tzinfo=UTC),
            thresholds=dict.fromkeys(EXPLANATIONS, 0.5),
        ).decode()
        assert load_preset().prompt("blurry", language).text in page
        assert i18n._("What was checked") in page
    assert tag in page
    assert "Hold still" not in page
    assert "What was checked" not in page
