"""The worst mistakes as pictures: what the assessor was surest of and wrong about.

The pictures come from the data that was given and stay beside the report; they are never committed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from training.evaluation.metrics import clean
from training.evaluation.quality_predictions import QualityPredictions

MOST: Final = 24
FOLDER: Final = "mistakes"


def _kinds(predictions: QualityPredictions) -> list[tuple[str, str, str, np.ndarray, np.ndarray]]:
    """The ways to be wrong: (about, name, kind, which N are so, how sure it was of it).

    A class that was predicted wrongly; a flag that no rater gave; one missed that at least half of them gave.
    """
    out = []
    for k, name in enumerate(QUALITY_CLASSES):
        wrong = (predictions.predicted == k) & (predictions.label != k)
        out.append(("class", name, "said", wrong, predictions.quality[:, k]))
    for k, name in enumerate(EXPLANATIONS):
        votes, flagged, chances = predictions.votes[:, k], predictions.flagged[:, k], predictions.scores[:, k]
        out.append(("explanation", name, "false_alarm", flagged & (votes == 0), chances))
        out.append(("explanation", name, "missed", ~flagged & (votes >= 0.5), 1 - chances))
    return out


def _entry(predictions: QualityPredictions, place: int, about: str, name: str) -> dict[str, Any]:
    column = (QUALITY_CLASSES if about == "class" else EXPLANATIONS).index(name)
    chances, votes = (
        (predictions.quality, predictions.class_votes)
        if about == "class"
        else (predictions.scores, predictions.votes)
    )
    return {
        "true": QUALITY_CLASSES[int(predictions.label[place])],
        "said": QUALITY_CLASSES[int(predictions.predicted[place])],
        "probability": clean(chances[place, column]),
        "votes": clean(votes[place, column]),
        "source": str(predictions.sources[place]),
    }


def worst(sections: Mapping[str, QualityPredictions], most: int = MOST) -> list[tuple[dict[str, Any], bytes]]:
    """The surest mistakes with their pictures (JPEG), taken in turn from each class and explanation.

    A photograph is shown once. Sources that were left out come before the others.

    Args:
        sections: predictions by name of the section.

    Returns:
        at most ``most`` pairs of an index entry (about which class or explanation, what was true and
        predicted, its probability, share of raters) and a picture.
    """
    queues: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for section in sorted(sections, key=lambda name: name != "left_out"):
        for about, name, kind, wrong, sure in _kinds(sections[section]):
            places = np.flatnonzero(wrong)
            surest = places[np.argsort(-sure[places], kind="stable")]
            queues.setdefault((about, name, kind), []).extend((section, int(place)) for place in surest)
    out: list[tuple[dict[str, Any], bytes]] = []
    shown: set[tuple[str, int]] = set()
    while len(out) < most and any(queues.values()):
        for (about, name, kind), queue in queues.items():
            while queue and queue[0] in shown:
                queue.pop(0)
            if not queue or len(out) == most:
                continue
            section, place = queue.pop(0)
            shown.add((section, place))
            entry: dict[str, Any] = {"file": f"{FOLDER}/{len(out) + 1:02d}.jpg", "section": section}
            entry |= {"about": about, "name": name, "kind": kind}
            out.append(
                (entry | _entry(sections[section], place, about, name), sections[section].thumbs[place])
            )
    return out


def write_mistakes(found: list[tuple[dict[str, Any], bytes]], out: Path) -> list[dict[str, Any]]:
    """Write the pictures to ``out / "mistakes"``, in place of those of an earlier run; returns the index."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("[0-9][0-9].jpg"):
        old.unlink()
    for entry, picture in found:
        (out / entry["file"]).write_bytes(picture)
    return [entry for entry, _picture in found]
