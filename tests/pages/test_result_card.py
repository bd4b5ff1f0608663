"""The card of one photo, drawn alone: what it offers for which verdict."""

import numpy as np
import pytest

from core.photo import photo_from_array
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.ordinal import CANNOT_TELL
from core.quality.regions import REGIONS
from core.quality.verdict import PassRule, judge
from tests.pages.visitor import page_of

THRESHOLDS = dict.fromkeys(EXPLANATIONS, 0.5)


def judged(label="lesion", healthy_skin_passes=False, assessor="imageqx", **faults):
    return judge(
        assessor=assessor,
        width=320,
        height=240,
        quality={name: 0.7 if name == label else 0.1 for name in QUALITY_CLASSES},
        explanations={name: faults.get(name, 0.1) for name in EXPLANATIONS},
        rule=PassRule(THRESHOLDS, healthy_skin_passes),
        milliseconds=1,
    )


def _page():
    import streamlit as st

    from core.ui.result_card import result_card

    photo, verdict, more = st.session_state["drawn"]
    result_card(photo, verdict, key="card", **more)


@pytest.fixture
def drawn(fake_networks):
    """Draw the card of a verdict; returns the page."""

    def draw(verdict, name="mole.png", **more):
        at = page_of(_page)
        photo = photo_from_array(np.full((240, 320, 3), (200, 140, 120), np.uint8), name)
        at.session_state["drawn"] = (photo, verdict, more)
        at.run()
        assert not at.exception
        assert not at.error
        return at

    return draw


def offered(at):
    return [pills.options for pills in at.button_group if pills.label == "Show me where"]


def words(at):
    return "\n".join([html.proto.body for html in at.get("html")] + [text.value for text in at.info])


def test_a_map_of_the_check_is_offered_only_for_what_is_flagged_or_nearly_so(drawn):
    assert offered(drawn(judged())) == []
    assert offered(drawn(judged(blurry=0.9, too_far_away=0.6))) == [["Sharpness", "Distance"]]
    assert offered(drawn(judged("poor_quality", bad_light=0.4))) == [["Light"]]
    assert offered(drawn(judged("no_skin"))) == []


def test_an_assessor_of_parts_shows_the_weak_one_and_calls_nothing_fine(drawn):
    verdict = judge(
        assessor="ordinal",
        width=320,
        height=240,
        quality={"lesion": 0.2, "no_skin": 0.0, "healthy_skin": 0.0, "poor_quality": 0.8},
        explanations=dict.fromkeys(EXPLANATIONS, 0.0),
        rule=PassRule(THRESHOLDS),
        milliseconds=1,
        not_judged=CANNOT_TELL,
        score=1.2,
        parts=dict.fromkeys(REGIONS, 2.0) | {"top_left": 0.3},
    )
    at = drawn(verdict)
    assert offered(at) == [["Weak part"]]
    shown = words(at)
    assert "The top left is weakest. The photo is not there yet." in shown
    assert shown.count(">Not judged<") == 5
    plain = at.get("image")[0].value[0]
    at.button_group[0].set_value("poor_quality").run()
    assert not at.exception
    assert at.get("image")[0].value[0] != plain


def test_sentence_and_row_agree_where_nothing_is_flagged(drawn):
    shown = words(drawn(judged("poor_quality", bad_light=0.4)))
    assert "Only nearly fine: light." in shown
    assert shown.count(">Nearly fine<") == 1
    assert "The light is too weak" not in shown


def test_an_upload_that_is_blurred_is_told_to_be_taken_again(drawn):
    shown = words(drawn(judged(blurry=0.9)))
    assert "The photo is blurred. Take it again, holding still" in shown
    assert "Hold still, and move back" not in shown


@pytest.mark.parametrize("assessor", ["imageqx", "classical", "oracle"])
def test_a_photo_that_passes_claims_only_what_was_checked(drawn, assessor):
    shown = words(drawn(judged(assessor=assessor)))
    assert "Checked and found fine: framing, light, sharpness, detail, distance." in shown
    assert "close enough" not in shown


def test_a_shot_from_far_away_claims_nothing_of_the_spot(drawn):
    shown = words(drawn(judged(healthy_skin_passes=True), shot="context"))
    assert "Checked and found fine: light, sharpness, detail." in shown
    assert shown.count(">Not judged<") == 2


def test_photo_and_report_can_be_kept(drawn):
    for verdict in (judged(), judged(blurry=0.9)):
        at = drawn(verdict)
        labels = [button.label for button in at.get("download_button")]
        assert labels == ["Save this photo", "Download the report"]
