import json

import numpy as np
import pytest

from core.training import compare
from core.training.compare import FEWER, GROUPS, Trial, summary, trials
from core.training.recipes.imageqx import CONFIGURATIONS
from core.training.splits import rule


def test_the_groups_share_no_source_and_none_that_is_left_out_for_good():
    slugs = [slug for group in GROUPS.values() for slug in group]
    assert len(GROUPS) == 4
    assert len(slugs) == len(set(slugs))
    assert not set(slugs) & set(rule()["left_out_slugs"])


def test_the_list_holds_three_seeds_of_both_and_every_other_configuration_once():
    listed = trials("start.onnx")
    assert len({trial.name for trial in listed}) == len(listed)
    for row in ("paper", "retake"):
        assert sorted(trial.seed for trial in listed if trial.row == row) == [0, 1, 2]
    assert {trial.configuration for trial in listed} == set(CONFIGURATIONS)
    assert {trial.without for trial in listed} == {"", *GROUPS}
    assert [trial.init for trial in listed if trial.init != "scratch"] == ["start.onnx"]


def held_out(f1: float, auc: float) -> dict:
    return {"n": 10, "quality_macro_f1": f1, "explanation_mean_auc": auc}


def finished(trial: Trial, f1: float) -> dict:
    recalls = {name: {"n": 7, "recall": f1} for name in ("lesion", "no_skin", "healthy_skin")}
    return {
        "trial": vars(trial),
        "figures": {
            "validation": held_out(f1, 0.8),
            "left_out": held_out(f1 - 0.1, 0.7),
            "subjects": round(100 * trial.photos),
            "recall_in_source": recalls,
            **({"recall_left_out": recalls} if trial.without else {}),
        },
    }


def test_the_summary_gives_mean_and_deviation_over_seeds_and_no_deviation_of_one():
    done = {f"p{k}": finished(Trial("paper", "paper", k), f1) for k, f1 in enumerate((0.5, 0.6, 0.7))}
    done["one"] = finished(Trial("one-view", "one-view"), 0.4)
    done["left"] = finished(Trial("leave sources out", "retake", without="B"), 0.3)
    found = summary(done, "briefly")
    rows = {row["name"]: row for row in found["comparisons"]}
    assert set(rows) == {"paper", "one-view"}
    assert rows["paper"]["seeds"] == 3
    assert rows["paper"]["validation"]["quality_macro_f1"] == [0.6, 0.1]
    assert rows["paper"]["left_out"]["quality_macro_f1"] == [0.5, 0.1]
    assert rows["one-view"]["validation"]["quality_macro_f1"] == [0.4, None]
    assert set(found["leave_source_out"]) == {"B, lesion", "B, no_skin", "B, healthy_skin"}
    assert found["leave_source_out"]["B, lesion"]["held_out"] == GROUPS["B"]
    assert found["learning_curve"] == []
    json.dumps(found, allow_nan=False)


def test_the_learning_curve_goes_from_few_photographs_to_all():
    done = {
        "all": finished(Trial("retake", "retake"), 0.6),
        "half": finished(Trial(FEWER, "retake", photos=0.5), 0.5),
    }
    done["other seed"] = finished(Trial("retake", "retake", 1), 0.9)
    found = summary(done, "briefly")
    assert [point["subjects"] for point in found["learning_curve"]] == [50, 100]
    assert found["learning_curve"][0] == {"subjects": 50, "validation_f1": 0.5, "left_out_f1": 0.4}
    assert [row["name"] for row in found["comparisons"]] == ["retake"]


def test_trials_that_are_done_are_not_done_again(tmp_path, monkeypatch):
    asked = []

    def train(trial, args):
        asked.append(trial.name)
        return finished(trial, 0.5)["figures"]

    monkeypatch.setattr(compare, "_train", train)
    monkeypatch.setattr(compare, "RESULTS", tmp_path / "comparisons.json")
    np.savez(tmp_path / "labels.npz", split=np.array(["train", "left_out"]))
    words = ["--data", str(tmp_path), "--pool", str(tmp_path), "--out", str(tmp_path / "out")]
    assert compare.main([*words, "--only", "paper"]) == 0
    assert len(asked) == 3
    assert compare.main([*words, "--only", "paper;one-view"]) == 0
    assert len(asked) == 4
    found = json.loads((tmp_path / "comparisons.json").read_text())
    assert "from 1 samples" in found["protocol"]
    # Nothing was segmented in this pool, so that trial waits.
    assert compare.main([*words, "--only", "segmented"]) == 0
    assert len(asked) == 4


@pytest.mark.parametrize("name", ["paper", "retake"])
def test_a_trial_has_a_name_fit_for_a_folder(name):
    assert Trial(f"{name}, started", name, 2, without="A").name == f"{name},_started-seed2-withoutA"
