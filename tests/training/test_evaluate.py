import json
from dataclasses import replace

import numpy as np
import pytest
from test_imageqx_data import write_folder

from core.__main__ import main
from core.designer import refusal_rates
from core.metrics import draws, interval
from core.quality.imageqx import rule_of
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.runtime.manifest import WEIGHTS_DIR, OperatingPoint, load_manifest
from core.runtime.preprocess import detail_square
from core.runtime.probability import softmax
from training.data.imageqx_data import build_pool, square
from training.data.sources import DataError, read_manifest
from training.evaluation.evaluate import Settings, evaluate_quality, fit_settings, gap
from training.evaluation.metrics import auc, binary, recall_at, report_binary
from training.evaluation.quality_predictions import benchmark, predict_splits
from training.evaluation.quality_report import caught, point_report
from training.evaluation.report_text import compact, markdown


def yes(*values):
    return np.array(values, bool)


def test_yes_no_figures_by_hand():
    truth, given = yes(1, 1, 1, 0, 0, 0, 0, 0), yes(1, 1, 0, 1, 0, 0, 0, 0)
    figures = binary(truth, given)
    assert figures == pytest.approx({"f1": 2 / 3, "recall": 2 / 3, "specificity": 0.8, "precision": 2 / 3})


def test_weights_count_a_case_as_often_as_drawn():
    figures = binary(yes(1, 1, 0), yes(1, 0, 0), np.array([3.0, 1.0, 2.0]))
    assert figures["recall"] == pytest.approx(0.75)


def test_figures_without_positives_are_undefined():
    assert np.isnan(binary(yes(0, 0), yes(0, 1))["f1"])
    assert report_binary(yes(0, 0), yes(0, 1), np.array([0.1, 0.9]), np.ones((4, 2)))["f1"] is None


def test_auc_by_hand():
    assert auc(yes(0, 0, 1, 1), np.array([0.1, 0.4, 0.35, 0.8])) == pytest.approx(0.75)
    assert auc(yes(0, 1), np.array([0.5, 0.5])) == pytest.approx(0.5)
    assert auc(yes(0, 1, 0, 1), np.array([0.2, 0.3, 0.9, 0.8]), np.array([1, 1, 0, 1.0])) == 1
    assert np.isnan(auc(yes(1, 1), np.array([0.2, 0.3])))
    both = auc(yes(0, 1, 0, 1), np.array([0.2, 0.3, 0.9, 0.8]), np.array([[1, 1, 0, 1.0], [0, 1, 1, 1]]))
    assert both.tolist() == [1, 0]


def test_what_is_caught_at_a_number_of_retakes_by_hand(make_predictions):
    # 20 good photos with chances 0.05 to 1; 4 faulty ones, of which three lie below the third good one.
    label = np.array([0] * 20 + [3] * 4)
    chance = np.concatenate([np.arange(1, 21) / 20, [0.01, 0.12, 0.14, 0.9]])
    quality = np.stack([chance, *[(1 - chance) / 3] * 3], axis=1)
    votes = np.eye(4)[label]
    made = make_predictions(24, label=label, class_votes=votes, quality=quality, scores=np.zeros((24, 5)))
    assert caught(made) == {"retakes": 0.15, "n": 4, "share": 0.75, "interval": [0.301, 0.954]}
    assert caught(made.subset(label == 0))["share"] is None


def test_recall_at_a_specificity_by_hand():
    truth = np.arange(40) >= 20
    score = np.concatenate([np.arange(20), [18.5, 18, 25, 30], np.full(16, 5.0)])
    # One of twenty negatives may lie above the bar (19), so the bar is 18: 18.5, 25 and 30 are over it.
    assert recall_at(truth, score, 0.95) == pytest.approx(3 / 20)
    assert recall_at(truth, score, 1.0) == pytest.approx(2 / 20)


def test_bootstrap_draws_whole_groups():
    weights = draws(np.array(["a", "a", "b", "c"]), replicates=50, seed=1)
    assert weights.shape == (50, 4)
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert (weights[:, [0, 2, 3]].sum(1) == 3).all()


