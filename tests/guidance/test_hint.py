import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.guidance.conditions import PICTURE_KEYS
from core.guidance.hint import hint_for
from core.guidance.preset import load_preset
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge

PRESET = load_preset()
THRESHOLDS = dict.fromkeys(EXPLANATIONS, 0.5)
probability = st.floats(0, 1)
verdict_parts = (
    st.fixed_dictionaries(dict.fromkeys(QUALITY_CLASSES, probability)),
    st.fixed_dictionaries(dict.fromkeys(EXPLANATIONS, probability)),
    st.booleans(),
)


def verdict(label="lesion", healthy_skin_passes=False, **explanations):
    return judged(
        {name: 0.9 if name == label else 0.1 for name in QUALITY_CLASSES},
        {**dict.fromkeys(EXPLANATIONS, 0.1), **explanations},
        healthy_skin_passes,
    )


def judged(quality, explanations, healthy_skin_passes):
    return judge(
        assessor="test",
        width=640,
        height=480,
        quality=quality,
        explanations=explanations,
        rule=PassRule(THRESHOLDS, healthy_skin_passes),
        milliseconds=1.0,
    )


def test_a_picture_that_passes_needs_no_hint():
    assert hint_for(verdict("lesion"), PRESET) is None


@pytest.mark.parametrize("name", EXPLANATIONS)
@pytest.mark.parametrize("label", ["lesion", "poor_quality"])
def test_each_fault_has_its_prompt(label, name):
    hint = hint_for(verdict(label, **{name: 0.9}), PRESET)
    assert hint.key == name
    assert (hint.text, hint.spoken) == (PRESET.prompt(name).text, PRESET.prompt(name).spoken)


def test_no_skin_and_healthy_skin_have_their_words():
    assert hint_for(verdict("no_skin"), PRESET).text == "Show your skin"
    assert hint_for(verdict("healthy_skin"), PRESET).text == "Point at the spot"


def test_poor_quality_with_nothing_flagged_takes_the_nearest():
    assert hint_for(verdict("poor_quality", blurry=0.4, bad_light=0.45), PRESET).key == "bad_light"


def test_of_several_faults_the_priority_picks_one():
    both = verdict("poor_quality", blurry=0.99, bad_framing=0.6)
    assert hint_for(both, PRESET).key == "bad_framing"
    assert hint_for(verdict("no_skin", bad_framing=0.9), PRESET).key == "no_skin"
    assert hint_for(verdict("healthy_skin", blurry=0.9), PRESET).key == "blurry"


def test_who_is_just_practising_is_not_sent_to_find_a_spot():
    blurred = verdict("healthy_skin", healthy_skin_passes=True, blurry=0.9)
    late = PRESET.model_copy(update={"priority": ("healthy_skin", *PRESET.priority[:-1])})
    assert hint_for(blurred, late).key == "healthy_skin"
    assert hint_for(blurred, late, healthy_skin_passes=True).key == "blurry"
    assert hint_for(verdict("healthy_skin", healthy_skin_passes=True), PRESET) is None


@given(*verdict_parts)
def test_every_verdict_that_does_not_pass_has_a_prompt_and_only_for_what_was_found(
    quality, explanations, practising
):
    found = judged(quality, explanations, practising)
    hint = hint_for(found, PRESET, healthy_skin_passes=practising)
    if found.passes:
        assert hint is None
        return
    assert hint.key in PICTURE_KEYS
    if hint.key in EXPLANATIONS:
        assert hint.key in found.flagged or (not found.flagged and hint.key == found.nearest)
    else:
        assert hint.key == found.label
