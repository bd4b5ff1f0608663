"""Heads that learn beside the lesion classifier and never ship: the source of a photo, and its condition.

In what photographs there are, class often equals source. So the source is only asked for *within a class*:
which of the collections that hold this class is it from? With the gradient turned round (Ganin and Lempitsky
2015) the features are made to keep that to themselves, without having to forget the class (Li et al. 2018).
The condition, the finer label that a collection came with, is the reverse: it is only asked for *within a
source*, where knowing the collection does not help.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HIDDEN = 128


class _Reversal(torch.autograd.Function):
    """The identity on the way forward; on the way back the gradient times ``-strength``."""

    @staticmethod
    def forward(context: Any, features: Tensor, strength: float) -> Tensor:
        context.strength = strength
        return features.view_as(features)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -context.strength * gradient, None


def reverse(features: Tensor, strength: float) -> Tensor:
    """The features as they are; whoever learns from them teaches what lies before the opposite."""
    return _Reversal.apply(features, strength)


def _two_layers(channels: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, out))


class SourceHead(nn.Module):
    """Tells from pooled features which source a picture is from, among those that hold its class.

    Args:
        channels: of the features.
        held: bool, classes x sources: whether a source holds pictures of a class.
    """

    def __init__(self, channels: int, held: Tensor) -> None:
        super().__init__()
        self.layers = _two_layers(channels, held.shape[1])
        self.register_buffer("held", held, persistent=False)

    def forward(self, pooled: Tensor) -> Tensor:
        """Float, N x sources: logits."""
        return self.layers(pooled)

    def loss(self, logits: Tensor, label: Tensor, source: Tensor) -> Tensor:
        """Cross-entropy within the class, over the pictures that can be asked; 0 without any.

        Args:
            logits: float, N x sources.
            label: int, N: class.
            source: int, N; negative where it is not to be asked for.
        """
        asked = (source >= 0) & (self.held[label].sum(1) > 1)
        if not asked.any():
            return logits.sum() * 0
        among = logits[asked].masked_fill(~self.held[label[asked]], float("-inf"))
        return F.cross_entropy(among, source[asked])


class ConditionHead(nn.Module):
    """Tells from pooled features which conditions a picture's finer label names, within its source.

    Args:
        channels: of the features.
        known: bool, sources x conditions: whether a source's labels tell a condition from others.
    """

    def __init__(self, channels: int, known: Tensor) -> None:
        super().__init__()
        self.layers = _two_layers(channels, known.shape[1])
        self.register_buffer("known", known, persistent=False)

    def forward(self, pooled: Tensor) -> Tensor:
        """Float, N x conditions: logits, each a question of its own."""
        return self.layers(pooled)

    def loss(self, logits: Tensor, source: Tensor, conditions: Tensor) -> Tensor:
        """Binary cross-entropy, the mean over all questions that the sources answer; 0 without any.

        Args:
            logits: float, N x conditions.
            source: int, N; negative where nothing is to be asked.
            conditions: float, N x conditions: 1 where the picture's label names it, else 0.
        """
        asked = self.known[source.clamp(min=0)] & (source >= 0)[:, None]
        if not asked.any():
            return logits.sum() * 0
        return F.binary_cross_entropy_with_logits(logits[asked], conditions[asked].to(logits.dtype))
