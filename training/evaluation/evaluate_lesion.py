"""Held-out figures of the lesion classifier: photographs as they are, and phantoms of unseen seeds.

The headline is recall on sources that no training saw, the mean of all ten classes; everything on sources
that were trained on is in-source. Table 3 and Figure 5 of Mishra et al. 2019 (pairs most often confused,
confusion matrix) are given of every set.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.lesion.abstain import Centres
from core.lesion.taxonomy import LABELS
from core.metrics import (
    binary,
    clean,
    confusion,
    draws,
    interval,
    macro_f1,
    report_binary,
    share_interval,
)
from core.runtime.manifest import ConfusedPair, NetworkEntry
from training.data.learnt_from import taught
from training.data.lesion_data import NOT_PHONE
from training.data.sources import Row
from training.evaluation.calibration import reliability
from training.evaluation.lesion_answers import SETS, LesionAnswers, joined
from training.evaluation.lesion_calibration import judged
from training.evaluation.lesion_limits import abstention_report

BENCHMARK: Final = "retake-lesion-2"
# Every class has two or more sources of phone photographs, one of them left out.
HEADLINE: Final = LABELS
# Fewer photographs of a class say nothing of it: they are shown and not counted in a mean.
FEWEST: Final = 5
# A pair of classes is known to be confused from this count and this share of the true class's photographs.
CONFUSED_FROM: Final = 5
CONFUSED_SHARE: Final = 0.15
_COVERED: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
_PAPER: Final = Path(__file__).with_name("mishra.json")


def confused_pairs(table: Sequence[Sequence[int]], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Table 3: which class was called which other one, the most frequent first.

    Args:
        table: counts, rows true, columns said.

    Returns:
        entries with ``true``, ``said``, ``count``, ``of`` (photographs of the true class) and ``share``.
    """
    found = [
        {
            "true": labels[i],
            "said": labels[j],
            "count": count,
            "of": sum(row),
            "share": clean(count / sum(row)),
        }
        for i, row in enumerate(table)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return sorted(found, key=lambda pair: (-pair["count"], -pair["share"]))


def known_confused(table: Sequence[Sequence[int]], labels: Sequence[str]) -> list[ConfusedPair]:
    """The pairs that a result may speak of: from ``CONFUSED_FROM`` photographs and ``CONFUSED_SHARE`` on."""
    return [
        ConfusedPair(**{key: pair[key] for key in ("true", "said", "count", "of")})
        for pair in confused_pairs(table, labels)
        if pair["count"] >= CONFUSED_FROM and pair["share"] >= CONFUSED_SHARE
    ]


def coverage(chances: np.ndarray, truth: np.ndarray) -> list[dict[str, Any]]:
    """How often the first guess is right when only the surest share of the photographs is answered.

    Args:
        chances: float, N x classes, N > 0.
        truth: int, N.

    Returns:
        entries with ``coverage`` (share answered), ``n``, ``accuracy`` of those, and ``from``: the top
        probability that they have at least.
    """
    top, right = chances.max(1), chances.argmax(1) == truth
    order = np.argsort(-top, kind="stable")
    counts = np.unique([max(1, round(share * len(order))) for share in _COVERED])[::-1]
    return [
        {
            "coverage": clean(count / len(order)),
            "n": int(count),
            "accuracy": clean(right[order[:count]].mean()),
            "from": clean(top[order[count - 1]]),
        }
        for count in counts
    ]


def _spread(drawn: np.ndarray, right: int, of: int) -> list[float] | None:
    """Bootstrap interval of a share; Wilson's where all or none were right, which every draw repeats."""
    return share_interval(right, of) if right in (0, of) else interval(drawn)


def _class_figures(true: np.ndarray, said: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """``report_binary``, with intervals of recall and precision that are honest for few photographs."""
    figures = report_binary(true, said, None, weights)
    drawn, hits = binary(true, said, weights), int((true & said).sum())
    for key, of in (("recall", int(true.sum())), ("precision", int(said.sum()))):
        figures[f"{key}_interval"] = _spread(drawn[key], hits, of)
    return figures


def lesion_report(
    truth: np.ndarray,
    chances: np.ndarray,
    keys: np.ndarray,
    labels: Sequence[str],
    temperature: float = 1.0,
    plain: np.ndarray | None = None,
) -> dict[str, Any]:
    """Figures of the answers to one set of pictures that all show lesions.

    Args:
        truth: int, N, index into ``labels``.
        chances: float, N x classes: probabilities, after calibration.
        keys: str, N, what is resampled together.
        temperature: what the logits were divided by.
        plain: probabilities before calibration, where that was more than the temperature.
    """
    weights = draws(keys)
    order = np.argsort(-chances, axis=1, kind="stable")
    said, count = order[:, 0], len(labels)
    first, second = said == truth, (order[:, :2] == truth[:, None]).any(1)
    table = confusion(truth, said, count)

    def share(right: np.ndarray) -> list[float] | None:
        return interval((weights * right).sum(1) / weights.sum(1))

    return {
        "n": len(truth),
        "classes_present": len(set(truth.tolist())),
        "macro_f1": clean(macro_f1(truth, said, count)),
        "macro_f1_interval": interval(macro_f1(truth, said, count, weights)),
        "top1": clean(first.mean()),
        "top1_interval": share(first),
        "top2": clean(second.mean()),
        "top2_interval": share(second),
        "classes": {name: _class_figures(truth == i, said == i, weights) for i, name in enumerate(labels)},
        "confusion": table,
        "confused_pairs": confused_pairs(table, labels),
        "reliability": reliability(chances, truth, temperature, plain),
        "coverage": coverage(chances, truth),
    }


def _phone(answers: LesionAnswers) -> LesionAnswers:
    return answers.only(answers.lesion & ~np.isin(answers.slugs, NOT_PHONE))


def _recalls(answers: LesionAnswers, labels: Sequence[str]) -> tuple[dict[str, dict[str, Any]], np.ndarray]:
    """Recall of the headline's classes that occur, and its bootstrap draws: classes x replicates."""
    found: dict[str, dict[str, Any]] = {}
    drawn = []
    weights = draws(answers.keys) if len(answers) else np.zeros((1, 0))
    yes = answers.order()[:, 0] == answers.truth
    for name in (name for name in HEADLINE if name in labels):
        true = answers.truth == labels.index(name)
        if not true.any():
            continue
        recall = binary(true, true & yes, weights)["recall"]
        drawn.append(recall)
        found[name] = {
            "n": int(true.sum()),
            "recall": clean(yes[true].mean()),
            "recall_interval": _spread(recall, int(yes[true].sum()), int(true.sum())),
            "sources": sorted(set(answers.slugs[true].tolist())),
        }
    return found, np.array(drawn)


def headline(
    left_out: LesionAnswers, labels: Sequence[str], known: LesionAnswers | None = None
) -> dict[str, Any]:
    """Source-held-out recall: of photographs from sources that no training saw. Dermoscopy is passed over.

    Args:
        left_out: answers to such sources.
        known: answers to other photographs of sources that were trained on, to stand beside as in-source.

    Returns:
        ``classes`` by name (n, recall, interval, sources; whether ``counted``, with at least ``FEWEST``
        photographs; ``in_source`` where there are any), mean recall of those counted with its interval, and
        ``missing`` (classes without a photograph).
    """
    classes, drawn = _recalls(_phone(left_out), labels)
    beside = {} if known is None else _recalls(_phone(known), labels)[0]
    for name, entry in classes.items():
        entry["counted"] = entry["n"] >= FEWEST
        entry["in_source"] = beside.get(name)
    counted = [entry for entry in classes.values() if entry["counted"]]
    rows = [row for row, entry in zip(drawn, classes.values(), strict=True) if entry["counted"]]
    return {
        "macro_recall": clean(np.mean([entry["recall"] for entry in counted])) if counted else None,
        "macro_recall_interval": interval(np.nanmean(rows, axis=0)) if counted else None,
        "n": sum(entry["n"] for entry in counted),
        "classes_counted": len(counted),
        "classes": classes,
        "missing": [name for name in HEADLINE if name in labels and name not in classes],
    }


def by_source(sets: Mapping[str, LesionAnswers], labels: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Recall by source, for the classes that have two or more among these sets of photographs."""
    out: dict[str, list[dict[str, Any]]] = {}
    for i, name in enumerate(labels):
        entries = []
        for split in ("validation", "left_out"):
            if split not in sets:
                continue
            answers = sets[split]
            true, right = answers.truth == i, answers.order()[:, 0] == i
            for slug in sorted(set(answers.slugs[true].tolist())):
                here = true & (answers.slugs == slug)
                hits, count = int(right[here].sum()), int(here.sum())
                entries.append(
                    {
                        "source": slug,
                        "split": split,
                        "n": count,
                        "recall": clean(hits / count),
                        "recall_interval": share_interval(hits, count),
                    }
                )
        if len(entries) > 1:
            out[name] = entries
    return out


def learnt_from(rows: Sequence[Row], labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many photographs, photographs that are no dermoscopy, and sources each class was learnt from."""
    return {
        name: {
            "photos": len(slugs),
            "ordinary": sum(slug not in NOT_PHONE for slug in slugs),
            "sources": len(set(slugs)),
        }
        for name, slugs in taught(rows, labels).items()
    }


def evaluate_lesion(
    sets: Mapping[str, LesionAnswers],
    entry: NetworkEntry,
    rows: Sequence[Row],
    centres: Centres | None = None,
    references: LesionAnswers | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """All figures of the lesion classifier, of answers as its calibration has them (``judged``).

    Args:
        sets: answers by name of the set (``lesion_answers.ask_sets``).
        entry: of the network that gave them.
        rows: the whole manifest, to count what there was to learn from.
        centres: what its abstention needs.
        references: answers of the training side, where they were asked for: then all scores of
            unfamiliarity are compared.
        limit: how many photographs were asked at most; the report is called shortened.
    """
    labels, temperature = entry.labels, entry.temperature
    calibrated = judged(sets, entry)
    lesions = {name: calibrated[name].only(sets[name].lesion) for name in SETS if name in sets}
    lesions = {name: answers for name, answers in lesions.items() if len(answers)}
    photos = {name: answers for name, answers in lesions.items() if name != "phantoms"}
    report: dict[str, Any] = {
        "task": "lesion",
        "benchmark": BENCHMARK + (" (shortened)" if limit is not None else ""),
        "sha256": entry.sha256,
        "labels": list(labels),
        "temperature": temperature,
        "class_offsets": dict(entry.class_offsets),
        "paper": json.loads(_PAPER.read_text(encoding="utf-8")),
        "headline": headline(lesions["left_out"], labels, lesions.get("validation"))
        if "left_out" in lesions
        else {},
        "sections": {
            name: lesion_report(
                answers.truth,
                answers.chances(1.0),
                answers.keys,
                labels,
                temperature,
                sets[name].only(sets[name].lesion).chances(1.0),
            )
            for name, answers in lesions.items()
        },
        "by_source": by_source(photos, labels),
        "learnt_from": learnt_from(rows, labels),
    }
    report["confused"] = []
    if photos:
        together = joined(list(photos.values()))
        table = confusion(together.truth, together.order()[:, 0], len(labels))
        report["confused"] = [pair.model_dump() for pair in known_confused(table, labels)]
    report["abstention"] = abstention_report(sets, entry, centres, references, calibrated)
    return report
