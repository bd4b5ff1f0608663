"""``python -m core evaluate imageqx|ordinal|lesion|classical|panel|behaviour|compare --data DIR --out DIR``.

``python -m core evaluate imageqx --scin DIR --out DIR`` asks real dermatologists instead (``scin``).
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.i18n import _
from core.runtime.engine import open_engine
from core.runtime.manifest import (
    DEFAULT_POINT,
    WEIGHTS_DIR,
    ConfusedPair,
    Manifest,
    NetworkEntry,
    WeightsError,
    load_manifest,
    save_entry,
)
from training.cli import TASKS as NETWORKS
from training.data.sources import DataError, read_manifest
from training.progress import show_progress

if TYPE_CHECKING:
    from core.quality.imageqx import ImageQX

Report = dict[str, Any]
_PAGES: Final = ("imageqx", "lesion")
"""Networks whose report is written as a page, too."""


def _imageqx(args: argparse.Namespace, task: str = "imageqx") -> tuple["ImageQX", NetworkEntry]:
    """The network as it is served, and its entry."""
    from core.quality.imageqx import ImageQX

    manifest = _manifest(args, task)
    entry = manifest.networks[task]
    return ImageQX(open_engine(task, manifest, directory=args.weights), entry), entry


def _manifest(args: argparse.Namespace, task: str) -> Manifest:
    """The weights manifest, which must list a network of this name."""
    manifest = load_manifest(args.weights / "manifest.json")
    if task not in manifest.networks:
        raise DataError(_("{folder} lists no network called {name}.").format(folder=args.weights, name=task))
    return manifest


def _of_panel(args: argparse.Namespace) -> Report:
    from training.evaluation.agreement import panel_report

    return panel_report(read_manifest(args.data), args.limit, args.pool, show_progress)


def _of_classical(args: argparse.Namespace) -> Report:
    """Figures of the classical assessor, its limits one by one, and ImageQX's figures on the same photos.

    With ``--fit-points`` temperature and operating points are set first.
    """
    from dataclasses import replace

    from core.quality.classical import Classical
    from core.quality.classical_model import FILE, load_model, save_model
    from training.evaluation.evaluate import Settings, evaluate_quality, fit_settings
    from training.evaluation.quality_predictions import benchmark, predict_splits

    rows, file = read_manifest(args.data), args.weights / FILE.name
    model = load_model(file)
    if args.fit_points:
        count = {"validation": args.limit or benchmark()["samples"]["validation"]}
        classical = Classical(model)
        predicted = predict_splits(classical, classical.rule(), rows, count, show_progress, args.pool)
        fitted = fit_settings(predicted["validation"], model.temperature)
        model = replace(model, temperature=fitted.temperature, points=fitted.points)
        save_model(model, file)
    classical, settings = Classical(model), Settings(model.temperature, model.points)
    rule, counts = classical.rule(), _counts(args)
    return evaluate_quality(classical, rule, rows, counts, show_progress, args.pool, settings, args.out)


def _of_imageqx(args: argparse.Namespace) -> Report:
    """Figures of ImageQX; with ``--fit-points`` temperature and operating points are set first."""
    from training.evaluation.evaluate import Settings, evaluate_quality, fit_settings
    from training.evaluation.quality_predictions import benchmark, predict_splits

    rows = read_manifest(args.data)
    assessor, entry = _imageqx(args)
    if args.fit_points:
        count = {"validation": args.limit or benchmark()["samples"]["validation"]}
        predicted = predict_splits(assessor, assessor.rule(), rows, count, show_progress, args.pool)
        fitted = fit_settings(predicted["validation"], entry.temperature)
        changes = {
            "temperature": fitted.temperature,
            "operating_points": dict(fitted.points),
            "thresholds": dict(fitted.points[DEFAULT_POINT].thresholds),
        }
        save_entry("imageqx", entry.model_copy(update=changes), args.weights)
        assessor, entry = _imageqx(args)
    settings = Settings(entry.temperature, entry.operating_points, entry.sha256)
    return evaluate_quality(
        assessor, assessor.rule(), rows, _counts(args), show_progress, args.pool, settings, args.out
    )


def _of_ordinal(args: argparse.Namespace) -> Report:
    """Figures of the ordinal assessor, as its paper has them."""
    from core.quality.ordinal import Ordinal
    from training.evaluation.ordinal import ordinal_report, write_plots

    manifest = _manifest(args, "ordinal")
    entry = manifest.networks["ordinal"]
    assessor = Ordinal(open_engine("ordinal", manifest, directory=args.weights), entry)
    report = ordinal_report(
        assessor, entry, read_manifest(args.data), _counts(args), show_progress, args.pool
    )
    write_plots(report, args.out)
    return report


def _of_scin(args: argparse.Namespace) -> Report:
    """What real dermatologists could grade, against the same rule that the app serves."""
    from core.quality.classical import Classical
    from training.evaluation.scin import scin_report

    if args.task not in ("imageqx", "classical"):
        raise DataError(_("--scin goes with imageqx and classical only."))
    assessor = Classical() if args.task == "classical" else _imageqx(args)[0]
    return scin_report(assessor, assessor.rule(), args.scin, args.limit, show_progress)


def _of_behaviour(args: argparse.Namespace) -> Report:
    """Which prompts faulty photographs get, with the default preset."""
    from core.guidance.preset import load_preset
    from training.evaluation.as_they_are import as_they_are
    from training.evaluation.behaviour import behaviour

    rows, preset, assessor = read_manifest(args.data), load_preset(), _imageqx(args)[0]
    report = behaviour(assessor, rows, preset, args.limit, show_progress)
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    return report | {"as_they_are": as_they_are(assessor, rows, preset, rule, args.limit, show_progress)}


def _of_compare(args: argparse.Namespace) -> Report:
    """All assessors that can be opened, on the same photographs."""
    from training.evaluation.compare import compare_report

    return compare_report(read_manifest(args.data), args.weights, args.limit, show_progress)


def _of_lesion(args: argparse.Namespace) -> Report:
    """Figures of the lesion classifier; with ``--fit-points`` temperature and abstention are set first."""
    from core.lesion.abstain import read_centres
    from core.lesion.networks import open_lesion
    from core.lesion.taxonomy import LABELS
    from training.evaluation import lesion_limits, lesion_predictions
    from training.evaluation.evaluate_lesion import evaluate_lesion
    from training.evaluation.gain import flip_gains

    rows = read_manifest(args.data)
    manifest = _manifest(args, "lesion")
    entry = manifest.networks["lesion"]
    if set(entry.labels) != set(LABELS):
        message = _("The network {name} answers with other classes than those measured here: {known}.")
        raise DataError(message.format(name="lesion", known=", ".join(LABELS)))
    classifier = open_lesion("lesion", manifest, directory=args.weights)
    shown = (classifier, entry.labels, rows, args.limit, show_progress)
    sets, references = lesion_predictions.predict_sets(*shown), None
    if args.fit_points:
        references = lesion_predictions.predict_references(*shown)
        entry = lesion_limits.fit(sets, references, entry, args.weights)
        save_entry("lesion", entry, args.weights)
        # What follows is predicted by the classifier as it is served from now on.
        classifier = open_lesion("lesion", _manifest(args, "lesion"), directory=args.weights)
    needed = entry.abstention.file if entry.abstention is not None else None
    centres = read_centres(args.weights / needed) if needed is not None else None
    report = evaluate_lesion(sets, entry, rows, centres, references, args.limit)
    return report | {"flips": flip_gains(classifier, entry.labels, rows, args.limit)}


_REPORTS: Final[Mapping[str, Callable[[argparse.Namespace], Report]]] = {
    "imageqx": _of_imageqx,
    "ordinal": _of_ordinal,
    "lesion": _of_lesion,
    "classical": _of_classical,
    "panel": _of_panel,
    "behaviour": _of_behaviour,
    "compare": _of_compare,
}
"""What can be measured, and how."""


def _counts(args: argparse.Namespace) -> dict[str, int] | None:
    return None if args.limit is None else {"validation": args.limit, "left_out": args.limit}


def _written(args: argparse.Namespace, report: Report) -> list[Path]:
    """Write the report in all its forms; returns the files. What a person wants at once is printed."""
    from training.evaluation.agreement import agreement_markdown
    from training.evaluation.behaviour import behaviour_markdown
    from training.evaluation.compare import compare_markdown
    from training.evaluation.lesion_text import lesion_markdown, printed
    from training.evaluation.ordinal import ordinal_markdown
    from training.evaluation.report_html import html
    from training.evaluation.report_text import markdown
    from training.evaluation.scin import scin_markdown

    task = args.task if args.scin is None else f"scin_{args.task}"
    writers = {
        "panel": agreement_markdown,
        "lesion": lesion_markdown,
        "ordinal": ordinal_markdown,
        "behaviour": behaviour_markdown,
        "compare": compare_markdown,
    }
    write = scin_markdown if args.scin is not None else writers.get(task, markdown)
    texts = {"json": json.dumps(report, indent=1), "md": write(report)}
    if task in _PAGES:
        texts["html"] = html(report, args.out)
    args.out.mkdir(parents=True, exist_ok=True)
    for kind, text in texts.items():
        (args.out / f"{task}.{kind}").write_text(f"{text}\n", encoding="utf-8")
    if write is not markdown:
        print(printed(report) if task == "lesion" else texts["md"], end="\n\n")
    return [args.out / f"{task}.{kind}" for kind in texts]


def _into_manifest(args: argparse.Namespace, report: Report) -> None:
    from training.evaluation import ordinal
    from training.evaluation.report_text import compact

    entry = load_manifest(args.weights / "manifest.json").networks[args.task]
    changes: dict[str, Any] = {
        "metrics": ordinal.compact(report) if args.task == "ordinal" else compact(report)
    }
    if args.task == "lesion":
        changes["confused"] = [ConfusedPair(**pair) for pair in report["confused"]]
    save_entry(args.task, entry.model_copy(update=changes), args.weights)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``evaluate`` to the command line."""
    parser = subparsers.add_parser(
        "evaluate", help=_("measure a network or the classical checks on photographs")
    )
    parser.add_argument("task", choices=_REPORTS)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--data", type=Path, help=_("folder with manifest.csv"))
    given.add_argument(
        "--scin",
        type=Path,
        help=_("imageqx and classical only: a copy of the public SCIN release, in place of --data"),
    )
    parser.add_argument("--out", type=Path, required=True, help=_("folder for the report"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help=_("folder with manifest.json"))
    parser.add_argument("--pool", type=Path, help=_("not lesion: samples already rendered"))
    parser.add_argument("--limit", type=int, help=_("only this many samples of each split (a quick look)"))
    parser.add_argument(
        "--fit-points",
        action="store_true",
        help=_("imageqx, classical and lesion: first set temperature and thresholds, and store them"),
    )
    parser.add_argument(
        "--write-manifest", action="store_true", help=_("put the main figures into the weights manifest")
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write OUT/TASK.json and .md (and .html of a network), print their paths; 1 and a sentence on failure.

    Of ImageQX the predictions are written too (``imageqx_scores.npz``): copied into ``weights/``, they let
    the Designer page say what other thresholds would refuse.

    The panel's tables have no other place to be shown, and of the lesion classifier the pairs it confuses and
    its confusion matrix are wanted at once: these are printed too.
    """
    if args.limit is not None and args.limit < 1:
        print(_("--limit must be at least 1."), file=sys.stderr)
        return 2
    try:
        import scipy  # noqa: F401
        import sklearn  # noqa: F401
    except ImportError:
        print(_("Evaluation needs scikit-learn and SciPy: pip install -r requirements.txt"), file=sys.stderr)
        return 1
    try:
        report = (_REPORTS[args.task] if args.scin is None else _of_scin)(args)
        files = _written(args, report)
        if args.write_manifest and args.scin is None and args.task in NETWORKS:
            _into_manifest(args, report)
    except (DataError, WeightsError) as error:
        print(error.message, file=sys.stderr)
        return 1
    except OSError as error:
        message = _("The report cannot be written to {folder} ({reason}).")
        print(message.format(folder=args.out, reason=error.strerror), file=sys.stderr)
        return 1
    scores = args.out / f"{args.task}_scores.npz"
    for file in [*files, *([scores] if args.task == "imageqx" and args.scin is None else [])]:
        print(file)
    return 0
