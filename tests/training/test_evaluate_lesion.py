import json

import cv2
import numpy as np
import pytest
from folders import key_for, write_manifest
from toy_network import write_ten

from core.__main__ import main
from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import LABELS
from core.runtime.engine import open_engine
from core.runtime.manifest import load_manifest
from core.synthetic.phantoms import draw
from training.data.sources import DataError, read_manifest
from training.data.splits import rule, split_of
from training.evaluation import evaluate_lesion as module
from training.evaluation import lesion_predictions
from training.evaluation.evaluate_lesion import (
    by_source,
    confused_pairs,
    coverage,
    evaluate_lesion,
    headline,
    known_confused,
    lesion_report,
)
from training.evaluation.lesion_predictions import (
    NO_LESION,
    LesionPredictions,
    predict_sets,
    reference_rows,
)
from training.evaluation.lesion_text import lesion_markdown
from training.evaluation.report_text import compact


@pytest.fixture(scope="module", autouse=True)
def _small_phantoms():
    """The toy network looks at 32 x 32 pixels of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesion_predictions, "PHANTOM_SIZE", (96, 128))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Drawn pictures of each class and of none, on every side of the split."""
    root, rows, number = tmp_path_factory.mktemp("data"), [], 0
    kinds = [("lesion", label) for label in LABELS] + [("healthy_skin", ""), ("no_skin", "")] * 3
    for group, label in kinds:
        for split in ("train", "train", "validation", "left_out"):
            key, number = key_for("train" if split == "left_out" else split, number)
            slug = rule()["left_out_slugs"][0] if split == "left_out" else "drawn-here"
            rgb = draw(group, number, size=(96, 128), lesion_class=label or None).rgb
            cv2.imwrite(str(root / f"{key}.png"), rgb[..., ::-1])
            row = {"path": f"{key}.png", "group": group, "label": label, "slug": slug, "split_key": key}
            rows.append(row | {"width": 128, "height": 96})
    write_manifest(root, rows)
    return root


def predictions(truth, best, slugs=None, labels=LABELS):
    """Predictions whose first guess is ``best`` and whose second is the class after it."""
    logits = np.zeros((len(truth), len(labels)))
    logits[np.arange(len(truth)), best] = 4
    logits[np.arange(len(truth)), (np.array(best) + 1) % len(labels)] += 2
    slugs = np.array(slugs if slugs is not None else ["somewhere"] * len(truth))
    keys = np.array([f"key{i}" for i in range(len(truth))])
    groups = np.where(np.array(truth) == NO_LESION, "no_skin", "lesion")
    return LesionPredictions(np.array(truth), slugs, keys, logits, np.zeros((len(truth), 0)), groups)


def test_figures_by_hand():
    report = lesion_report(predictions([0, 0, 1, 1], [0, 9, 1, 9]), LABELS)
    assert report["top1"] == 0.5
    assert report["top2"] == 0.75  # the second one's next guess is class 0, the last one's is not class 1
    assert report["macro_f1"] == pytest.approx(2 / 3, abs=1e-3)
    assert report["confusion"][0][0] == report["confusion"][0][9] == 1
    first = report["classes"][LABELS[0]]
    assert (first["positives"], first["recall"], first["precision"]) == (2, 0.5, 1.0)
    for key in ("recall", "precision", "f1"):
        low, high = first[f"{key}_interval"]
        assert low <= first[key] <= high
    for key in ("top1", "top2", "macro_f1"):
        low, high = report[f"{key}_interval"]
        assert low <= report[key] <= high
    assert report["classes"][LABELS[5]]["f1"] is None


def test_all_or_none_right_still_has_an_interval():
    report = lesion_report(predictions([0, 0, 0, 1, 1, 1], [0, 0, 0, 2, 2, 2]), LABELS)
    first, second, third = (report["classes"][LABELS[i]] for i in range(3))
    assert (first["recall"], second["recall"], third["precision"]) == (1, 0, 0)
    assert first["recall_interval"][0] < 0.6
    assert second["recall_interval"][1] > 0.4
    assert third["precision_interval"][1] > 0.4
    assert second["precision_interval"] is None  # it was never said


def test_pairs_are_told_by_how_often_they_are_confused():
    table = [[5, 3, 0], [1, 9, 0], [3, 0, 1]]
    found = confused_pairs(table, ["a", "b", "c"])
    assert [(pair["true"], pair["said"], pair["count"], pair["of"]) for pair in found] == [
        ("c", "a", 3, 4),
        ("a", "b", 3, 8),
        ("b", "a", 1, 10),
    ]
    assert [pair["share"] for pair in found] == [0.75, 0.375, 0.1]


