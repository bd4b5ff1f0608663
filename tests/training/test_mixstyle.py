"""Styles are mixed while a network learns, and only then."""

import torch
from torch import nn

from training.recipes.mixstyle import attach, mix_styles


def maps():
    torch.manual_seed(0)
    return torch.randn(4, 3, 8, 8) * torch.tensor([1.0, 2, 3, 4])[:, None, None, None] + 5


def test_keeping_all_of_ones_own_changes_nothing():
    features = maps()
    torch.testing.assert_close(
        mix_styles(features, torch.ones(4), torch.tensor([1, 2, 3, 0])), features, rtol=1e-4, atol=1e-4
    )


def test_keeping_nothing_takes_the_others_mean_and_deviation():
    features, order = maps(), torch.tensor([1, 2, 3, 0])
    mixed = mix_styles(features, torch.zeros(4), order)
    torch.testing.assert_close(mixed.mean((2, 3)), features[order].mean((2, 3)), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(mixed.std((2, 3)), features[order].std((2, 3)), rtol=1e-3, atol=1e-3)
    # What is where stays: each map still rises and falls as its own did.
    own = torch.corrcoef(torch.stack([mixed[0, 0].flatten(), features[0, 0].flatten()]))[0, 1]
    assert own > 0.999


def test_only_a_network_in_training_is_touched_and_the_handle_ends_it():
    stage, features = nn.Identity(), maps()
    (handle,) = attach([stage], chance=1.0)
    torch.manual_seed(1)
    assert not torch.allclose(stage.train()(features), features)
    assert torch.equal(stage.eval()(features), features)
    handle.remove()
    assert torch.equal(stage.train()(features), features)


def test_the_average_that_is_kept_is_never_mixed():
    """The recipe mixes in the network that learns; its average answers alike however often it is asked."""
    from training.recipes.lesion import PLAN, LesionData, LesionRecipe

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Identity())
    recipe = LesionRecipe(net, LesionData([], []), PLAN, mixed=net[1:])
    pictures = torch.rand(4, 3, 8, 8)
    torch.manual_seed(2)
    recipe.net.train()
    recipe.average.train()
    assert torch.equal(recipe.average(pictures), recipe.average(pictures))
    answers = [recipe.net(pictures) for _turn in range(12)]
    assert any(not torch.allclose(answers[0], answer) for answer in answers[1:])