def test_interval_covers_the_figure_and_narrows_with_n():
    def width(n):
        truth = np.arange(n) % 2 == 0
        given = np.arange(n) % 10 < 5
        low, high = interval(binary(truth, given, draws(np.arange(n)))["recall"])
        assert low <= binary(truth, given)["recall"] <= high
        return high - low

    assert width(1000) < width(60)


class Oracle:
    """Calls everything a sharp lesion, except that dark pictures are badly lit and poor."""

    name = "oracle"

    def assess(self, rgb, rule):
        dark = float(1 - rgb.mean() / 255)
        explanations = dict.fromkeys(EXPLANATIONS, 0.1) | {"bad_light": dark}
        quality = dict.fromkeys(QUALITY_CLASSES, 0.1) | {"lesion": 0.7}
        return judge(
            assessor=self.name,
            width=1,
            height=1,
            quality=quality,
            explanations=explanations,
            rule=rule,
            milliseconds=0,
        )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def made(data, tmp_path_factory):
    """A report of the oracle, the folder of its pictures, and its progress."""
    out, seen = tmp_path_factory.mktemp("report"), []
    report = evaluate_quality(
        Oracle(),
        PassRule(dict.fromkeys(EXPLANATIONS, 0.6), class_offsets={"poor_quality": -0.25}),
        read_manifest(data),
        {"validation": 12, "left_out": 12},
        lambda *step: seen.append(step),
        out=out,
    )
    return report, out, seen


def test_a_quality_report_has_every_section_and_is_honest(made):
    report, out, seen = made
    assert not list(out.glob("*.npz")), "answers are kept of a network that can be named"
    assert report["benchmark"] == benchmark()["name"] + " (shortened)"
    assert set(report["sections"]) <= {"validation", "left_out", "phantoms", "rated"}
    counts = [section["n"] for name, section in report["sections"].items() if name != "rated"]
    assert sum(counts) == 24
    for section in report["sections"].values():
        assert section["classes"]["lesion"]["recall"] in (None, 1.0)
        assert section["classes"]["no_skin"]["recall"] in (None, 0.0)
        assert section["explanations"]["blurry"]["recall"] in (None, 0.0)
    assert ("left_out", 12, 12) in seen
    # The oracle flags what is dark: with deep skin that must show.
    assert report["tones"]["light"]["flagged_bad_light"] < report["tones"]["deep"]["flagged_bad_light"]
    assert report["tones"]["light"]["called_lesion"] == 1
    json.dumps(report, allow_nan=False)
    text = markdown(report)
    assert "| deep | 12 |" in text
    assert "nan" not in text
    assert "Left-out sources" in text
    assert "| no_skin |" in text
    assert compact(report)["benchmark"] == report["benchmark"]


def test_a_quality_report_follows_the_schema(made):
    report, out, _seen = made
    assert report["class_offsets"] == {"poor_quality": -0.25}
    assert set(report["operating_points"]) == {"balanced", "lenient", "strict"}
    assert report["operating_points_from"] == "this run"
    for point in report["operating_points"].values():
        assert set(point["thresholds"]) == set(EXPLANATIONS)
        assert set(point["sections"]) == {"validation", "left_out"}
        for figures in point["sections"].values():
            assert {"good_lesion_passes", "good_lesion_n", "faulty_refused", "faulty_n"} <= set(figures)
    section = report["sections"]["left_out"]
    assert np.array(section["confusion"]).shape == (4, 4)
    assert np.sum(section["confusion"]) == section["n"]
    low, high = section["quality_macro_f1_interval"]
    assert low <= section["quality_macro_f1"] <= high
    assert len(section["reliability"]["bins_after"]) == 10
    assert section["reliability"]["ece_before"] == section["reliability"]["ece_after"]
    assert section["fairness"]["bins"][0]["name"] == "very_light"
    assert "focus" not in section  # the oracle cannot say where it looked
    known = report["sections"]["validation"]["explanations_at_best_f1"]
    assert {name: entry["threshold"] for name, entry in known.items()} == {
        name: entry["threshold"] for name, entry in section["explanations_at_best_f1"].items()
    }
    assert report["gap"]["quality_macro_f1"] == pytest.approx(
        report["sections"]["validation"]["quality_macro_f1"] - section["quality_macro_f1"], abs=1e-3
    )
    assert report["paper"]["rater_f1"]["blurry"] == 0.83
    assert set(compact(report)["operating_points"]["strict"]["left_out"]) == {
        "good_lesion_passes",
        "faulty_refused",
    }
    for entry in report["mistakes"]:
        assert (out / entry["file"]).read_bytes()[:2] == b"\xff\xd8"
    for name, entry in section["classes"].items():
        assert name in QUALITY_CLASSES
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in entry["roc"])


