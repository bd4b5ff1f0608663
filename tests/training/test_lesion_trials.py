"""Short trainings that differ in one thing each: run once, compared on the same photographs."""

import numpy as np
import pytest
import torch
from test_compare_lesion import folder  # noqa: F401 (a fixture)

from core.lesion.taxonomy import LABELS
from core.training import lesion_trials
from core.training.lesion_answers import LesionAnswers
from core.training.lesion_text import lesion_markdown
from core.training.lesion_trials import Trial, f1_of, recall_of, row_of, run
from core.training.recipes.lesion import CONFIGURATIONS, plan
from core.training.sources import read_manifest


def said(truth, best, slug="web"):
    logits = np.eye(len(LABELS))[best]
    count = len(truth)
    text = np.array([slug] * count)
    keys = np.array([f"{i}" for i in range(count)])
    return LesionAnswers(np.array(truth), logits, np.zeros((count, 0)), text, text, keys)


TUMOR, CRUST, ULCER = (LABELS.index(name) for name in ("tumor", "crust", "ulcer"))


def test_recall_is_that_of_the_headline():
    answers = said([TUMOR] * 8 + [CRUST] * 5 + [ULCER] * 9, [TUMOR] * 6 + [CRUST] * 3 + [0] * 13)
    # Of 8 tumours 6, of 5 crusts 1, of 9 ulcers none.
    assert float(recall_of(answers)) == pytest.approx((6 / 8 + 1 / 5) / 3)
    assert np.isnan(recall_of(said([CRUST] * 3, [CRUST] * 3)))  # too few to count
    assert np.isnan(recall_of(said([TUMOR] * 9, [TUMOR] * 9, "scdet2")))  # dermoscopy
    twice = np.stack([np.ones(22), np.where(np.arange(22) < 6, 3, 1)])
    assert recall_of(answers, twice).tolist() == pytest.approx([0.95 / 3, (18 / 20 + 1 / 5) / 3])


def test_a_change_is_of_the_same_photographs():
    truth = [TUMOR] * 10 + [CRUST] * 10
    good, bad = said(truth, truth), said(truth, [TUMOR] * 20)
    row = row_of(
        Trial("adversarial"),
        {"validation": good, "left_out": good},
        {"validation": bad, "left_out": good},
    )
    assert (row["name"], row["start"], row["seed"]) == ("adversarial", "shipped", 0)
    assert row["validation_f1_gain"] == pytest.approx(1 - float(f1_of(bad)), abs=1e-3)
    low, _high = row["validation_f1_gain_interval"]
    assert low > 0.4
    # Nothing changed there, in any draw.
    assert (row["left_out_recall_gain"], row["left_out_recall_gain_interval"]) == (0, [0, 0])


def test_each_trial_has_its_own_folder_and_something_to_stand_beside():
    trials = lesion_trials.TRIALS
    assert len({trial.name for trial in trials}) == len(trials)
    assert {trial.configuration for trial in trials} <= set(CONFIGURATIONS)
    assert {trial.plain for trial in trials} <= set(trials)
    assert Trial("retake", "self-supervised").plain == Trial("retake", "scratch")


def test_trials_are_trained_once_and_told_in_a_table(folder, tmp_path, monkeypatch):  # noqa: F811
    trials = (Trial("retake", "scratch"), Trial("adversarial-conditions", "scratch"))
    trials += (Trial("retake", "self-supervised"),)
    monkeypatch.setattr(lesion_trials, "SMALL", 32)
    torch.set_num_threads(1)
    short = plan(epochs=1, draws=16, batch=4, sizes=((0.0, 32),), threads=1)
    rows = read_manifest(folder)
    found = list(run(rows, None, tmp_path, short, trials, phantoms=1))
    assert [len(block["trials"]["rows"]) for block in found] == [1, 2, 3]
    last = found[-1]["trials"]
    assert [row["start"] for row in last["rows"]] == ["scratch", "scratch", "self-supervised"]
    assert last["rows"][0]["left_out_recall_gain"] == 0
    assert "1 epochs of 16 pictures" in last["protocol"]
    assert (tmp_path / "start" / "last.ckpt").is_file()

    def never(*_args):
        raise AssertionError("trained again")

    monkeypatch.setattr(lesion_trials, "learn", never)
    assert list(run(rows, None, tmp_path, short, trials, phantoms=1))[-1] == found[-1]


def test_the_table_is_part_of_the_report():
    from made_up_lesion_report import made_up_lesion

    answers = said([TUMOR] * 8, [TUMOR] * 6 + [0] * 2)
    sets = {"validation": answers, "left_out": answers}
    block = {"protocol": "short", "rows": [row_of(Trial("conditions"), sets, sets)]}
    text = lesion_markdown(made_up_lesion() | {"trials": block})
    assert "| conditions | shipped | 0 | 0.75 (" in text
    assert "+0.00 (+0.00 to +0.00)" in text
