"""A start from photographs without classes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_recipes import pictures, same, weights
from test_train_cli import QUICK, folder, train  # noqa: F401 (a fixture)

from core.training.export import build, initialise
from core.training.networks.lesion import LesionNet
from core.training.recipes.lesion import plan
from core.training.recipes.loop import fit
from core.training.recipes.self_supervised import OFF_DIAGONAL, SelfSupervisedRecipe, SkinData, barlow_twins


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def test_the_loss_wants_views_alike_and_features_unlike():
    alike = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    assert float(barlow_twins(alike, alike)) == pytest.approx(0, abs=1e-6)
    # Both features say the same: two correlations of one off the diagonal.
    doubled = alike[:, :1].repeat(1, 2)
    assert float(barlow_twins(doubled, doubled)) == pytest.approx(2 * OFF_DIAGONAL / 2, rel=1e-4)
    assert float(barlow_twins(alike, -alike)) == pytest.approx(4, rel=1e-4)


def recipe(epochs=6, seed=0) -> SelfSupervisedRecipe:
    torch.manual_seed(seed)
    skin = [np.full((40, 40, 3), (200, 160 + i, 140), np.uint8) for i in range(4)]
    data = SkinData(pictures(1), skin, pictures(1, seed=9))
    settings = plan(epochs=epochs, draws=16, batch=8, sizes=((0.0, 32),), seed=seed, threads=1)
    return SelfSupervisedRecipe(
        LesionNet("resnet34"), data, replace(settings, bf16=False, validate_every=epochs)
    )


def test_all_photographs_of_skin_are_looked_at_twice():
    data = recipe().data
    assert len(data.training) == 14
    assert sorted(data.picks(14, np.random.default_rng(0))) == list(range(14))
    one, other = data.training_item(12, 32, np.random.default_rng(0))
    assert one.shape == other.shape == (32, 32, 3)
    assert not np.array_equal(one, other)


def test_the_trunk_learns_and_the_head_stands_still(tmp_path):
    made = recipe(epochs=2)
    before = weights(made.net)
    after = weights(fit(made, tmp_path))
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert any(name.startswith("trunk.layer4") for name in changed)
    assert not any(name.startswith("head") for name in changed)
    assert same(after, weights(fit(recipe(epochs=2), tmp_path / "again")))
    start = build("lesion", "resnet34")
    initialise(start, str(tmp_path / "last.ckpt"))
    assert same(after, weights(start))


def test_the_command_leaves_a_start_and_no_classifier(folder, tmp_path, capsys):  # noqa: F811
    words = ["lesion", "--data", folder, "--epochs", 1, *QUICK]
    start = tmp_path / "start"
    assert train(*words, "--configuration", "self-supervised", "--out", start) == 0
    assert f"Written: {start / 'last.ckpt'}" in capsys.readouterr().out
    assert not (start / "lesion.onnx").exists()
    assert (
        train(*words, "--configuration", "adversarial", "--init", start / "last.ckpt", "--out", tmp_path) == 0
    )
    assert (tmp_path / "lesion.onnx").is_file()
