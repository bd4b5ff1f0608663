"""The ordinal assessor on a made-up network: what it answers, and what everything else makes of it."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from made_up_entry import ORDINAL, made_up_entry

from core.compare.answers import answers_of
from core.compare.operating import margins
from core.explain import Explanation
from core.guidance.conditions import GENERAL_KEY
from core.guidance.hint import condition, hint_for
from core.guidance.points import points, shown_places
from core.guidance.preset import load_preset
from core.quality.labels import EXPLANATIONS
from core.quality.ordinal import CANNOT_TELL, Ordinal, chance_agreed, expected_agreeing
from core.quality.regions import REGIONS
from core.quality.verdict import Explains, Locates, PassRule, chance_good, judge, verdict_properties
from core.runtime.manifest import OperatingPoint
from core.text.wording import say, weak_part

ENTRY = made_up_entry(
    **ORDINAL,
    operating_points={
        "balanced": OperatingPoint(thresholds={}, class_offsets={"poor_quality": 0.5}),
        "strict": OperatingPoint(thresholds={}, class_offsets={"poor_quality": 3.0}),
    },
)


class Brightness:
    """A network that finds bright parts good: its logit rises with the mean of a part."""

    def run(self, batch):
        level = batch.mean(axis=(1, 2, 3))
        return {"logits": (3 * level[:, None] + np.array([2.0, 1.0, 0.0, -1.0])).astype(np.float32)}


@pytest.fixture
def ordinal():
    return Ordinal(Brightness(), ENTRY, clock=iter(range(100)).__next__)


def picture(dark=()):
    rgb = np.full((80, 120, 3), 220, np.uint8)
    corners = {"top_left": (0, 0), "top_right": (0, 60), "bottom_left": (40, 0), "bottom_right": (40, 60)}
    for name in dark:
        top, left = corners[name]
        rgb[top : top + 40, left : left + 60] = 5
    return rgb


def test_ranks_become_a_chance_and_a_score():
    logits = np.array([[4.0, 3.0, 0.0, -3.0]])
    assert chance_agreed(logits) == pytest.approx([0.5])
    assert 2 < expected_agreeing(logits)[0] < 3
    assert chance_agreed(np.array([0, 0, 2.0, 0]), 2.0) == pytest.approx(1 / (1 + np.exp(-1)))


def test_a_good_picture_passes_and_a_dark_one_does_not(ordinal):
    rule = ordinal.rule()
    good, bad = ordinal.assess(picture(), rule), ordinal.assess(picture() // 40, rule, width=900, height=600)
    assert (good.assessor, good.label, good.passes, good.milliseconds) == ("ordinal", "lesion", True, 1000)
    assert (bad.label, bad.passes, bad.width, bad.height) == ("poor_quality", False, 900, 600)
    assert sum(good.quality.values()) == pytest.approx(1)
    assert tuple(good.parts) == REGIONS
    assert 0 <= bad.score < good.score <= 4


def test_the_threshold_is_the_operating_points(ordinal):
    assert ordinal.rule().class_offsets == {"poor_quality": 0.5}
    assert set(ordinal.rule().thresholds.values()) == {1.0}
    grey = picture(("top_left",))
    assert ordinal.assess(grey, ordinal.rule()).passes
    assert not ordinal.assess(grey, ordinal.rule(point="strict")).passes


def test_what_it_cannot_tell_is_neither_said_nor_called_fine(ordinal):
    verdict = ordinal.assess(picture() // 40, ordinal.rule())
    assert set(CANNOT_TELL) == {"no_skin", "healthy_skin", *EXPLANATIONS}
    assert (verdict.not_judged, verdict.judged_explanations, verdict.flagged, verdict.nearest) == (
        CANNOT_TELL,
        {},
        (),
        None,
    )
    assert verdict_properties(verdict)["explanations"] == {}
    # A preset of thresholds made for another assessor changes nothing.
    bars = dict.fromkeys(EXPLANATIONS, 0.4)
    assert {point.state for point in points(verdict, bars, GENERAL_KEY)} == {"unjudged"}
    good = ordinal.assess(picture(), replace(ordinal.rule(), thresholds=bars))
    assert good.passes
    assert say(good, load_preset(), bars).advice == ""
    assert chance_good(good) == pytest.approx(good.quality["lesion"])


def test_a_poor_picture_gets_the_general_prompt_and_the_weak_part(ordinal):
    preset = load_preset()
    verdict = ordinal.assess(picture(("top_left", "bottom_left", "bottom_right")), ordinal.rule())
    assert not verdict.passes
    assert condition(verdict, preset) == GENERAL_KEY
    assert hint_for(verdict, preset).text == preset.prompt(GENERAL_KEY).text
    one = ordinal.assess(picture(("bottom_left",)), ordinal.rule(point="strict"))
    assert say(one, preset, ordinal.rule().thresholds).advice.startswith("The bottom left is weakest. ")
    assert shown_places(one, points(one, {}, GENERAL_KEY)) == ("poor_quality",)
    good = ordinal.assess(picture(), ordinal.rule())
    assert (weak_part(good), shown_places(good, points(good, {}, None))) == ("", ())


def test_others_have_no_parts_and_show_what_they_showed():
    rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))
    verdict = judge(
        assessor="x",
        width=1,
        height=1,
        quality={"lesion": 0.2, "no_skin": 0.1, "healthy_skin": 0.1, "poor_quality": 0.6},
        explanations=dict.fromkeys(EXPLANATIONS, 0.1) | {"blurry": 0.8},
        rule=rule,
        milliseconds=1.0,
    )
    assert shown_places(verdict, points(verdict, rule.thresholds, "blurry")) == ("blurry",)
    assert weak_part(verdict) == ""
    assert not {"score", "parts"} & verdict_properties(verdict).keys()
    assert verdict.judged_explanations == verdict.explanations


def test_the_map_shows_the_parts(ordinal):
    assert isinstance(ordinal, Explains)
    assert not isinstance(ordinal, Locates)
    seen = ordinal.explain(picture(("top_right",)), "poor_quality")
    assert isinstance(seen, Explanation)
    assert (seen.target, seen.method, seen.heatmap.dtype) == ("poor_quality", "ordinal", np.float32)
    assert seen.heatmap[2, -2] == pytest.approx(1)
    assert seen.heatmap[-2, 2] < seen.heatmap[2, 2] < 0.3  # the part at the upper left sees some of it
    assert ordinal.explain(picture(("top_right",)), "lesion").heatmap[-2, 2] == pytest.approx(1)
    assert ordinal.explain(picture(), "poor_quality").blank
    assert ordinal.explain(picture(("top_right",)), "blurry").blank
    with pytest.raises(KeyError):
        ordinal.explain(picture(), "pretty")


def test_compared_with_others_it_orders_photos_by_its_chance(ordinal):
    rule = ordinal.rule()
    shown = [picture(), picture(("top_left",)), picture() // 40]
    answers = answers_of([ordinal.assess(rgb, rule) for rgb in shown], rule)
    first, second, third = margins(answers)
    assert first > second > third


def test_another_network_is_refused():
    with pytest.raises(ValueError, match="not an ordinal network"):
        Ordinal(Brightness(), ENTRY.model_copy(update={"labels": ["a", "b"]}))


def test_serving_it_needs_no_torch():
    code = "import sys, core.quality.ordinal; sys.exit('torch' in sys.modules or 'onnx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
