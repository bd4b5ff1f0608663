import json
from dataclasses import replace

import numpy as np
import pytest
from test_imageqx_data import write_folder
from test_panel import FINE

from core.__main__ import main
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from training.data.imageqx_data import build_pool, load_labels, material_of, sample
from training.data.panel import Panel
from training.data.sources import read_manifest
from training.evaluation.agreement import (
    Judged,
    agreement_markdown,
    agreement_report,
    figures,
    judge_benchmark,
    judge_pool,
)
from training.evaluation.evaluate import paper
from training.evaluation.quality_predictions import benchmark

COUNTS = {"validation": 4, "left_out": 6}
POOR = QUALITY_CLASSES.index("poor_quality")
BLURRY = EXPLANATIONS.index("blurry")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data"))


def by_hand():
    """Three raters on four lesions, two of them blurred; the third rater never gives a reason."""
    quality = np.array([[POOR, POOR, POOR], [POOR, 0, POOR], [0, 0, 0], [0, 0, 0]])
    explanations = np.zeros((4, 3, len(EXPLANATIONS)), bool)
    explanations[0, :2, BLURRY] = True
    explanations[1, 0, BLURRY] = True
    blurred = replace(FINE, blur=3.0)
    return Judged(
        (blurred, blurred, FINE, FINE), ("lesion",) * 4, quality, explanations, np.array(["train"] * 4)
    )


def test_figures_by_hand():
    out = figures(by_hand(), seed=1)
    assert out["n"] == 4
    blurry = out["explanations"]["blurry"]
    # Pairs: first and second 2/3, the third never says it: 0 and 0.
    assert blurry["pairwise_f1"] == pytest.approx(2 / 9, abs=1e-3)
    assert blurry["deviation"] == pytest.approx(np.std([2 / 3, 0, 0]), abs=1e-3)
    assert blurry["count"] == 2
    assert blurry["ceiling_auc"] == 1
    assert blurry["ceiling_f1"] == 1
    poor = out["classes"]["poor_quality"]
    assert poor["pairwise_f1"] == pytest.approx((2 / 3 + 1 + 2 / 3) / 3, abs=1e-3)
    assert poor["count"] == 2
    assert poor["ceiling_f1"] == 1
    assert out["no_reason"] == pytest.approx(2 / 5)
    # What nobody ever says has no agreement.
    assert out["explanations"]["bad_light"]["pairwise_f1"] is None
    assert out["explanations"]["bad_light"]["ceiling_f1"] is None
    assert out["classes"]["no_skin"]["pairwise_f1"] is None
    pair_means = [(2 / 3 + 4 / 5) / 2, 1.0, (2 / 3 + 4 / 5) / 2]
    assert out["mean_of_classes"]["pairwise_f1"] == pytest.approx(np.mean(pair_means), abs=1e-3)
    assert out["mean_of_classes"]["deviation"] == pytest.approx(np.std(pair_means), abs=1e-3)


def test_the_papers_figures_stand_beside_ours():
    assert paper()["rater_f1"]["blurry"] == 0.83
    assert paper()["rater_f1"]["mean_of_classes"] == 0.77
    text = agreement_markdown(agreement_report(by_hand(), 1, "by hand"))
    assert "| blurry | 2 | 0.22 (0.31) | 0.83 | 1.00 | 1.000 |" in text
    assert "not known here" in text
    assert "without a reason: 40%" in text


def test_the_ballots_are_the_benchmarks_own(data):
    seen = []
    rows = read_manifest(data)
    judged = judge_benchmark(rows, COUNTS, 1, lambda *what: seen.append(what))
    assert judged.quality.shape == (10, 12)
    assert judged.splits.tolist() == ["validation"] * 4 + ["left_out"] * 6
    assert seen[-1] == ("left_out", 6, 6)
    made = sample(2, "left_out", material_of(rows, "left_out"), Panel(1), 1)
    assert judged.explanations[6].sum(axis=0).tolist() == made.explanation_votes.tolist()
    assert np.bincount(judged.quality[6], minlength=4).tolist() == made.quality_votes.tolist()


def test_a_pool_is_judged_by_its_measures(data, tmp_path, capsys):
    build_pool(data, tmp_path, count=40, seed=1)
    judged = judge_pool(tmp_path, COUNTS, 1)
    columns = load_labels(tmp_path)
    held = int((columns["split"] == "left_out").sum())
    assert judged.splits.tolist() == ["validation"] * 4 + ["left_out"] * min(6, held)
    first = np.flatnonzero(columns["split"] == "validation")[0]
    assert judged.measures[0].blur == pytest.approx(float(columns["measures"][first][3]))
    assert judged.groups[0] == columns["group"][first]
    # A pool of another seed is not the benchmark's.
    assert benchmark()["seed"] != 1
    words = ["evaluate", "panel", "--data", str(data), "--out", str(tmp_path), "--pool", str(tmp_path)]
    assert main([*words, "--limit", "2"]) == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_command_prints_tables_and_writes_them(data, tmp_path, capsys):
    words = ["evaluate", "panel", "--data", str(data), "--out", str(tmp_path / "out"), "--limit", "5"]
    assert main(words) == 0
    shown = capsys.readouterr()
    report = json.loads((tmp_path / "out" / "panel.json").read_text())
    assert report["benchmark"].endswith("(shortened)")
    assert set(report["sections"]) == {"all", "validation", "left_out"}
    assert report["sections"]["all"]["n"] == 10
    assert report["raters"] == 12
    assert (tmp_path / "out" / "panel.md").read_text().strip() in shown.out
    # The folder has a photograph with real votes: counts say nothing of two raters.
    assert shown.out.count("1 photograph has counts of real raters' votes") == 1


def test_command_says_in_one_sentence_what_is_in_the_way(tmp_path, capsys):
    words = ["evaluate", "panel", "--data", str(tmp_path / "none"), "--out", str(tmp_path)]
    assert main(words) == 1
    assert capsys.readouterr().err.count("manifest.csv") == 1