def test_a_pair_is_known_from_enough_photos_and_a_large_share_on():
    table = [[80, 14, 0], [0, 20, 4], [5, 0, 15]]
    # 14 of 94 is too small a share, 4 are too few; 5 of 20 are enough.
    (pair,) = known_confused(table, ["a", "b", "c"])
    assert (pair.true, pair.said, pair.count, pair.of) == ("c", "a", 5, 20)


def test_coverage_answers_the_surest_first():
    top = np.linspace(0.95, 0.4, 20)
    chances = np.stack([top, 1 - top], 1)
    chances[top < 0.5] = chances[top < 0.5][:, ::-1]
    truth = np.where(np.arange(20) < 10, chances.argmax(1), 1 - chances.argmax(1))
    found = {entry["coverage"]: entry for entry in coverage(chances, truth)}
    assert found[1.0]["accuracy"] == 0.5
    assert found[0.5]["accuracy"] == 1.0
    assert found[0.5]["n"] == 10
    shares = list(found)
    assert shares == sorted(shares, reverse=True)
    bars = [found[share]["from"] for share in shares]
    assert bars == sorted(bars)


def test_the_headline_is_of_new_phone_sources_only():
    tumor, ulcer, macula, crust = (
        LABELS.index(name) for name in ("tumor", "ulcer", "pigmented_macula", "crust")
    )
    truth = [tumor] * 10 + [macula] * 10 + [ulcer] * 10 + [crust] * 3
    best = [tumor] * 4 + [0] * 6 + [macula] * 10 + [ulcer] * 10 + [crust] * 3
    slugs = ["web"] * 10 + ["scdet2"] * 4 + ["phone"] * 6 + ["clinic"] * 10 + ["web"] * 3
    found = headline(predictions(truth, best, slugs), LABELS)
    assert set(found["classes"]) == {"tumor", "pigmented_macula", "ulcer", "crust"}
    assert found["classes"]["tumor"]["recall"] == 0.4
    assert found["classes"]["pigmented_macula"]["n"] == 6  # dermoscopy is passed over
    assert found["classes"]["pigmented_macula"]["sources"] == ["phone"]
    # Three photographs are shown and not counted.
    assert (found["classes"]["crust"]["n"], found["classes"]["crust"]["counted"]) == (3, False)
    assert (found["macro_recall"], found["classes_counted"], found["n"]) == (0.8, 3, 26)
    low, high = found["macro_recall_interval"]
    assert low < 0.8 < high
    assert found["missing"] == ["acne", "alopecia", "blister", "erythema", "leukoderma", "wheal"]
    assert found["classes"]["tumor"]["in_source"] is None
    known = predictions(
        [macula] * 10 + [tumor] * 2, [macula] * 8 + [0] * 2 + [tumor] * 2, ["scdet2"] * 8 + ["p"] * 4
    )
    beside = headline(predictions(truth, best, slugs), LABELS, known)["classes"]
    # Dermoscopy flatters no in-source figure either.
    assert (
        beside["pigmented_macula"]["in_source"]["n"],
        beside["pigmented_macula"]["in_source"]["recall"],
    ) == (
        2,
        0.0,
    )
    assert beside["tumor"]["in_source"]["recall"] == 1.0
    assert headline(predictions([ulcer], [ulcer]), LABELS)["macro_recall"] is None


