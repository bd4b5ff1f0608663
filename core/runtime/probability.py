"""From a network's logits to probabilities."""

import numpy as np


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities (float64, sum 1 along the last axis) of logits, divided by the temperature first."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probability (float64, 0-1) of each logit on its own; safe for logits of any size."""
    return 0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64)))
