"""The learning-rate range test that Mishra et al. 2019 choose their rate with."""

import copy
from itertools import cycle

import numpy as np
import torch

from core.training.recipes.loop import Recipe, normalise


def range_test(recipe: Recipe, low: float = 1e-4, high: float = 1.0, steps: int = 60) -> float:
    """Train a copy for a few steps with ever higher rates, and say which rate to train with.

    The loss falls, stays flat, then grows. The answer is a tenth of the rate where the smoothed loss is
    least: near the end of the fall, and safely before the growth. The recipe itself is left as it is.

    Args:
        recipe: what is to be trained.
        low, high: first and last rate.
        steps: batches to spend.

    Returns:
        The learning rate, between ``low`` and ``high``.
    """
    trial = copy.deepcopy(recipe.net).train()
    optimiser = torch.optim.SGD(trial.parameters(), lr=low, momentum=0.9, nesterov=True)
    rates = np.geomspace(low, high, steps)
    torch.manual_seed(recipe.plan.seed)
    smooth, least, best = None, np.inf, low
    for rate, batch in zip(rates, cycle(recipe.first_batches()), strict=False):
        optimiser.param_groups[0]["lr"] = float(rate)
        images, targets = recipe.mix(normalise(batch[0]), list(batch[1:]))
        loss = recipe.loss([output.float() for output in trial(images)], targets)
        value = float(loss.detach())
        smooth = value if smooth is None else 0.8 * smooth + 0.2 * value
        if not np.isfinite(value) or smooth > 4 * least:
            break
        if smooth < least:
            least, best = smooth, float(rate)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return max(low, best / 10)
