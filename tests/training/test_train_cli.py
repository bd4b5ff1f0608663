import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
import torch
from folders import key_for

from core.networks.lesion import LABELS
from core.runtime.manifest import load_manifest, save_entry
from core.runtime.weights import verify
from core.synthetic.phantoms import draw
from training import cli
from training.recipes import probe
from training.recipes.loop import Plan
from training.recipes.probe import start_head
from training.recipes.range_test import earlier_optimum

pytestmark = pytest.mark.usefixtures("one_block_a_stage")

COLUMNS = ["path", "group", "label", "original_label", "source", "slug", "split_key", "width", "height"]
COLUMNS += ["mask", "boxes", "licence", "note"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data folder of drawn pictures: two of each lesion class to train with, one to validate with."""
    root = tmp_path_factory.mktemp("data")
    rows, number = [], 0
    kinds = [("lesion", label) for label in LABELS] + [("healthy_skin", ""), ("no_skin", "")]
    for group, label in kinds:
        for split in ("train", "train", "validation"):
            key, number = key_for(split, number)
            rgb = draw(group, number, size=(96, 128), lesion_class=label or None).rgb
            path = f"{key}.png"
            cv2.imwrite(str(root / path), rgb[..., ::-1])
            rows.append([path, group, label, "", "drawn", "drawn", key, 128, 96, "", "", "", ""])
    with (root / "manifest.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return root


def train(*words) -> int:
    parser = argparse.ArgumentParser()
    cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["train", *map(str, words)])
    return args.run(args)


QUICK = ["--draws", 8, "--batch", 4, "--size", 32, "--threads", 1, "--phantoms", 1, "--rate", 0.01]
QUICK += ["--arch", "resnet34"]
RANGE_TEST = ["--rate", "auto"]


@pytest.fixture(scope="module")
def lesion(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("lesion")
    assert (
        train("lesion", "--data", folder, "--out", out, "--epochs", 1, "--seed", 5, *QUICK, *RANGE_TEST) == 0
    )
    return out


def test_lesion_training_ends_in_a_verified_file_with_its_story(lesion):
    entry = load_manifest(lesion / "manifest.json").networks["lesion"]
    assert verify(entry, lesion).stat().st_size < 45e6
    assert entry.labels == list(LABELS)
    story = entry.provenance
    assert (story["init"], story["seed"], story["epochs"], story["arch"]) == ("scratch", 5, 1, "resnet34")
    assert story["data"] == {"drawn": 20}
    assert "score" in entry.metrics["validation"]
    assert story["peak_rate"] == earlier_optimum(lesion)
    assert (lesion / "range_test.svg").is_file()


def test_training_goes_on_from_a_checkpoint_and_from_our_own_file(lesion, folder, tmp_path, capsys):
    args = ["lesion", "--data", folder, *QUICK]
    plot = (lesion / "range_test.svg").stat().st_mtime_ns
    assert train(*args, "--out", lesion, "--epochs", 2, "--seed", 5, "--resume", *RANGE_TEST) == 0
    entry = load_manifest(lesion / "manifest.json").networks["lesion"]
    assert entry.provenance["epochs"] == 2
    # The rate that the run was begun with: it is not sought again.
    assert entry.provenance["peak_rate"] == earlier_optimum(lesion)
    assert (lesion / "range_test.svg").stat().st_mtime_ns == plot
    start = lesion / "lesion.onnx"
    assert train(*args, "--out", tmp_path, "--epochs", 1, "--init", start) == 0
    story = load_manifest(tmp_path / "manifest.json").networks["lesion"].provenance
    assert story["init"] == "lesion.onnx"
    assert story["start"]["seed"] == 5
    assert train(*args, "--out", tmp_path, "--epochs", 1, "--init", lesion / "last.ckpt") == 0
    assert load_manifest(tmp_path / "manifest.json").networks["lesion"].provenance["init"] == "last.ckpt"
    assert "Written" in capsys.readouterr().out


def test_fine_tuning_begins_with_a_probe_and_says_so(folder, tmp_path, monkeypatch):
    began = []

    def start(net, data, size, seed, count):
        began.append((size, seed, count))
        start_head(net, data, size, seed, count)

    monkeypatch.setattr(probe, "start_head", start)
    words = ["lesion", "--data", folder, "--out", tmp_path, "--epochs", 1, "--seed", 3, *QUICK]
    assert train(*words, "--configuration", "fine-tuned") == 0
    assert began == [(32, 3, 8)]
    story = load_manifest(tmp_path / "manifest.json").networks["lesion"].provenance
    assert (story["configuration"], story["graded"]) == ("fine-tuned", True)
    again = [*words, "--configuration", "fine-tuned", "--init", tmp_path / "lesion.onnx"]
    assert train(*again, "--keep-head") == 0
    assert len(began) == 1, "the head goes on as it was"


@pytest.mark.parametrize("start", [[], ["--init", "imagenet"], ["--init", "trunk.npz"]])
def test_a_head_that_is_not_trained_cannot_be_kept(start, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cli, "_train", lambda _args: pytest.fail("training started"))
    assert train("lesion", "--data", folder, "--out", tmp_path, "--keep-head", *start, *QUICK) == 1
    assert "--keep-head needs a trained head" in capsys.readouterr().err


def test_the_default_architecture_is_fine_tuned_and_a_resnet_is_not(folder, tmp_path, monkeypatch):
    chosen = []
    monkeypatch.setattr(cli, "_train", lambda args: chosen.append((args.arch, args.configuration)) or 0)
    for words in ([], ["--arch", "resnet50"], ["--configuration", "retake"]):
        assert train("lesion", "--data", folder, "--out", tmp_path, *words) == 0
    assert train("imageqx", "--data", folder, "--out", tmp_path) == 0
    assert chosen == [
        ("efficientnet_b0", "fine-tuned"),
        ("resnet50", "retake"),
        ("efficientnet_b0", "retake"),
        ("efficientnet_b0", "retake"),
    ]


def test_two_processes_share_each_step(folder, tmp_path):
    words = ["lesion", "--data", folder, "--out", tmp_path, "--epochs", 1, "--processes", 2, *QUICK]
    done = subprocess.run(
        [sys.executable, "-m", "core", "train", *map(str, words)],
        cwd=Path(cli.__file__).parents[1],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("Written") == 1
    entry = load_manifest(tmp_path / "manifest.json").networks["lesion"]
    verify(entry, tmp_path)
    assert entry.provenance["batch"] == 8
    # Eight pictures in steps of twice four are one step.
    checkpoint = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 1


def test_machines_are_told_to_lightning_and_share_each_step(folder, tmp_path, monkeypatch):
    given = {}

    class Told(Exception):
        pass

    def trainer(**options):
        given.update(options)
        raise Told

    monkeypatch.setattr("training.recipes.loop.L.Trainer", trainer)
    with pytest.raises(Told):
        train("lesion", "--data", folder, "--out", tmp_path, "--epochs", 1, "--machines", 2, *QUICK)
    assert (given["num_nodes"], given["devices"], given["strategy"]) == (2, 1, "ddp")
    assert Plan(1, 48, 4, 0.1, "sgd", 0.0, ((1.0, 32),), processes=2, machines=3).steps == 2


def test_imageqx_training_renders_its_pool_and_sets_a_threshold_each(folder, tmp_path):
    quick = [*QUICK, "--samples", 40]
    assert train("imageqx", "--data", folder, "--out", tmp_path, "--epochs", 1, *quick) == 0
    entry = load_manifest(tmp_path / "manifest.json").networks["imageqx"]
    assert verify(entry, tmp_path).stat().st_size < 15e6
    assert set(entry.thresholds) == set(entry.explanations)
    assert json.loads((tmp_path / "pool" / "pool.json").read_text())["count"] == 40


def test_what_is_in_the_way_is_one_sentence(folder, tmp_path, capsys):
    args = ["lesion", "--out", tmp_path, "--epochs", 1, *QUICK]
    wrong = [
        ["--data", tmp_path / "nowhere"],
        ["--data", folder, "--init", tmp_path / "none.onnx"],
        ["--data", folder, "--arch", "resnet18"],
        ["--data", folder, "--resume"],
        ["--data", folder, "--processes", 2, "--minutes", 1],
        ["--data", folder, "--machines", 2, "--minutes", 1],
    ]
    for words in wrong:
        assert train(*args, *words) == 1
        shown = capsys.readouterr()
        sentence = shown.err.strip().splitlines()[-1]
        assert sentence.endswith((".", "!")) or "--" in sentence
        assert "Traceback" not in shown.err
    assert not (tmp_path / "lesion.onnx").exists()


def test_imagenet_start_that_cannot_be_fetched_is_a_sentence(folder, tmp_path, capsys, monkeypatch):
    def offline(*_args, **_kwargs):
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    assert train("lesion", "--data", folder, "--out", tmp_path, "--init", "imagenet", *QUICK) == 1
    assert "--init scratch" in capsys.readouterr().err


def test_a_shipped_network_keeps_its_words_and_leaves_what_was_measured_on_the_other(lesion, tmp_path):
    entry = load_manifest(lesion / "manifest.json").networks["lesion"]
    before = {"taxonomy": "words.yaml", "confused": [{"true": "acne", "said": "crust", "count": 3, "of": 9}]}
    save_entry("lesion", type(entry)(**entry.model_dump() | before), tmp_path)
    cli.ship("lesion", lesion, tmp_path)
    shipped = load_manifest(tmp_path / "manifest.json").networks["lesion"]
    assert shipped.taxonomy == "words.yaml"
    assert shipped.confused == []
    assert shipped.abstention is None
    assert (tmp_path / entry.file).read_bytes() == (lesion / entry.file).read_bytes()


def test_other_classes_get_no_words_of_the_network_before(lesion, tmp_path):
    entry = load_manifest(lesion / "manifest.json").networks["lesion"]
    other = entry.model_dump() | {"taxonomy": "words.yaml", "labels": ["this", "that"]}
    save_entry("lesion", type(entry)(**other), tmp_path)
    cli.ship("lesion", lesion, tmp_path)
    assert load_manifest(tmp_path / "manifest.json").networks["lesion"].taxonomy is None
