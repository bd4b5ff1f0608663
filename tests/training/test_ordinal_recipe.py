import argparse
import json

import numpy as np
import pytest
import torch
from folders import key_for, write_manifest, write_phantom
from torch import nn

from core.networks.build import ArchitectureError
from core.quality.ordinal import Ordinal
from core.quality.verdict import rule_of
from core.runtime.manifest import load_manifest
from training import cli
from training.data import ordinal_data
from training.data.imageqx_data import material_of, sample
from training.data.ordinal_data import agreeing, build_regions, open_regions
from training.data.panel import Panel
from training.data.sources import DataError, read_manifest
from training.networks.ordinal import FROZEN_CONVOLUTIONS, OrdinalNet, RankHead
from training.networks.pretrained import InitError
from training.recipes import ordinal
from training.recipes.loop import normalise
from training.recipes.ordinal import (
    Plan,
    feature_logits,
    fit_layer,
    flipped,
    levels,
    loss_of,
    mirrored,
    points_of,
    start,
    tune,
)

SIDE = 32


@pytest.fixture(scope="module", autouse=True)
def small():
    """Parts of 32 pixels: a test needs no more."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (ordinal_data, ordinal):
            patch.setattr(module, "SIDE", SIDE)
        torch.set_num_threads(1)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    entries, number = [], 0
    for group in ("lesion", "healthy_skin", "no_skin"):
        for split in ("train", "validation"):
            key, number = key_for(split, number)
            row = write_phantom(root, group, number, (72, 96), "drawn", masked=True)
            entries.append(row | {"split_key": key})
    key, number = key_for("train", number)
    rated = write_phantom(root, "lesion", number, (72, 96), "rated", masked=False)
    entries.append(rated | {"split_key": key, "quality_votes": json.dumps({"lesion": 5})})
    few = write_phantom(root, "healthy_skin", number + 1, (72, 96), "rated", masked=False)
    entries.append(few | {"split_key": key, "quality_votes": json.dumps({"poor_quality": 3})})
    write_manifest(root, entries)
    return root


@pytest.fixture(scope="module")
def pool(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    build_regions(data, folder, {"train": 6, "validation": 3}, seed=5)
    return folder


def test_four_raters_of_all_who_voted():
    votes = np.array([4, 0, 2, 6])
    drawn = [agreeing(votes, 1, number) for number in range(400)]
    assert drawn == [agreeing(votes, 1, number) for number in range(400)]
    assert set(drawn) == {0, 1, 2, 3, 4}
    assert np.mean(drawn) == pytest.approx(2, abs=0.15)
    assert agreeing(np.array([6, 0, 6, 0]), 1) == 4
    assert agreeing(np.array([0, 9, 0, 3]), 1) == 0
    assert agreeing(np.array([1, 0, 0, 3]), 1) == 1
    with pytest.raises(ValueError, match="4 raters"):
        agreeing(np.array([3, 0, 0, 0]), 1)


def test_a_pool_holds_the_samples_of_imageqx_cut_into_parts(pool, data):
    part = open_regions(pool, "train")
    assert part.pictures.shape[1:] == (5, SIDE, SIDE, 3)
    # Six drawn, and the photograph that five real raters voted on; not the one with three votes.
    assert len(part) == 7
    assert part.agreeing[-1] == 4
    assert part.slugs[-1] == "rated"
    made = sample(2, "train", material_of(read_manifest(data), "train"), Panel(5), 5)
    assert part.quality_votes[2].tolist() == made.quality_votes.tolist()
    wanted = ordinal_data.regions(made.shot.rgb, SIDE)
    assert (part.pictures[part.positions[2]] == wanted).all()
    assert part.good.tolist() == (part.agreeing >= 3).tolist()
    assert ordinal_data.pool_seed(pool) == 5


def test_a_pool_may_be_rendered_by_several_tasks(pool, data, tmp_path, monkeypatch):
    class Crew:
        def __init__(self, _workers):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            return None

        imap_unordered = staticmethod(lambda work, tasks: map(work, reversed(tasks)))

    monkeypatch.setattr("multiprocessing.get_context", lambda _way: argparse.Namespace(Pool=Crew))
    monkeypatch.setattr(ordinal_data, "_CHUNK", 4)
    build_regions(data, tmp_path, {"train": 6, "validation": 3}, seed=5, workers=2)
    one, other = open_regions(pool, "train"), open_regions(tmp_path, "train")
    assert (one.agreeing == other.agreeing).all()
    assert (np.array(one.pictures) == np.array(other.pictures)).all()


def test_a_folder_without_a_pool_says_so(tmp_path):
    for ask in (lambda: open_regions(tmp_path, "train"), lambda: ordinal_data.pool_seed(tmp_path)):
        with pytest.raises(DataError, match="no finished pool of parts"):
            ask()


@pytest.mark.parametrize("arch", ["efficientnet_b0", "vgg16"])
def test_ranks_are_consistent_and_the_papers_convolutions_frozen(arch):
    net = OrdinalNet(arch).eval()
    with torch.no_grad():
        logits, features = net(torch.randn(2, 3, SIDE, SIDE))
    assert logits.shape == (2, 4)
    assert (logits.diff(dim=1) <= 0).all()
    assert features.shape == (2, net.feature_mean.numel())
    if arch == "vgg16":
        frozen = [layer for layer in net.trunk if not all(p.requires_grad for p in layer.parameters())]
        assert frozen == [layer for layer in net.trunk if hasattr(layer, "weight")][:FROZEN_CONVOLUTIONS]


def test_there_are_two_architectures_and_starts_that_fit(tmp_path):
    with pytest.raises(ArchitectureError, match="vgg16"):
        OrdinalNet("resnet34")
    vgg = OrdinalNet("vgg16")
    with pytest.raises(InitError, match="is not there"):
        start(vgg, str(tmp_path / "none.onnx"))
    other = tmp_path / "other.onnx"
    other.write_bytes(b"")
    with pytest.raises(InitError, match="EfficientNet-B0 networks only"):
        start(vgg, str(other))
    with pytest.raises(InitError, match="does not hold weights"):
        start(OrdinalNet(), str(other))


def test_turned_pictures_keep_their_parts_in_place():
    whole = np.arange(40 * 40 * 3).astype(np.uint8).reshape(40, 40, 3)
    assert (
        mirrored(ordinal_data.regions(whole, 4)[None])[0] == ordinal_data.regions(whole[:, ::-1], 4)
    ).all()
    assert (flipped(ordinal_data.regions(whole, 4)) == ordinal_data.regions(whole[::-1], 4)).all()


def test_the_loss_by_hand():
    assert levels(torch.tensor([0, 3])).tolist() == [[0, 0, 0, 0], [1, 1, 1, 0]]
    sure = torch.tensor([[[20.0, 20.0, 20.0, -20.0]] * 5])
    assert float(loss_of(sure, torch.tensor([3]))) == pytest.approx(0, abs=1e-6)
    assert float(loss_of(0 * sure, torch.tensor([3]))) == pytest.approx(4 * np.log(2))


class Tiny(OrdinalNet):
    """One convolution for a trunk, and ranks over its eight means."""

    def __init__(self, arch="tiny", hidden=0):
        nn.Module.__init__(self)
        self.arch = arch
        self.trunk = nn.Sequential(nn.Conv2d(3, 8, 5, stride=4))
        self.head = RankHead(8, hidden)
        for name in ("feature_mean", "feature_deviation"):
            self.register_buffer(name, torch.ones(8))

    def describe(self, images):
        return self.trunk(images).mean(dim=(2, 3))


@pytest.mark.parametrize("hidden", [0, 16])
def test_the_head_learns_and_stops_early(hidden):
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 5, 300)
    features = rng.normal(0, 1, (300, 2, 5, 8)).astype(np.float16)
    features[..., 0] += (3 * truth)[:, None, None]
    net = Tiny(hidden=hidden)
    told = fit_layer(
        net, (features[:200], truth[:200]), (features[200:], truth[200:]), Plan(rate=0.02, patience=2)
    )
    assert told["epochs"] == len(told["losses"]) <= 50
    assert min(told["losses"]) < told["losses"][0] / 2
    logits = feature_logits(net, features[200:], batch=64).mean(1)
    with torch.no_grad():
        at_once = net.rank(torch.from_numpy(features[200:, 0]).float()).mean(1)
    np.testing.assert_allclose(logits, at_once.numpy(), rtol=1e-4, atol=1e-4)
    assert np.corrcoef(logits[:, 2], truth[200:])[0, 1] > 0.9
    # A rate that throws it about is given up after two epochs without a better one.
    wild = fit_layer(
        Tiny(), (features[:200], truth[:200]), (features[200:], truth[200:]), Plan(rate=50, patience=2)
    )
    assert wild["epochs"] < 50


def test_points_by_hand():
    good = np.array([True] * 20 + [False] * 20)
    chance = np.concatenate([np.linspace(0.4, 0.95, 20), np.linspace(0.05, 0.6, 20)])
    found = points_of(good, chance)
    bars = [found[name].class_offsets["poor_quality"] for name in ("lenient", "balanced", "strict")]
    assert bars == sorted(bars)
    at = {name: 1 / (1 + np.exp(-point.class_offsets["poor_quality"])) for name, point in found.items()}
    assert (chance[good] >= at["lenient"]).mean() >= 0.95
    assert (chance[~good] < at["strict"]).mean() >= 0.95
    assert points_of(good | True, chance)["balanced"].class_offsets == {"poor_quality": 0.0}


def train(*words) -> int:
    parser = argparse.ArgumentParser()
    cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["train", "ordinal", *map(str, words)])
    return args.run(args)


def test_the_papers_network_from_photographs_to_verdicts(data, pool, tmp_path, capsys):
    quick = ["--data", data, "--out", tmp_path, "--pool", pool, "--threads", 1, "--batch", 4]
    assert train(*quick, "--arch", "vgg16", "--epochs", 1) == 0
    assert str(tmp_path / "ordinal.onnx") in capsys.readouterr().out
    entry = load_manifest(tmp_path / "manifest.json").networks["ordinal"]
    told = entry.provenance
    assert (told["arch"], told["configuration"], told["epochs"]) == ("vgg16", "tuned", 1)
    assessor = Ordinal.open(tmp_path)
    assert assessor.rule() == rule_of(entry.point())
    verdict = assessor.assess(np.full((60, 80, 3), 120, np.uint8), assessor.rule())
    assert 0 <= verdict.score <= 4


def test_on_a_frozen_trunk_the_layer_alone_is_trained(data, pool, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(ordinal, "OrdinalNet", lambda arch: made.append(Tiny(arch)) or made[-1])
    quick = ["--data", data, "--out", tmp_path, "--pool", pool, "--threads", 1]
    assert train(*quick, "--configuration", "frozen") == 0
    (net,) = made
    kept = np.load(tmp_path / "features_train.npy")
    assert kept.shape == (7, 2, 5, 8)
    part = open_regions(pool, "train")
    shown = normalise(torch.from_numpy(np.array(part.pictures[part.positions[1]])))
    with torch.no_grad():
        np.testing.assert_allclose(kept[1, 0], net.describe(shown).numpy(), atol=5e-3)
    entry = load_manifest(tmp_path / "manifest.json").networks["ordinal"]
    assert entry.provenance["configuration"] == "frozen"
    assert 1 <= entry.provenance["epochs"] <= 50
    answered = Ordinal.open(tmp_path).logits_of(np.array(part.pictures[part.positions[1]]))
    with torch.no_grad():
        np.testing.assert_allclose(answered, net(shown)[0].numpy(), atol=2e-2)


def test_tuning_goes_on_where_it_was_broken_off(pool, tmp_path):
    def tuned(epochs, resume=False):
        torch.manual_seed(0)
        net = Tiny()
        parts = open_regions(pool, "train"), open_regions(pool, "validation")
        told = tune(net, *parts, Plan(epochs=epochs, batch=4, rate=0.01), tmp_path, resume)
        return told["losses"], net.head.coral.coral_weights.weight.detach().clone()

    losses, weight = tuned(3)
    (tmp_path / "last.ckpt").unlink()
    first, _weight = tuned(1)
    again, resumed = tuned(3, resume=True)
    assert first == losses[:1]
    assert again == losses
    assert torch.equal(weight, resumed)


def test_what_is_in_the_way_is_said_in_a_sentence(data, pool, tmp_path, capsys):
    given = ["--data", data, "--out", tmp_path, "--pool", pool]
    assert train(*given, "--configuration", "odd") == 1
    assert "choose one of frozen, tuned" in capsys.readouterr().err
    assert train(*given, "--arch", "resnet34") == 1
    assert "choose one of efficientnet_b0, vgg16" in capsys.readouterr().err
    assert train(*given, "--resume") == 1
    assert "nothing to resume from" in capsys.readouterr().err
