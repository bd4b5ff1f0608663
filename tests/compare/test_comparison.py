"""Agreement, ROC and operating points of made-up assessors, by hand and against what a preset then does."""

import csv as csv_module
import io
from datetime import UTC, datetime
from itertools import count

import numpy as np
import pytest

from core.compare import export, operating
from core.compare.agreement import RATERS, disputed, report
from core.compare.answers import Judge, answers_of, judge_photo, truth_of
from core.compare.export import Compared
from core.compare.labels import Label
from core.compare.tables import curves, tables
from core.compare.words import costs, in_one_sentence
from core.guidance.preset import load_preset
from core.guidance.preset_content import content_of, from_yaml, yaml_of
from core.metrics import kappa, wilson
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge

RULE = PassRule(dict.fromkeys(EXPLANATIONS, 0.5) | {"too_far_away": 1.0}, class_offsets={"lesion": 0.3})


class Noisy:
    """Sees whether the picture is bright, not quite."""

    def __init__(self, name, seed):
        self.name, self._rng = name, np.random.default_rng(seed)

    def rule(self, healthy_skin_passes=False, point=""):
        return RULE

    def assess(self, rgb, rule, *, width=None, height=None):
        dark = rgb[0, 0, 0] < 128
        quality = self._rng.dirichlet([1, 0.5, 0.5, 4] if dark else [5, 0.5, 0.5, 1])
        faults = np.clip(self._rng.beta(2, 5, 5) + 0.4 * dark * (np.arange(5) == 2), 0, 1)
        return judge(
            assessor=self.name,
            width=width,
            height=height,
            quality=dict(zip(QUALITY_CLASSES, map(float, quality), strict=True)),
            explanations=dict(zip(EXPLANATIONS, map(float, faults), strict=True)),
            rule=rule,
            milliseconds=1.0,
        )


N, LABELLED = 60, 55
NAMES = [f"p{number}.jpg" for number in range(N)]
LABELS = {
    name: Label("poor_quality", None, frozenset({"blurry"}))
    if number % 3 == 0
    else Label("lesion", None, frozenset())
    for number, name in enumerate(NAMES[:LABELLED])
}


@pytest.fixture(scope="module")
def judged():
    """Verdicts by photo, answers by assessor, and the truth."""
    judges = [Judge(Noisy("one", 1), RULE), Judge(Noisy("two", 2), RULE)]
    pictures = [np.full((4, 4, 3), 50 if number % 3 == 0 else 200, np.uint8) for number in range(N)]
    clock = count().__next__
    verdicts = [judge_photo(judges, rgb, 4, 4, lambda: float(clock())) for rgb in pictures]
    answers = {one.name: answers_of([each[one.name] for each in verdicts], RULE) for one in judges}
    return verdicts, answers, truth_of(NAMES, LABELS)


def test_kappa_and_wilson_by_hand():
    one, other = np.array([1, 1, 0, 0, 1]), np.array([1, 0, 0, 0, 1])
    # They agree on 4 of 5; by chance on (3 * 2 + 2 * 3) / 25.
    assert kappa(one, other) == pytest.approx((0.8 - 0.48) / (1 - 0.48))
    assert np.isnan(kappa(np.ones(3), np.ones(3)))
    assert wilson(0, 0) is None
    assert wilson(2, 10) == pytest.approx((0.05668, 0.50984), abs=1e-4)
    assert wilson(10, 10)[1] == pytest.approx(1)


def test_time_is_taken_around_each_assessor(judged):
    _verdicts, answers, _truth = judged
    assert set(answers["one"].milliseconds) == {1000.0}


def test_agreement_of_all_pairs_and_with_the_raters(judged):
    _verdicts, answers, truth = judged
    told = report(answers, truth)
    assert (told["n"], told["labelled"], told["good"], told["bad"]) == (60, 55, 36, 19)
    assert [(pair["one"], pair["other"], pair["n"]) for pair in told["pairs"]] == [
        ("one", "two", 60),
        ("one", RATERS, 55),
        ("two", RATERS, 55),
    ]
    first = told["pairs"][0]
    same = answers["one"].passes == answers["two"].passes
    assert first["agree"] == round(same.mean(), 3)
    for name in ("agree", "kappa_passes", "kappa_class", "f1_class", "f1_explanations"):
        low, high = first[f"{name}_interval"]
        assert low <= first[name] <= high
    alone = told["assessors"]["one"]
    known = truth.known
    good = truth.good(RULE)[known]
    assert alone["sent_back"] == round((~answers["one"].passes[known])[good].mean(), 3)
    assert alone["auc"] == pytest.approx(operating.area(answers["one"], truth), abs=1e-3)


def test_without_labels_there_is_no_truth(judged):
    _verdicts, answers, _truth = judged
    assert truth_of(NAMES, {}) is None
    told = report(answers)
    assert "auc" not in told["assessors"]["one"]
    assert curves(told) == []
    assert len(told["pairs"]) == 1


