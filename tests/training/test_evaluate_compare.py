"""``evaluate compare``: every entry of the registry on the same samples, without a page."""

import argparse
import csv
import json

import pytest
from test_imageqx_data import write_folder

from core.quality import registry
from core.runtime.weights import WeightsError
from tests.conftest import FakeImageQX
from tests.training.folders import write_manifest
from training import evaluate_cli
from training.data.sources import read_manifest
from training.data.splits import split_of


class Second(FakeImageQX):
    name = "second"


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Phantoms for every split, one of which real raters voted on."""
    root = write_folder(tmp_path_factory.mktemp("data"))
    with (root / "manifest.csv").open(newline="", encoding="utf-8") as file:
        entries = list(csv.DictReader(file))
    held_back = {row.path for row in read_manifest(root) if split_of(row) != "train"}
    rated = next(entry for entry in entries if entry["path"] in held_back and entry["group"] == "lesion")
    rated["quality_votes"] = json.dumps({"lesion": 3, "poor_quality": 1})
    rated["explanation_votes"] = json.dumps({"blurry": 1})
    write_manifest(root, entries)
    return root


@pytest.fixture
def folder(photographs, monkeypatch):
    """The same, and two assessors that judge by colour."""
    monkeypatch.setattr(registry, "ENTRIES", {})
    for made in (FakeImageQX(), Second()):
        entry = registry.AssessorEntry(made.name, lambda _weights, made=made: made)
        monkeypatch.setitem(registry.ENTRIES, made.name, entry)
    return photographs


def run(argv):
    parser = argparse.ArgumentParser()
    evaluate_cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["evaluate", *argv])
    return args.run(args)


def test_all_that_can_be_opened_are_compared_on_the_same_samples(folder, tmp_path, monkeypatch, capsys):
    def missing(_weights):
        raise WeightsError("weights_missing", "The file broken.onnx is missing.")

    monkeypatch.setitem(registry.ENTRIES, "broken", registry.AssessorEntry("broken", missing))
    out = tmp_path / "out"
    assert run(["compare", "--data", str(folder), "--out", str(out), "--limit", "6"]) == 0
    report = json.loads((out / "compare.json").read_text(encoding="utf-8"))
    assert report["left_out"] == {"broken": "The file broken.onnx is missing."}
    assert set(report["sections"]) == {"validation", "left_out", "rated"}
    for name in ("validation", "left_out"):
        section = report["sections"][name]
        assert (section["n"], section["labelled"]) == (6, 6)
        assert set(section["assessors"]) == {"imageqx", "second"}
        first = section["pairs"][0]
        assert (first["one"], first["other"], first["agree"]) == ("imageqx", "second", 1.0)
        assert [pair["other"] for pair in section["pairs"][1:]] == ["raters", "raters"]
    assert report["sections"]["rated"]["n"] == 1
    told = capsys.readouterr().out
    assert "| imageqx and second | 6 |" in told
    assert "broken is left out" in told
    assert (out / "compare.md").read_text(encoding="utf-8").startswith("# Assessors compared")


def test_without_any_assessor_one_sentence_says_why(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(registry, "ENTRIES", {})
    assert run(["compare", "--data", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "No assessor can be opened" in capsys.readouterr().err
