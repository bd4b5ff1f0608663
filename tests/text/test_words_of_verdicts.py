import re
from dataclasses import replace

import pytest

from core.guidance.conditions import GENERAL_KEY, PICTURE_KEYS, REFINED
from core.guidance.preset import load_preset
from core.lesion.taxonomy import shipped
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.text import bars
from core.text.advice import advice
from core.text.wording import about_bars, explanation_name, points_of, quality_name, say

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
            text = say(verdict(label, **{fault: 0.9}), preset)
            assert not text.good
            assert text.advice
            assert text.short
    assert say(verdict("no_skin"), preset).short == "Show your skin"
    assert say(verdict("poor_quality", blurry=0.4), preset).short == "Nearly fine: Hold still"


def test_a_passing_sentence_says_what_was_checked_and_nothing_else():
    text = say(verdict(), load_preset(), THRESHOLDS)
    assert (text.good, text.short) == (True, "")
    assert text.advice == "Checked and found fine: framing, light, sharpness, detail, distance."
    # From far away neither place nor size of the spot counts.
    far = THRESHOLDS | {"bad_framing": 1, "too_far_away": 1}
    assert say(verdict(), load_preset(), far).advice == "Checked and found fine: light, sharpness, detail."
    only_light = replace(verdict(), explanations={"bad_light": 0.1})
    assert say(only_light, load_preset(), THRESHOLDS).advice == "Checked and found fine: light."


def test_healthy_skin_that_passes_is_not_called_a_spot():
    judged = verdict("healthy_skin", healthy_skin_passes=True)
    text = say(judged, load_preset(), THRESHOLDS)
    assert text.good
    assert text.advice == "No spot was found in it. Checked and found fine: light, sharpness, detail."
    # In a photo from far away nobody looks for one.
    assert "spot" not in say(judged, load_preset(), THRESHOLDS, "context").advice


@pytest.mark.parametrize("key", [*PICTURE_KEYS, *REFINED, GENERAL_KEY])
def test_a_photo_that_is_taken_is_not_spoken_of_as_a_live_picture(key):
    told = advice(key, load_preset())
    assert not re.search("(?i)wait|camera app|move the camera|point the camera|^hold still", told)
    assert re.search("(?i)take (it|one|the photo)|choose", told)
    assert "  " not in told


def test_a_condition_without_a_sentence_of_its_own_takes_its_familys_or_the_prompt():
    preset = load_preset()
    assert advice("move_left", preset) == advice("bad_framing", preset) != advice("too_close", preset)
    assert advice("camera_black", preset) == preset.prompt("camera_black").spoken
    with pytest.raises(KeyError):
        advice("nothing", preset)


def test_a_merged_condition_is_advised_as_the_one_it_is_said_as():
    quiet = load_preset("quiet")
    assert say(verdict(blurry=0.9), quiet).advice == advice("adjust", quiet)


def test_a_photo_that_only_nearly_fails_says_so_in_every_place_alike():
    nearly, preset = verdict("poor_quality", bad_light=0.45), load_preset()
    text = say(nearly, preset, THRESHOLDS)
    assert not text.good
    assert "Only nearly fine: light. Find softer, even light." in text.advice
    assert text.short == "Nearly fine: Find softer, even light"
    html = bars.explanation_list(points_of(nearly, preset, THRESHOLDS), preset)
    assert html.count(">Nearly fine<") == 1
    assert html.count(">Fine<") == 4
    assert "Find softer, even light" in html


def test_every_word_has_a_name():
    assert len({explanation_name(name) for name in EXPLANATIONS}) == len(EXPLANATIONS)
    assert len({quality_name(name) for name in QUALITY_CLASSES}) == len(QUALITY_CLASSES)


def test_the_explanation_list_marks_faults_in_words_and_shows_thresholds():
    judged, preset = verdict(blurry=0.9), load_preset()
    html = bars.explanation_list(points_of(judged, preset, THRESHOLDS), preset)
    assert html.count("To improve") == 1
    assert html.count("Fine") == 4
    assert "Hold still" in html
    assert html.count('style="inset-inline-start:50.0%"') == 5
    assert 'style="width:90.0%"' in html
    assert html.count(about_bars()) == 1, "bars and lines have a legend"


def test_a_bar_that_would_say_something_else_than_the_word_is_left_out():
    preset = load_preset()
    html = bars.explanation_list(points_of(verdict("no_skin"), preset, THRESHOLDS), preset)
    assert html.count(">Not judged<") == 2
    assert html.count('class="rt-bar fine"') == 3
    # Found by another check than the one whose probability the bar would show.
    found = replace(verdict(), flagged=("blurry",), passes=False)
    html = bars.explanation_list(points_of(found, preset, THRESHOLDS), preset)
    assert html.count(">To improve<") == 1
    assert html.count("inset-inline-start:") == 4


def test_the_class_list_gives_lay_words_the_term_and_the_share():
    html = bars.class_list(["pigmented_macula", "acne"], [0.8, 0.2], shipped())
    assert html.index("Flat dark spot") < html.index("Pimples")
    assert "Pigmented macula" in html
    assert ">80%<" in html
    assert "learnt from few photos" not in html
    assert "Crust · learnt from few photos" in bars.class_list(["crust"], [1.0], shipped())


@pytest.mark.parametrize(("good", "sign"), [(True, "✓"), (False, "↻")])
def test_the_verdict_is_not_told_by_colour_alone(good, sign):
    from core.text.wording import VerdictText

    html = bars.verdict_line(VerdictText(good, "<b>Head</b>", "Advice & more"))
    assert sign in html
    assert "&lt;b&gt;Head&lt;/b&gt;" in html
    assert "Advice &amp; more" in html