def test_one_assessor_or_one_photo_is_no_reason_to_break(judged):
    _verdicts, answers, truth = judged
    assert report({"one": answers["one"]}, truth)["pairs"][0]["other"] == RATERS
    single = {name: given.subset(np.arange(N) == 0) for name, given in answers.items()}
    assert report(single, truth_of(NAMES[:1], LABELS))["n"] == 1
    assert report(single, truth_of(NAMES[:1], LABELS))["assessors"]["one"]["auc"] is None


def test_margins_say_what_passes_and_order_by_class_where_thresholds_cannot(judged):
    for given in judged[1].values():
        assert ((operating.margins(given) > 0) == given.passes).all()
        assert (operating.passes_under(given, RULE) == given.passes).all()


def test_operating_points_get_stricter_and_lie_on_the_curve(judged):
    _verdicts, answers, truth = judged
    for given in answers.values():
        found = operating.points(given, truth)
        assert 10 < len(found) <= operating.MOST_POINTS
        assert [one.sent_back for one in found] == sorted(one.sent_back for one in found)
        assert [one.let_through for one in found] == sorted((one.let_through for one in found), reverse=True)
        assert found[-1].let_through == 0
        curve = {(round(x, 6), round(y, 6)) for x, y in operating.curve(given, truth)}
        assert all((round(one.alarms, 6), round(one.found, 6)) in curve for one in found[1:])
        assert all(one.thresholds["too_far_away"] == 1 for one in found)  # what never counts goes on so


def test_a_saved_point_judges_as_it_was_measured(judged):
    verdicts, answers, truth = judged
    given = answers["one"]
    for point in operating.points(given, truth)[::7]:
        preset = operating.preset_at(load_preset(), "classical", point, "my-own", "Chosen here.")
        again = from_yaml(yaml_of(content_of(preset)), "my-own@1.yaml")
        assert (again.assessor, again.second_opinion) == ("classical", False)
        rule = again.rule(RULE)
        passes = []
        for number, each in enumerate(verdicts):
            raw = given.quality[number]
            passes.append(
                judge(
                    assessor="one",
                    width=4,
                    height=4,
                    quality=dict(zip(QUALITY_CLASSES, raw, strict=True)),
                    explanations=each["one"].explanations,
                    rule=rule,
                    milliseconds=1.0,
                ).passes
            )
        good, known = truth.good(rule), truth.known
        assert sum(known & good & ~np.array(passes)) == point.sent_back
        assert sum(known & ~good & np.array(passes)) == point.let_through


def test_labels_of_one_kind_alone_give_no_curve(judged):
    _verdicts, answers, _truth = judged
    only = truth_of(NAMES, {name: Label("lesion") for name in NAMES})
    assert operating.points(answers["one"], only) == []
    assert operating.curve(answers["one"], only) == []
    assert report(answers, only)["assessors"]["one"]["auc"] is None


def test_the_most_disputed_come_first(judged):
    _verdicts, answers, _truth = judged
    order = disputed(answers)
    assert sorted(order) == list(range(N))
    apart = (answers["one"].passes != answers["two"].passes)[order]
    assert apart[: apart.sum()].all()


def test_what_a_point_costs_in_two_sentences():
    point = operating.OperatingPoint({}, good=10, bad=4, sent_back=2, let_through=1)
    assert costs(point) == (
        "Of 100 good photos 20 are sent back (95% interval 6 to 51; 10 photos).",
        "Of 100 bad photos 25 get through (95% interval 5 to 70; 4 photos).",
    )


def test_one_photo_in_one_sentence(judged):
    verdicts, _answers, _truth = judged
    said = {in_one_sentence(each) for each in verdicts}
    assert "All agree that this photo passes." in said
    assert any(sentence.startswith("They disagree: one would let this photo pass") for sentence in said)


def test_the_csv_is_safe_and_has_every_file(judged):
    verdicts, _answers, _truth = judged
    photos = [
        Compared("=cmd()", verdicts[0]),
        Compared("p1.jpg", verdicts[1]),
        Compared("x.jpg", {}, problem="Broken.", code="corrupt"),
    ]
    text = export.csv(photos, ["one", "two"], LABELS).decode("utf-8-sig")
    rows = list(csv_module.DictReader(io.StringIO(text)))
    assert rows[0]["file"] == "'=cmd()"
    assert rows[1]["label"] == "lesion"
    assert rows[1]["one_passes"] == str(verdicts[1]["one"].passes)
    assert rows[2]["error"] == "corrupt"
    assert rows[2]["two_quality_lesion"] == ""


def test_the_page_to_take_away_needs_nothing_else_and_escapes_names(judged):
    verdicts, answers, truth = judged
    told = report(answers, truth)
    photos = [
        Compared("<script>alert(1)</script>", verdicts[0], "javascript:alert(1)"),
        *(
            Compared(name, each, "data:image/jpeg;base64,AAAA")
            for name, each in zip(NAMES[1:], verdicts[1:], strict=True)
        ),
    ]
    page = export.html(told, photos, LABELS, datetime(2026, 1, 2, tzinfo=UTC)).decode("utf-8")
    assert "<script" not in page
    assert "javascript:" not in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert page.count("<svg") == len(curves(told)) == 2
    assert page.count("<table") == len(tables(told)) == 2
