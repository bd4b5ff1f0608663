"""An ImageQX training that is broken off goes on to the very weights that an unbroken one ends with."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_imageqx_data import write_folder

from core.networks.build import build
from training.data.imageqx_data import build_pool
from training.recipes.imageqx import CONFIGURATIONS, PLAN, ImageQXRecipe, PoolData
from training.recipes.loop import fit

# How a run is taken up again, no depth changes.
pytestmark = pytest.mark.usefixtures("one_block_a_stage")


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    data = write_folder(tmp_path_factory.mktemp("data"), each=2)
    folder = tmp_path_factory.mktemp("pool")
    build_pool(data, folder, count=24, seed=1)
    return folder


def recipe(pool, seed: int = 3) -> ImageQXRecipe:
    """Two epochs of two steps, validated and saved after each; the pictures grow half way."""
    choices = CONFIGURATIONS["retake"]
    torch.manual_seed(seed)
    settings = replace(PLAN, epochs=2, draws=8, batch=4, sizes=((0.0, 32), (0.5, 48)), seed=seed, threads=1)
    net = build("imageqx", views=choices.views, places=choices.places)
    return ImageQXRecipe(net, PoolData(pool, choices), replace(settings, validate_every=1))


def weights(net: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in net.state_dict().items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


class Crash(Exception):
    """The machine went away."""


@pytest.fixture(scope="module")
def whole(pool, tmp_path_factory):
    return weights(fit(recipe(pool), tmp_path_factory.mktemp("whole")))


@pytest.mark.parametrize("how", [Crash, KeyboardInterrupt])
def test_a_resumed_run_ends_where_an_unbroken_one_does(pool, whole, tmp_path, how):
    broken = recipe(pool)
    go_on = broken.on_train_batch_start

    def stop_in_the_second_epoch(batch, batch_idx):
        if broken.current_epoch == 1 and batch_idx == 1:
            raise how
        go_on(batch, batch_idx)

    broken.on_train_batch_start = stop_in_the_second_epoch
    with suppress(Crash, KeyboardInterrupt, SystemExit):
        fit(broken, tmp_path)
    assert broken.current_epoch == 1
    resumed = recipe(pool)
    net = fit(resumed, tmp_path, resume=True)
    assert resumed.current_epoch == 2
    assert resumed.global_step == 4
    assert same(whole, weights(net))
    # And it is training that is compared, not an untouched start.
    assert not same(whole, weights(recipe(pool).average.module))
