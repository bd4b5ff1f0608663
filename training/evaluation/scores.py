"""What the network predicted for the benchmark, kept small: for the shares that the Designer page shows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.designer.refusal_rates import Scores, Stored, save
from training.evaluation.quality_predictions import QualityPredictions


def scores_of(predictions: QualityPredictions) -> Scores:
    """Predictions without their pictures and names."""
    _names, group = np.unique(predictions.keys, return_inverse=True)
    return Scores(
        quality=predictions.quality,
        explanations=predictions.scores,
        label=predictions.label,
        good=predictions.good,
        given=predictions.explanations,
        group=group,
    )


def write_scores(sections: Mapping[str, QualityPredictions], sha256: str, benchmark: str, path: Path) -> Path:
    """Write the predictions for photographs (no phantoms); returns the file.

    Args:
        sections: by set of photos.
        sha256: of the network.
        benchmark: its name, as the report has it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    save(Stored(sha256, benchmark, {name: scores_of(part) for name, part in sections.items()}), path)
    return path