def test_sources_of_a_class_stand_side_by_side_where_there_are_two():
    known = predictions([0, 0, 0, 1], [0, 0, 2, 1], ["a", "a", "a", "a"])
    new = predictions([0, 0], [1, 0], ["b", "b"])
    found = by_source({"validation": known, "left_out": new}, LABELS)
    assert list(found) == [LABELS[0]]
    told = [(entry["source"], entry["split"], entry["n"], entry["recall"]) for entry in found[LABELS[0]]]
    assert told == [("a", "validation", 3, 0.667), ("b", "left_out", 2, 0.5)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    weights = tmp_path_factory.mktemp("weights")
    write_ten(weights)
    return weights


@pytest.fixture(scope="module")
def evaluated(tiny, folder):
    manifest = load_manifest(tiny / "manifest.json")
    entry = manifest.networks["lesion"]
    classifier = LesionClassifier(open_engine("lesion", manifest, 1, tiny), entry)
    rows = read_manifest(folder)
    sets = predict_sets(classifier, entry.labels, rows, limit=2)
    return sets, evaluate_lesion(sets, entry, rows, limit=2), rows, classifier


def test_every_set_has_pictures_of_lesions_and_of_none(evaluated):
    sets, report, rows, _classifier = evaluated
    assert list(sets) == ["validation", "left_out", "phantoms"]
    for name in ("validation", "left_out"):
        assert (sets[name].lesion.sum(), (~sets[name].lesion).sum()) == (2, 2)
        assert set(sets[name].keys) <= {row.split_key for row in rows if split_of(row) == name}
    assert sets["phantoms"].lesion.sum() == 20
    assert set(sets["phantoms"].groups) == {"lesion", "healthy_skin", "no_skin"}
    # Pictures without a lesion are in no figure of the classes.
    assert [section["n"] for section in report["sections"].values()] == [2, 2, 20]
    for section in report["sections"].values():
        assert np.sum(section["confusion"]) == section["n"]


def test_answers_are_those_of_the_served_classifier(evaluated, folder):
    sets, _report, rows, classifier = evaluated
    part = sets["validation"]
    by_key = {row.split_key: row for row in rows}
    for i in range(len(part)):
        rgb = cv2.imread(str(folder / by_key[str(part.keys[i])].path))[..., ::-1]
        prediction = classifier.predict(rgb)
        assert LABELS[part.predicted[i]] == prediction.labels[0]
        assert part.chances()[i].max() == pytest.approx(prediction.probabilities[0])


def test_references_come_from_the_training_side_a_few_of_each(folder):
    rows = read_manifest(folder)
    assert {split_of(row) for row in reference_rows(rows)} == {"train"}
    one = reference_rows(rows, each=1)
    assert len(one) == len({(row.group, row.label) for row in rows})


def test_a_quick_look_is_called_so_and_the_paper_stands_beside(evaluated):
    _sets, report, _rows, _classifier = evaluated
    assert report["benchmark"] == f"{module.BENCHMARK} (shortened)"
    assert report["paper"]["accuracies"] == [0.898, 0.849]
    assert report["learnt_from"]["acne"] == {"photos": 2, "ordinary": 2, "sources": 1}
    assert report["abstention"] == {}
    json.dumps(report, allow_nan=False)
    text = lesion_markdown(report)
    for words in ("Table 3", "Figure 5", "in-source", "not comparable", "Headline"):
        assert words in text
    assert "nan" not in text
    assert compact(report)["headline"] == {
        "macro_recall": None,
        "recall": {name: entry["recall"] for name, entry in report["headline"]["classes"].items()},
    }


def test_a_label_that_the_network_does_not_know_is_named(folder, tmp_path):
    write_ten(tmp_path)
    manifest = load_manifest(tmp_path / "manifest.json")
    classifier = LesionClassifier(open_engine("lesion", manifest, 1, tmp_path), manifest.networks["lesion"])
    with pytest.raises(DataError, match="labelled wheal, which is none of the classes"):
        predict_sets(classifier, list(LABELS[:-1]), read_manifest(folder))


def test_the_command_prints_pairs_and_matrix_and_fits_the_manifest(folder, tiny, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["evaluate", "lesion", "--data", str(folder), "--out", str(out), "--weights", str(tiny)]
    assert main([*command, "--limit", "10", "--fit-points", "--write-manifest"]) == 0
    printed = capsys.readouterr().out
    assert "Table 3, most often confused:" in printed
    assert "Confusion (rows: true, columns: said):" in printed
    assert printed.split()[-3:] == [str(out / f"lesion.{kind}") for kind in ("json", "md", "html")]
    assert "<svg" in (out / "lesion.html").read_text()
    report = json.loads((out / "lesion.json").read_text())
    entry = load_manifest(tiny / "manifest.json").networks["lesion"]
    assert entry.temperature == report["temperature"]
    assert entry.abstention.score == report["abstention"]["score"]
    assert entry.abstention.unfamiliar == report["abstention"]["unfamiliar"]
    assert {"energy", "contrast", "mahalanobis", "cosine"} == set(report["abstention"]["scores"])
    assert entry.metrics["not_a_lesion_auc"]["validation"] is not None
    assert [pair.model_dump() for pair in entry.confused] == report["confused"]
    # What the mirror images bring on new collections is what the card will tell.
    assert entry.metrics["flips"] == report["flips"]["left_out"]
    assert report["flips"]["left_out"]["n"] == 10
    # Of the classifier as it is served from now on, offsets and all.
    assert entry.class_offsets
    assert report["flips"]["left_out"]["top1"]["plain"] == report["sections"]["left_out"]["top1"]
    assert "Averaged over the four mirror images" in (out / "lesion.md").read_text()
    # What was fitted is served.
    classifier = LesionClassifier(
        open_engine("lesion", load_manifest(tiny / "manifest.json"), 1, tiny), entry
    )
    assert classifier.predict(np.zeros((9, 9, 3), np.uint8)).reason in (
        None,
        "not_a_lesion",
        "low_confidence",
    )
    # A second look without fitting leaves the thresholds as they are.
    assert main([*command, "--limit", "3"]) == 0
    again = load_manifest(tiny / "manifest.json").networks["lesion"]
    assert again == entry