def test_the_points_that_came_with_the_weights_are_reported(data):
    point = OperatingPoint(thresholds=dict.fromkeys(EXPLANATIONS, 0.123))
    report = evaluate_quality(
        Oracle(),
        PassRule(point.thresholds),
        read_manifest(data),
        {"validation": 4, "left_out": 4},
        settings=Settings(2.0, {"balanced": point}),
    )
    assert list(report["operating_points"]) == ["balanced"]
    assert report["operating_points_from"] == "weights"
    assert report["operating_points"]["balanced"]["thresholds"]["blurry"] == 0.123
    for section in report["sections"].values():
        assert section["reliability"]["temperature"] == 2.0


def test_offsets_of_the_rule_leave_the_probabilities_reported_alone(data):
    rows, counts = read_manifest(data), {"validation": 10}
    plain = predict_splits(Oracle(), PassRule(dict.fromkeys(EXPLANATIONS, 0.6)), rows, counts)["validation"]
    rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.6), class_offsets={"healthy_skin": 5.0})
    moved = predict_splits(Oracle(), rule, rows, counts)["validation"]
    np.testing.assert_allclose(plain.quality, moved.quality, atol=1e-9)
    assert (plain.predicted == 0).all()
    assert (moved.predicted == QUALITY_CLASSES.index("healthy_skin")).all()


def test_settings_fitted_on_answers_pass_the_good_ones(make_predictions):
    rng = np.random.default_rng(0)
    label = np.where(np.arange(300) < 200, 0, 3)
    quality = np.where(np.arange(4) == label[:, None], 0.4, 0.2)
    scores = np.where(label[:, None] == 3, 0.6, 0.3) + rng.normal(0, 0.1, (300, 5))
    made = make_predictions(
        300, label=label, class_votes=np.eye(4)[label], quality=quality, scores=scores.clip(0, 1)
    )
    settings = fit_settings(made, 2.0)
    # Always right with probability 0.4: far too modest, so the logits are divided by less than before.
    assert settings.temperature < 1
    assert set(settings.points) == {"balanced", "lenient", "strict"}
    logits = 2.0 * np.log(quality)
    again = replace(made, quality=softmax(logits / settings.temperature))
    found = point_report(settings.points, {"validation": again})["balanced"]["sections"]["validation"]
    assert found["good_lesion_passes"] >= 0.85
    assert found["faulty_refused"] > 0.9


def test_the_gap_is_none_where_a_side_is_missing():
    assert gap({"validation": {"quality_macro_f1": 0.8}})["quality_macro_f1"] is None
    both = {"validation": {"quality_macro_f1": 0.8}, "left_out": {"quality_macro_f1": 0.55}}
    assert gap(both)["quality_macro_f1"] == 0.25


