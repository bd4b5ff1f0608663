import pytest

from core.guidance.preset import load_preset
from core.lesion.taxonomy import shipped
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.ui import bars
from core.ui.wording import explanation_name, quality_name, say

THRESHOLDS = dict.fromkeys(EXPLANATIONS, 0.5)


def verdict(label="lesion", healthy_skin_passes=False, **faults):
    return judge(
        assessor="imageqx",
        width=640,
        height=480,
        quality={name: 0.7 if name == label else 0.1 for name in QUALITY_CLASSES},
        explanations={name: faults.get(name, 0.1) for name in EXPLANATIONS},
        rule=PassRule(THRESHOLDS, healthy_skin_passes),
        milliseconds=1,
    )


def test_every_verdict_that_does_not_pass_says_what_to_do():
    preset = load_preset()
    for label in QUALITY_CLASSES:
        for fault in EXPLANATIONS:
            saying = say(verdict(label, **{fault: 0.9}), preset)
            assert not saying.good
            assert saying.advice
            assert saying.short
    assert say(verdict("no_skin"), preset).short == "Show your skin"
    assert say(verdict("poor_quality", blurry=0.4), preset).short == "Hold still"


def test_a_photo_that_passes_has_nothing_to_do():
    saying = say(verdict(), load_preset())
    assert saying.good
    assert saying.short == ""


def test_healthy_skin_that_passes_is_not_called_a_spot():
    saying = say(verdict("healthy_skin", healthy_skin_passes=True), load_preset())
    assert saying.good
    assert "no spot" in saying.advice


def test_every_word_has_a_name():
    assert len({explanation_name(name) for name in EXPLANATIONS}) == len(EXPLANATIONS)
    assert len({quality_name(name) for name in QUALITY_CLASSES}) == len(QUALITY_CLASSES)


def test_the_explanation_list_marks_faults_in_words_and_shows_thresholds():
    html = bars.explanation_list(verdict(blurry=0.9), THRESHOLDS, load_preset())
    assert html.count("To improve") == 1
    assert html.count("Fine") == 4
    assert "Hold still" in html
    assert html.count('style="inset-inline-start:50.0%"') == 5
    assert 'style="width:90.0%"' in html


def test_the_class_list_gives_lay_words_the_term_and_the_share():
    html = bars.class_list(["pigmented_macula", "acne"], [0.8, 0.2], shipped())
    assert html.index("Flat dark spot") < html.index("Pimples")
    assert "Pigmented macula" in html
    assert ">80%<" in html
    assert "learnt from few photos" not in html
    assert "Crust · learnt from few photos" in bars.class_list(["crust"], [1.0], shipped())


@pytest.mark.parametrize(("good", "sign"), [(True, "✓"), (False, "↻")])
def test_the_verdict_is_not_told_by_colour_alone(good, sign):
    from core.ui.wording import Saying

    html = bars.verdict_line(Saying(good, "<b>Head</b>", "Advice & more"))
    assert sign in html
    assert "&lt;b&gt;Head&lt;/b&gt;" in html
    assert "Advice &amp; more" in html
