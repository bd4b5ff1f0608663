"""Held-out figures of the networks and the classical checks, through the same code that serves them.

Quality assessors see the committed benchmark (``benchmark.json``): photographs of the validation split and
of the left-out sources, degraded and voted on as for training, at the size a camera would send; phantoms
are counted apart, and so are real dark, bright and blurred scenes. The lesion classifier sees the
photographs as they are.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import LABELS
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Assessor, PassRule
from core.training.degrade import MEASURES, Plan, scene_of, take
from core.training.imageqx_data import load_labels, material_of, plurality, sample
from core.training.metrics import binary, clean, draws, interval, mean_of, report_binary
from core.training.panel import RATERS, Panel
from core.training.phantoms import draw
from core.training.sources import DataError, Row, read_rgb
from core.training.splits import split_of
from core.words import _

_BENCHMARK: Final = Path(__file__).with_name("benchmark.json")
Progress = Callable[[str, int, int], None]


def _quiet(_what: str, _done: int, _all: int) -> None:
    return


def benchmark() -> dict[str, Any]:
    """The committed specification: name, seed and number of samples for each split."""
    return json.loads(_BENCHMARK.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Answers:
    """What an assessor said of N photographs, beside the truth.

    Attributes:
        label: int, N: true class (plurality).
        explanations: bool, N x 5: given by at least one rater.
        votes: float, N x 5: share of raters who gave it.
        said: int, N: class answered.
        quality: float, N x 4: probabilities.
        scores: float, N x 5: probabilities of the explanations.
        flagged: bool, N x 5: over the threshold.
        passes: bool, N.
        groups: str, N: what is resampled together.
        phantom: bool, N.
    """

    label: np.ndarray
    explanations: np.ndarray
    votes: np.ndarray
    said: np.ndarray
    quality: np.ndarray
    scores: np.ndarray
    flagged: np.ndarray
    passes: np.ndarray
    groups: np.ndarray
    phantom: np.ndarray

    def only(self, keep: np.ndarray) -> "Answers":
        """The answers where ``keep`` (bool, N)."""
        return Answers(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})


def _ask(
    assessor: Assessor, rule: PassRule, rgb: np.ndarray
) -> tuple[int, list[float], list[float], list[bool], bool]:
    verdict = assessor.assess(rgb, rule)
    return (
        QUALITY_CLASSES.index(verdict.label),
        [verdict.quality[name] for name in QUALITY_CLASSES],
        [verdict.explanations[name] for name in EXPLANATIONS],
        [name in verdict.flagged for name in EXPLANATIONS],
        verdict.passes,
    )


def _answers(
    asked: list[tuple], label: np.ndarray, votes: np.ndarray, groups: list[str], phantom: list[bool]
) -> Answers:
    said, quality, scores, flagged, passes = zip(*asked, strict=True)
    return Answers(
        label=label,
        explanations=votes > 0,
        votes=votes,
        said=np.array(said),
        quality=np.array(quality),
        scores=np.array(scores),
        flagged=np.array(flagged, bool),
        passes=np.array(passes, bool),
        groups=np.array(groups),
        phantom=np.array(phantom, bool),
    )


def ask_benchmark(
    assessor: Assessor,
    rule: PassRule,
    rows: list[Row],
    split: str,
    count: int,
    seed: int,
    progress: Progress = _quiet,
) -> Answers:
    """Show an assessor the first ``count`` samples of a split."""
    material, panel = material_of(rows, split), Panel(seed)
    asked, quality_votes, given, groups, phantom = [], [], [], [], []
    for number in range(count):
        made = sample(number, split, material, panel, seed)
        asked.append(_ask(assessor, rule, made.shot.rgb))
        quality_votes.append(made.quality_votes)
        given.append(made.explanation_votes)
        groups.append(f"phantom/{number}" if made.phantom else made.split_key)
        phantom.append(made.phantom)
        progress(split, number + 1, count)
    return _answers(asked, plurality(np.array(quality_votes)), np.array(given) / RATERS, groups, phantom)


def ask_pool(
    assessor: Assessor, rule: PassRule, pool_dir: Path, split: str, count: int, progress: Progress = _quiet
) -> Answers:
    """The same from a rendered pool, for assessors that look at 224 x 224 pixels only."""
    columns = load_labels(pool_dir)
    images = np.load(pool_dir / "images.npy", mmap_mode="r")
    rendered = (columns["split"] == split) & ~np.isnan(columns["measures"][:, MEASURES.index("blur")])
    places = np.flatnonzero(rendered)[:count]
    asked = []
    for number, place in enumerate(places, start=1):
        asked.append(_ask(assessor, rule, np.array(images[place])))
        progress(split, number, len(places))
    phantom = columns["slug"][places] == "phantom"
    keys = [
        f"phantom/{place}" if drawn else key
        for place, drawn, key in zip(places, phantom, columns["split_key"][places], strict=True)
    ]
    label = plurality(columns["quality_votes"][places])
    return _answers(asked, label, columns["explanation_votes"][places] / RATERS, keys, phantom.tolist())


def ask_rated(assessor: Assessor, rule: PassRule, rows: list[Row]) -> Answers | None:
    """Show an assessor the photographs that real raters voted on, as they are; None when there are none."""
    rated = [row for row in rows if row.quality_votes and split_of(row) != "train"]
    if not rated:
        return None
    asked = [_ask(assessor, rule, read_rgb(row)) for row in rated]
    quality = np.array(
        [[(row.quality_votes or {}).get(name, 0) for name in QUALITY_CLASSES] for row in rated]
    )
    given = np.array([[(row.explanation_votes or {}).get(name, 0) for name in EXPLANATIONS] for row in rated])
    shares = given / np.maximum(quality.sum(1, keepdims=True), 1)
    return _answers(asked, plurality(quality), shares, [row.split_key for row in rated], [False] * len(rated))


def quality_report(answers: Answers) -> dict[str, Any]:
    """Figures of one set of answers: each class, each explanation, and the gate."""
    weights = draws(answers.groups)
    classes = {
        name: report_binary(answers.label == i, answers.said == i, answers.quality[:, i], weights)
        for i, name in enumerate(QUALITY_CLASSES)
    }
    explanations = {
        name: report_binary(answers.explanations[:, i], answers.flagged[:, i], answers.scores[:, i], weights)
        for i, name in enumerate(EXPLANATIONS)
    }
    by_half = {
        name: report_binary(answers.votes[:, i] >= 0.5, answers.flagged[:, i], answers.scores[:, i], weights)
        for i, name in enumerate(EXPLANATIONS)
    }
    # What the shutter makes of it: of photos that no rater faulted, that some did, that most did.
    lesion = answers.label == QUALITY_CLASSES.index("lesion")
    poor = answers.label == QUALITY_CLASSES.index("poor_quality")
    spotless = lesion & ~answers.explanations.any(1)
    gate = {
        name: {"n": int(keep.sum()), "passes": clean(answers.passes[keep].mean() if keep.any() else np.nan)}
        for name, keep in (
            ("lesion_nobody_objects", spotless),
            ("lesion_some_object", lesion & ~spotless),
            ("poor_quality", poor),
            ("healthy_skin", answers.label == QUALITY_CLASSES.index("healthy_skin")),
            ("no_skin", answers.label == QUALITY_CLASSES.index("no_skin")),
        )
    }
    return {
        "n": len(answers.label),
        "quality_macro_f1": mean_of([entry["f1"] for entry in classes.values()]),
        "accuracy": clean((answers.label == answers.said).mean() if len(answers.label) else np.nan),
        "explanation_mean_f1": mean_of([entry["f1"] for entry in explanations.values()]),
        "explanation_mean_auc": mean_of([entry["auc"] for entry in explanations.values()]),
        "classes": classes,
        "explanations": explanations,
        "explanations_by_half_the_raters": by_half,
        "gate": gate,
    }


# Real faults of scenes without skin: which labels are faulty, and which explanation should say so.
_REAL: Final = {
    "too_dark": ("bad_light", ("too_dark",)),
    "too_bright": ("bad_light", ("too_bright",)),
    "blurred": ("blurry", ("blur", "defocus_blur", "motion_blur")),
}


def real_report(
    assessor: Assessor, rule: PassRule, rows: list[Row], progress: Progress = _quiet
) -> dict[str, Any]:
    """AUC of bad_light and blurry on real faults, against sharp and well-lit scenes of the same group."""
    found = [row for row in rows if row.group == "real_quality"]
    scores: dict[str, list[Any]] = {name: [] for name in ("sharp", *_REAL)}
    for number, row in enumerate(found, start=1):
        chances = assessor.assess(read_rgb(row), rule).explanations
        for name, (_explanation, labels) in _REAL.items():
            if row.label in labels:
                scores[name].append(chances)
        if row.label == "sharp":
            scores["sharp"].append(chances)
        progress("real_quality", number, len(found))
    out: dict[str, Any] = {}
    for name, (explanation, _labels) in _REAL.items():
        faulty, fine = scores[name], scores["sharp"]
        if not faulty or not fine:
            continue
        score = np.array([chances[explanation] for chances in (*faulty, *fine)])
        truth = np.arange(len(score)) < len(faulty)
        weights = draws(np.arange(len(score)))
        figures = report_binary(truth, score >= rule.thresholds[explanation], score, weights)
        out[name] = {"explanation": explanation} | figures
    return out


def _check_pool(pool_dir: Path, seed: int, wanted: dict[str, int]) -> None:
    load_labels(pool_dir)
    summary = json.loads((pool_dir / "pool.json").read_text(encoding="utf-8"))
    if summary["seed"] != seed or any(summary[split]["count"] < count for split, count in wanted.items()):
        message = _(
            "The pool in {folder} is not the benchmark's: render it with seed {seed} and enough samples."
        )
        raise DataError(message.format(folder=pool_dir, seed=seed))


_TONES: Final = {"light": (0.0, 0.33), "medium": (0.34, 0.66), "deep": (0.67, 1.0)}


def tone_report(assessor: Assessor, rule: PassRule, each: int = 40) -> dict[str, Any]:
    """Does a good photograph pass alike on light and deep skin? Good phantoms of lesions, by tone."""
    out: dict[str, Any] = {}
    for number, (name, (low, high)) in enumerate(_TONES.items()):
        verdicts = []
        for k in range(each):
            rng = np.random.default_rng([number, k])
            seed, tone, extent = 8_000_000 + k, float(rng.uniform(low, high)), float(rng.uniform(0.3, 0.5))
            drawn = draw("lesion", seed, (480, 640), extent, tone=tone, lesion_class=LABELS[k % len(LABELS)])
            shot = take(scene_of(drawn.rgb, drawn.mask), Plan({}), rng)
            verdicts.append(assessor.assess(shot.rgb, rule))
        out[name] = {
            "n": each,
            "called_lesion": clean(np.mean([verdict.label == "lesion" for verdict in verdicts])),
            "flagged_bad_light": clean(np.mean(["bad_light" in verdict.flagged for verdict in verdicts])),
            "passes": clean(np.mean([verdict.passes for verdict in verdicts])),
        }
    return out


def evaluate_quality(
    assessor: Assessor,
    rule: PassRule,
    rows: list[Row],
    counts: dict[str, int] | None = None,
    progress: Progress = _quiet,
    pool_dir: Path | None = None,
) -> dict[str, Any]:
    """All figures of a quality assessor.

    Args:
        counts: samples for each split; the benchmark's own when None (then the figures carry its name).
        pool_dir: a pool rendered with the benchmark's seed; its samples need not be drawn again.

    Raises:
        DataError: the pool is missing, of another seed, or too small.
    """
    spec = benchmark()
    wanted = counts or spec["samples"]
    full = wanted == spec["samples"]
    if pool_dir is not None:
        _check_pool(pool_dir, spec["seed"], wanted)
    parts = {
        split: ask_benchmark(assessor, rule, rows, split, wanted[split], spec["seed"], progress)
        if pool_dir is None
        else ask_pool(assessor, rule, pool_dir, split, wanted[split], progress)
        for split in ("validation", "left_out")
    }
    report: dict[str, Any] = {
        "task": assessor.name,
        "benchmark": spec["name"] if full else f"{spec['name']} (shortened)",
        "seed": spec["seed"],
        "thresholds": {name: round(float(rule.thresholds[name]), 4) for name in EXPLANATIONS},
        "sections": {},
    }
    for split, answers in parts.items():
        photos = answers.only(~answers.phantom)
        if len(photos.label):
            report["sections"][split] = quality_report(photos)
    phantoms = [answers.only(answers.phantom) for answers in parts.values()]
    joined = Answers(
        **{
            name: np.concatenate([getattr(part, name) for part in phantoms])
            for name in Answers.__dataclass_fields__
            if name != "groups"
        },
        groups=np.arange(sum(len(part.label) for part in phantoms)).astype(str),
    )
    if len(joined.label):
        report["sections"]["phantoms"] = quality_report(joined)
    rated = ask_rated(assessor, rule, rows)
    if rated is not None:
        report["sections"]["rated"] = quality_report(rated)
    report["tones"] = tone_report(assessor, rule, each=40 if full else min(40, max(wanted.values())))
    report["real_quality"] = real_report(assessor, rule, rows, progress)
    return report


# ---------------------------------------------------------------- lesions


def lesion_report(truth: np.ndarray, order: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Figures of ten-class answers.

    Args:
        truth: int, N, index into ``LABELS``.
        order: int, N x 10, classes best first.
        groups: str, N, what is resampled together.
    """
    weights = draws(groups)
    said = order[:, 0]
    classes = {name: report_binary(truth == i, said == i, None, weights) for i, name in enumerate(LABELS)}
    first, second = said == truth, (order[:, :2] == truth[:, None]).any(1)
    present = [i for i in range(len(LABELS)) if (truth == i).any()]

    def macro(weight: np.ndarray) -> np.ndarray:
        values = [np.nan_to_num(binary(truth == i, said == i, weight)["f1"]) for i in present]
        return np.mean(values, axis=0)

    confusion = np.zeros((len(LABELS), len(LABELS)), int)
    np.add.at(confusion, (truth, said), 1)
    return {
        "n": len(truth),
        "classes_present": len(present),
        "macro_f1": clean(macro(np.ones(len(truth)))),
        "macro_f1_interval": interval(macro(weights)),
        "top1": clean(first.mean()),
        "top1_interval": interval((weights * first).sum(1) / weights.sum(1)),
        "top2": clean(second.mean()),
        "classes": classes,
        "confusion": confusion.tolist(),
    }


