from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from test_imageqx_data import write_folder

from core.networks.imageqx import StatisticsNet
from core.networks.twin import load_twin
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import load_manifest
from core.runtime.onnx_file import initialiser_names, read_initialisers
from core.runtime.weights import sha256_of
from core.synthetic.phantoms import draw
from tests.training.untrained import write_imageqx
from training.data.imageqx_data import PoolDataset, build_pool
from training.evaluation.examples import Example
from training.recipes.beside import Plan
from training.recipes.early_statistics import (
    EXAMPLE_WEIGHT,
    PLAN,
    Seen,
    add_statistics,
    fit,
    main,
    of_examples,
    of_pool,
)

FIVE, FOUR = 5, 4
PICTURE = draw("lesion", 1, size=(96, 128)).rgb


def seen_by_nothing(count: int, rng: np.random.Generator, weight: float = 1.0) -> tuple[Seen, np.ndarray]:
    """Statistics of which the eighth, in a far-off unit, tells lost pixels; a network that saw nothing."""
    statistics = rng.normal(size=(count, 384)).astype(np.float32) * 30 + 100
    lost = (statistics[:, 7] > 100).astype(np.float32)
    given = np.zeros((count, FIVE), np.float32)
    given[:, 3] = lost
    nothing = np.zeros((count, FOUR), np.float32), np.full((count, FIVE), -1, np.float32)
    counts = np.full(count, weight, np.float32)
    return Seen(statistics, *nothing, np.zeros(count, np.int64), given, counts), lost


def told_of(seen: Seen, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """What a module trained on these tells of fresh ones, N x 5, and the truth on lost pixels."""
    torch.set_num_threads(1)
    module = fit(seen, np.zeros((FOUR, FIVE), np.float32), plan)
    fresh, truth = seen_by_nothing(500, np.random.default_rng(1))
    with torch.inference_mode():
        return module(torch.from_numpy(fresh.statistics)).numpy(), truth


def test_what_the_statistics_tell_is_learnt_in_their_own_units():
    seen, _lost = seen_by_nothing(2000, np.random.default_rng(0))
    told, truth = told_of(seen, replace(PLAN, epochs=20, batch=100, rate=1e-2))
    assert roc_auc_score(truth, told[:, 3]) > 0.95
    assert told[:, 1].mean() < 0  # nothing was ever badly lit
    assert not told[:, [0, 4]].any()


def test_what_counts_little_changes_little():
    seen, _lost = seen_by_nothing(1000, np.random.default_rng(0))
    wrong, _lost = seen_by_nothing(1000, np.random.default_rng(2), weight=0.01)
    wrong.given[:, 3] = 1 - wrong.given[:, 3]
    told, truth = told_of(seen + wrong, replace(PLAN, epochs=20, batch=100, rate=1e-2))
    assert roc_auc_score(truth, told[:, 3]) > 0.75, "half by half they would say nothing"


def test_before_any_training_nothing_is_added():
    seen, _lost = seen_by_nothing(40, np.random.default_rng(0))
    told, _truth = told_of(seen, replace(PLAN, epochs=1, rate=1e-12))
    assert abs(told).max() < 1e-6


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data"), each=2)


@pytest.fixture(scope="module")
def pool(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    build_pool(data, folder, count=24, seed=1)
    return folder


@pytest.fixture(scope="module")
def start(tmp_path_factory, one_block_a_stage):
    """A folder with a shallow network, as `core train` leaves it."""
    return write_imageqx(tmp_path_factory.mktemp("start"))


def test_the_network_is_left_as_it_is_but_for_what_is_added(start, pool, tmp_path):
    shown = [Example(PICTURE, kind) for kind in ("good", "motion", "small")]
    entry = add_statistics(start, pool, tmp_path / "out", replace(PLAN, epochs=2, batch=8), shown)
    old, new = start / "imageqx.onnx", tmp_path / "out" / entry.file
    assert entry.sha256 == sha256_of(new)
    assert entry.provenance["statistics"]["samples"] == len(PoolDataset(pool, "train"))
    assert entry.provenance["statistics"]["examples"] == 3
    added = initialiser_names(new) - initialiser_names(old)
    assert {name for name in added if name.startswith("statistics.")}
    names = ["trunk.3.0.block.1.0.weight", "explain_out.weight", "quality_out.bias"]
    for name, value in read_initialisers(old, names).items():
        np.testing.assert_array_equal(read_initialisers(new, [name])[name], value)
    training = PoolDataset(pool, "train")
    seen = of_pool(load_twin("imageqx", entry, tmp_path / "out"), training)
    without = load_manifest(start / "manifest.json").networks["imageqx"]
    before = of_pool(load_twin("imageqx", without, start), training)
    assert seen.statistics.shape == (len(training), StatisticsNet().mix.in_features)
    np.testing.assert_allclose(seen.statistics, before.statistics, rtol=1e-3, atol=1e-3)
    changed = np.abs(seen.explanations - before.explanations).max(0) > 1e-3
    assert changed.tolist() == [False, True, True, True, False]


def test_without_photographs_it_learns_from_the_pool_alone(start, pool, tmp_path, capsys):
    assert main(["--pool", str(pool), "--start", str(start), "--out", str(tmp_path)]) == 0
    made = load_manifest(tmp_path / "manifest.json").networks["imageqx"]
    assert capsys.readouterr().out.strip().endswith(made.file)
    assert made.provenance["statistics"]["samples"] == len(PoolDataset(pool, "train"))
    assert "examples" not in made.provenance["statistics"]


def test_examples_are_labelled_by_their_fault_and_count_less(start):
    frozen = load_twin("imageqx", load_manifest(start / "manifest.json").networks["imageqx"], start)
    kinds = ("good", "healthy", "empty", "cut", "dark_scene", "blocks")
    seen = of_examples(frozen, [Example(PICTURE, kind) for kind in kinds])
    poor = QUALITY_CLASSES.index("poor_quality")
    alone = [QUALITY_CLASSES.index(name) for name in ("lesion", "healthy_skin", "no_skin")]
    assert seen.labels.tolist() == [*alone, poor, poor, poor]
    found = [[name for name, one in zip(EXPLANATIONS, row, strict=True) if one] for row in seen.given]
    assert found == [[], [], [], ["bad_framing"], ["bad_light"], ["low_resolution"]]
    assert set(seen.weights) == {EXAMPLE_WEIGHT}
    assert len(seen) == len(seen.statistics) == len(kinds)


def test_a_pool_or_a_network_that_cannot_be_used_is_one_sentence(start, pool, data, tmp_path, capsys):
    def lacking(**changed):
        given = {"pool": pool, "data": data, "start": start, "out": tmp_path / "o"} | changed
        assert main([word for name, value in given.items() for word in (f"--{name}", str(value))]) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    assert "pool" in lacking(pool=tmp_path / "none")
    assert lacking(start=tmp_path)
    assert lacking(data=tmp_path / "nowhere")
    assert not (tmp_path / "o" / "manifest.json").exists()
