"""What the network answered to the benchmark, kept small: for the shares that the Designer page shows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.designer.refusal_rates import Scores, Stored, save
from training.evaluation.answers import Answers


def scores_of(answers: Answers) -> Scores:
    """Answers without their pictures and names."""
    _names, group = np.unique(answers.groups, return_inverse=True)
    return Scores(
        quality=answers.quality,
        explanations=answers.scores,
        label=answers.label,
        good=answers.good,
        given=answers.explanations,
        group=group,
    )


def write_scores(sections: Mapping[str, Answers], sha256: str, benchmark: str, path: Path) -> Path:
    """Write the answers to photographs (no phantoms); returns the file.

    Args:
        sections: by set of photos.
        sha256: of the network that answered.
        benchmark: its name, as the report has it.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    save(Stored(sha256, benchmark, {name: scores_of(part) for name, part in sections.items()}), path)
    return path