def evaluate_lesion(
    classifier: LesionClassifier,
    rows: list[Row],
    phantoms_each: int = 12,
    limit: int | None = None,
    progress: Progress = _quiet,
) -> dict[str, Any]:
    """All figures of the lesion classifier: validation, left-out sources, phantoms of unseen seeds."""
    report: dict[str, Any] = {"task": "lesion", "labels": list(LABELS), "sections": {}}

    def order_of(rgb: np.ndarray) -> list[int]:
        return [LABELS.index(label) for label in classifier.predict(rgb).labels]

    for split in ("validation", "left_out"):
        chosen = [row for row in rows if row.group == "lesion" and split_of(row) == split][:limit]
        orders = []
        for number, row in enumerate(chosen, start=1):
            orders.append(order_of(read_rgb(row)))
            progress(split, number, len(chosen))
        if chosen:
            truth = np.array([LABELS.index(row.label) for row in chosen])
            groups = np.array([row.split_key for row in chosen])
            report["sections"][split] = lesion_report(truth, np.array(orders), groups)
    drawn: list[int] = []
    orders = []
    for i, label in enumerate(LABELS):
        for k in range(phantoms_each):
            phantom = draw(
                "lesion", 9_000_000 + 100 * i + k, (480, 640), lesion_extent=0.4, lesion_class=label
            )
            orders.append(order_of(phantom.rgb))
            drawn.append(i)
        progress("phantoms", i + 1, len(LABELS))
    if orders:
        groups = np.arange(len(drawn)).astype(str)
        report["sections"]["phantoms"] = lesion_report(np.array(drawn), np.array(orders), groups)
    return report


