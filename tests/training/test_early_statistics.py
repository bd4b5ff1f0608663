import numpy as np
import pytest
import torch
from made_up_entry import IMAGEQX, made_up_entry
from sklearn.metrics import roc_auc_score
from test_imageqx_data import write_folder

from core.networks.build import build
from core.networks.imageqx import StatisticsNet
from core.networks.twin import load_twin
from core.runtime.manifest import load_manifest, save_entry
from core.runtime.onnx_file import initialiser_names, read_initialisers
from core.runtime.weights import sha256_of
from training.data.imageqx_data import PoolDataset, build_pool
from training.networks.export import export
from training.recipes.early_statistics import Computed, Plan, add_statistics, compute, fit, main

EXPLANATIONS, CLASSES = 5, 4


def computed(count: int, rng: np.random.Generator) -> tuple[Computed, np.ndarray]:
    """Statistics of which the eighth, in a far-off unit, tells lost pixels; a network that saw nothing."""
    statistics = rng.normal(size=(count, 384)).astype(np.float32) * 30 + 100
    lost = (statistics[:, 7] > 100).astype(np.float32)
    nothing = np.zeros((count, CLASSES), np.float32), np.full((count, EXPLANATIONS), -1, np.float32)
    return Computed(statistics, *nothing), lost


def test_what_the_statistics_tell_is_learnt_in_their_own_units():
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    given = np.zeros((2000, EXPLANATIONS), np.float32)
    seen, lost = computed(2000, rng)
    given[:, 3] = lost
    through = np.zeros((CLASSES, EXPLANATIONS), np.float32)
    plan = Plan(epochs=20, batch=100, rate=1e-2)
    module = fit(seen, np.zeros(2000, np.int64), given, through, plan)
    fresh, truth = computed(500, rng)
    with torch.inference_mode():
        told = module(torch.from_numpy(fresh.statistics)).numpy()
    assert roc_auc_score(truth, told[:, 3]) > 0.95
    assert told[:, 1].mean() < 0  # nothing was ever badly lit
    assert not told[:, [0, 4]].any()


def test_before_any_training_nothing_is_added():
    seen, _lost = computed(40, np.random.default_rng(0))
    given = np.zeros((40, EXPLANATIONS), np.float32)
    through = np.zeros((CLASSES, EXPLANATIONS), np.float32)
    module = fit(seen, np.zeros(40, np.int64), given, through, Plan(epochs=1, rate=1e-12))
    assert float(module(torch.from_numpy(seen.statistics)).detach().abs().max()) < 1e-6


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pool")
    build_pool(write_folder(tmp_path_factory.mktemp("data"), each=2), folder, count=24, seed=1)
    return folder


@pytest.fixture(scope="module")
def start(tmp_path_factory, one_block_a_stage):
    """A folder with a shallow network, as `core train` leaves it."""
    folder = tmp_path_factory.mktemp("start")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    path = folder / "imageqx.onnx"
    export(build("imageqx").eval(), "imageqx", path, 224)
    facts = {"file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size, "detail": True}
    save_entry("imageqx", made_up_entry(**IMAGEQX | facts), folder)
    return folder


def test_the_network_is_left_as_it_is_but_for_what_is_added(start, pool, tmp_path):
    entry = add_statistics(start, pool, tmp_path / "out", Plan(epochs=2, batch=8))
    old, new = start / "imageqx.onnx", tmp_path / "out" / entry.file
    assert entry.sha256 == sha256_of(new)
    assert entry.provenance["statistics"]["samples"] == len(PoolDataset(pool, "train"))
    added = initialiser_names(new) - initialiser_names(old)
    assert {name for name in added if name.startswith("statistics.")}
    names = ["trunk.3.0.block.1.0.weight", "explain_out.weight", "quality_out.bias"]
    for name, value in read_initialisers(old, names).items():
        np.testing.assert_array_equal(read_initialisers(new, [name])[name], value)
    training = PoolDataset(pool, "train")
    seen = compute(load_twin("imageqx", entry, tmp_path / "out"), training)
    without = load_manifest(start / "manifest.json").networks["imageqx"]
    before = compute(load_twin("imageqx", without, start), training)
    assert seen.statistics.shape == (len(training), StatisticsNet().mix.in_features)
    np.testing.assert_allclose(seen.statistics, before.statistics, rtol=1e-3, atol=1e-3)
    changed = np.abs(seen.explanations - before.explanations).max(0) > 1e-3
    assert changed.tolist() == [False, True, True, True, False]


def test_a_pool_or_a_network_that_cannot_be_used_is_one_sentence(start, pool, tmp_path, capsys):
    assert main(["--pool", str(tmp_path / "none"), "--start", str(start), "--out", str(tmp_path / "o")]) == 1
    assert "pool" in capsys.readouterr().err
    assert main(["--pool", str(pool), "--start", str(tmp_path), "--out", str(tmp_path / "o")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "o" / "manifest.json").exists()
