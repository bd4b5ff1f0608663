"""Grad-CAM without a gradient: exact, from the head's weights alone, and with no torch.

Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) weighs each channel k of the last feature map A with the
mean gradient of the target's score y, a_k = (1/Z) sum_ij dy/dA_k,ij, and keeps the positive part of
sum_k a_k A_k. When all that follows A is average pooling f_k = (1/Z) sum_ij A_k,ij and a head y(f), then
a_k = (1/Z) dy/df_k: a product of the head's weights.
"""

from collections.abc import Mapping

import numpy as np

from core.runtime.probability import sigmoid


def normalised(heat: np.ndarray) -> np.ndarray:
    """Keep the positive part and stretch it to 0-1 (float32); a flat map becomes all zeros."""
    positive = np.maximum(heat, 0).astype(np.float32)
    positive -= positive.min()
    highest = positive.max()
    return positive / highest if highest > 0 else positive


def grad_cam(features: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Grad-CAM of one target.

    Args:
        features: float32, channels x h x w, the last feature map.
        slopes: float32, channels: dy/df, the target's score by pooled feature.

    Returns:
        float32, h x w, 0-1.
    """
    # 1/Z and any other positive factor drop out when the map is stretched.
    return normalised(np.tensordot(slopes, features, axes=1))


class ImageQXHead:
    """The two heads of ImageQX, with BatchNorm folded.

    Explanations are affine twice over: e = W2 (W1 f + b1) + b2, so de/df = W2 W1. The quality classes see a
    hidden layer and the explanations' probabilities: q = V [U f + c; s(e)] + d, so
    dq/df = V_hidden U + V_explain diag(s(e) (1 - s(e))) W2 W1, which depends on the picture through e alone.

    Attributes:
        explain: float32, explanations x channels: W2 W1.
        direct: float32, classes x channels: V_hidden U.
        through: float32, classes x explanations: V_explain.
    """

    NAMES = (
        "explain_hidden.weight",
        "explain_out.weight",
        "quality_hidden.weight",
        "quality_out.weight",
    )

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        hidden = weights["quality_hidden.weight"].shape[0]
        out = weights["quality_out.weight"]
        self.explain = weights["explain_out.weight"] @ weights["explain_hidden.weight"]
        self.direct = out[:, :hidden] @ weights["quality_hidden.weight"]
        self.through = out[:, hidden:]

    def slopes(self, explanation_logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of every class logit and every explanation logit.

        Args:
            explanation_logits: float32, explanations, of this picture.

        Returns:
            dq/df (classes x channels) and de/df (explanations x channels), float32. With a detail view its 64
            channels come after those of the feature map.
        """
        probability = sigmoid(explanation_logits).astype(np.float32)
        return (
            self.direct + (self.through * (probability * (1 - probability))) @ self.explain,
            self.explain,
        )