# ---------------------------------------------------------------- out


def compact(report: dict[str, Any]) -> dict[str, Any]:
    """The few figures that belong in the weights manifest."""
    out: dict[str, Any] = {"benchmark": report["benchmark"]} if "benchmark" in report else {}
    for name, section in report["sections"].items():
        keep = (
            "n",
            "quality_macro_f1",
            "explanation_mean_f1",
            "explanation_mean_auc",
            "macro_f1",
            "top1",
            "top2",
        )
        part = {key: section[key] for key in keep if key in section}
        part["f1"] = {key: entry["f1"] for key, entry in section["classes"].items() if entry["positives"]}
        if "explanations" in section:
            part["explanation_f1"] = {key: entry["f1"] for key, entry in section["explanations"].items()}
            part["explanation_auc"] = {key: entry["auc"] for key, entry in section["explanations"].items()}
        out[name] = part
    if "tones" in report:
        out["passes_by_tone"] = {name: entry["passes"] for name, entry in report["tones"].items()}
    if report.get("real_quality"):
        out["real_quality_auc"] = {name: entry["auc"] for name, entry in report["real_quality"].items()}
    return out


_TITLES: Final = {
    "validation": "Validation photographs (sources the network trained on, other photos)",
    "left_out": "Left-out sources (never seen in training)",
    "phantoms": "Phantoms (drawn; unseen seeds, but the same generator as in training)",
    "rated": "Photographs rated by real people",
}