def test_operating_points_can_be_fitted_into_a_manifest(data, tmp_path, capsys):
    weights = tmp_path / "weights"
    weights.mkdir()
    for name in ("manifest.json", "imageqx.onnx"):
        (weights / name).symlink_to(WEIGHTS_DIR / name)
    text = (WEIGHTS_DIR / "manifest.json").read_text()
    (weights / "manifest.json").unlink()
    (weights / "manifest.json").write_text(text)
    out = tmp_path / "out"
    command = ["evaluate", "imageqx", "--data", str(data), "--out", str(out), "--weights", str(weights)]
    assert main([*command, "--limit", "8", "--fit-points"]) == 0
    assert capsys.readouterr().out.split() == [
        *(str(out / f"imageqx.{kind}") for kind in ("json", "md", "html")),
        str(out / "imageqx_scores.npz"),
    ]
    assert "<svg" in (out / "imageqx.html").read_text()
    entry = load_manifest(weights / "manifest.json").networks["imageqx"]
    report = json.loads((out / "imageqx.json").read_text())
    assert set(entry.operating_points) == {"balanced", "lenient", "strict"}
    assert entry.thresholds == entry.operating_points["balanced"].thresholds
    for name, point in entry.operating_points.items():
        told = report["operating_points"][name]["thresholds"]
        assert told == pytest.approx(point.thresholds, abs=1e-4)
    assert report["thresholds"] == pytest.approx(entry.thresholds, abs=1e-4)
    # The answers beside it give the same shares, at the points that were fitted here.
    stored = refusal_rates.load(out / "imageqx_scores.npz")
    assert (stored.sha256, stored.benchmark) == (entry.sha256, report["benchmark"])
    assert report["sha256"] == entry.sha256
    for name, section in stored.sections.items():
        told = report["operating_points"]["strict"]["sections"][name]
        found = {one.kind: one for one in refusal_rates.refused(section, rule_of(entry.point("strict")))}
        assert (found["good"].n, found["faulty"].n) == (told["good_lesion_n"], told["faulty_n"])
        assert found["faulty"].share == pytest.approx(told["faulty_refused"], abs=1e-3)
    assert report["sections"]["left_out"]["reliability"]["temperature"] == entry.temperature
    assert report["sections"]["phantoms"]["focus"]["lesion_only"]["blurry"]["n"] == 4


def test_the_command_writes_its_report_and_prints_only_the_paths(data, tmp_path, capsys):
    out = tmp_path / "report"
    assert main(["evaluate", "classical", "--data", str(data), "--out", str(out), "--limit", "6"]) == 0
    assert capsys.readouterr().out.split() == [str(out / "classical.json"), str(out / "classical.md")]
    report = json.loads((out / "classical.json").read_text())
    assert report["task"] == "classical"


def test_the_command_says_what_is_wrong_with_the_data(tmp_path, capsys):
    assert main(["evaluate", "classical", "--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "There is no manifest.csv in" in printed.err
    assert "Traceback" not in printed.err
    assert main(["evaluate", "classical", "--data", "x", "--out", "y", "--limit", "0"]) == 2


class Reader(Oracle):
    """Answers from the network's view only, as ImageQX does."""

    def assess(self, rgb, rule):
        return super().assess(square(rgb), rule)


def test_a_rendered_pool_gives_the_same_figures_as_drawing_again(data, tmp_path):
    seed = benchmark()["seed"]
    build_pool(data, tmp_path, count=30, seed=seed)
    rule, rows, counts = (
        PassRule(dict.fromkeys(EXPLANATIONS, 0.6)),
        read_manifest(data),
        {"validation": 3, "left_out": 3},
    )
    drawn = evaluate_quality(Reader(), rule, rows, counts)
    read = evaluate_quality(Reader(), rule, rows, counts, pool_dir=tmp_path)
    assert read == drawn


class TwoViews(Oracle):
    """Answers from the detail alone, as a network with a second view may."""

    def views(self, rgb):
        return square(rgb), detail_square(rgb, 224)

    def judge_views(self, shown, detail, rule, width, height):
        assert shown.shape == detail.shape == (224, 224, 3)
        return Oracle.assess(self, detail, rule)

    def assess(self, rgb, rule):
        return self.judge_views(*self.views(rgb), rule, rgb.shape[1], rgb.shape[0])


def test_a_pool_serves_networks_with_a_second_view(data, tmp_path):
    build_pool(data, tmp_path, count=20, seed=benchmark()["seed"])
    rule, rows = PassRule(dict.fromkeys(EXPLANATIONS, 0.6)), read_manifest(data)
    drawn = predict_splits(TwoViews(), rule, rows, {"left_out": 2})["left_out"]
    read = predict_splits(TwoViews(), rule, rows, {"left_out": 2}, pool_dir=tmp_path)["left_out"]
    assert np.array_equal(drawn.scores, read.scores)
    assert np.array_equal(drawn.votes, read.votes)


def test_a_pool_of_another_seed_is_refused(data, tmp_path):
    build_pool(data, tmp_path, count=10, seed=benchmark()["seed"] + 1)
    rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.6))
    with pytest.raises(DataError, match="not the benchmark's"):
        evaluate_quality(
            Reader(), rule, read_manifest(data), {"validation": 1, "left_out": 1}, pool_dir=tmp_path
        )