def _figure(entry: dict[str, Any], name: str) -> str:
    value, around = entry.get(name), entry.get(f"{name}_interval")
    if value is None:
        return "-"
    return f"{value:.2f}" + (f" ({around[0]:.2f}-{around[1]:.2f})" if around else "")


def _table(entries: dict[str, dict[str, Any]], first: str, scored: bool) -> list[str]:
    columns = ["f1", "recall", "specificity", *(["auc"] if scored else [])]
    heads = [
        first,
        "n positive",
        "of",
        "F1",
        "recall",
        "specificity",
        *(["AUC", "recall at spec. 0.95"] if scored else []),
    ]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, entry in entries.items():
        cells = [name, str(entry["positives"]), str(entry["n"])]
        cells += [_figure(entry, column) if entry["positives"] else "-" for column in columns]
        if scored:
            cells.append(_figure(entry, "recall_at_specificity_95"))
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def markdown(report: dict[str, Any], level: int = 1) -> str:
    """The report as tables; 95 % bootstrap intervals stand in brackets."""
    title = "#" * level
    lines = [f"{title} {report['task']}", ""]
    if "benchmark" in report:
        lines += [f"Benchmark `{report['benchmark']}`, seed {report['seed']}.", ""]
    for name, section in report["sections"].items():
        lines += [f"{title}# {_TITLES[name]}", ""]
        if "explanations" in section:
            f1, macro = section["explanation_mean_f1"], section["quality_macro_f1"]
            lines += [
                f"n = {section['n']}; macro F1 of the classes {macro}, accuracy {section['accuracy']}; "
                f"explanations: mean F1 {f1}, mean AUC {section['explanation_mean_auc']}.",
                "",
            ]
            lines += _table(section["classes"], "class", scored=True)
            lines += _table(section["explanations"], "explanation (any rater)", scored=True)
            lines += _table(
                section["explanations_by_half_the_raters"], "explanation (half the raters)", scored=True
            )
            lines += ["| true state | n | share that passes |", "|---|---|---|"]
            for state, entry in section["gate"].items():
                share = "-" if entry["passes"] is None else f"{entry['passes']:.2f}"
                lines.append(f"| {state.replace('_', ' ')} | {entry['n']} | {share} |")
            lines.append("")
        else:
            macro, first = _figure(section, "macro_f1"), _figure(section, "top1")
            lines += [
                f"n = {section['n']}, {section['classes_present']} classes present; macro F1 {macro}, "
                f"first guess right {first}, among the first two {section['top2']}.",
                "",
            ]
            lines += _table(section["classes"], "class", scored=False)
            lines += ["Confusion (rows: true, columns: said):", ""]
            lines += [
                "| | " + " | ".join(report["labels"]) + " |",
                "|---" * (len(report["labels"]) + 1) + "|",
            ]
            for label, row in zip(report["labels"], section["confusion"], strict=True):
                lines.append(f"| {label} | " + " | ".join(str(value) for value in row) + " |")
            lines.append("")
    if report.get("tones"):
        lines += [f"{title}# Good photographs of drawn lesions, by skin tone", ""]
        lines += ["| tone | n | called lesion | flagged bad_light | passes |", "|---|---|---|---|---|"]
        for tone, entry in report["tones"].items():
            shares = [f"{entry[key]:.2f}" for key in ("called_lesion", "flagged_bad_light", "passes")]
            lines.append(f"| {tone} | {entry['n']} | " + " | ".join(shares) + " |")
        lines.append("")
    if report.get("real_quality"):
        lines += [f"{title}# Real faults on scenes without skin (against sharp, well-lit scenes)", ""]
        lines += _table(report["real_quality"], "fault", scored=True)
    return "\n".join(lines)
