"""``python -m core evaluate imageqx|lesion|classical|panel|behaviour --data DIR --out DIR``.

``python -m core evaluate imageqx --scin DIR --out DIR`` asks real dermatologists instead (``scin``).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.i18n import _
from core.runtime.engine import open_engine
from core.runtime.manifest import (
    DEFAULT_POINT,
    WEIGHTS_DIR,
    ConfusedPair,
    NetworkEntry,
    WeightsError,
    load_manifest,
    save_entry,
)
from training.data.sources import DataError, Row, read_manifest

if TYPE_CHECKING:
    from core.lesion.classifier import LesionClassifier
    from core.quality.imageqx import ImageQX


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``evaluate`` to the command line."""
    parser = subparsers.add_parser(
        "evaluate", help=_("measure a network or the classical checks on photographs")
    )
    parser.add_argument("task", choices=["imageqx", "lesion", "classical", "panel", "behaviour"])
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--data", type=Path, help=_("folder with manifest.csv"))
    given.add_argument(
        "--scin",
        type=Path,
        help=_("imageqx and classical only: a copy of the public SCIN release, in place of --data"),
    )
    parser.add_argument("--out", type=Path, required=True, help=_("folder for the report"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help=_("folder with manifest.json"))
    parser.add_argument("--pool", type=Path, help=_("imageqx and panel only: samples already rendered"))
    parser.add_argument("--limit", type=int, help=_("only this many samples of each split (a quick look)"))
    parser.add_argument(
        "--fit-points",
        action="store_true",
        help=_("imageqx and lesion: first set temperature and thresholds, and put them into the manifest"),
    )
    parser.add_argument(
        "--write-manifest", action="store_true", help=_("put the main figures into the weights manifest")
    )
    parser.set_defaults(run=run)


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        print(f"\r{what} {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _report(args: argparse.Namespace) -> dict[str, Any]:
    from training.evaluation.evaluate import Settings, evaluate_quality

    if args.scin is not None:
        return _scin(args)
    rows = read_manifest(args.data)
    if args.task == "panel":
        from training.evaluation.panel_report import panel_report

        return panel_report(rows, args.limit, args.pool, _progress)
    if args.task == "classical":
        from core.quality.classical import Classical

        classical = Classical()
        return evaluate_quality(classical, classical.rule(), rows, _counts(args), _progress, out=args.out)
    manifest = load_manifest(args.weights / "manifest.json")
    if args.task == "behaviour":
        return _behaviour(args, rows)
    if args.task not in manifest.networks:
        raise DataError(
            _("{folder} lists no network called {name}.").format(folder=args.weights, name=args.task)
        )
    entry = manifest.networks[args.task]
    if args.task == "lesion":
        from core.lesion.networks import open_lesion
        from core.lesion.taxonomy import LABELS

        if set(entry.labels) != set(LABELS):
            message = _("The network {name} answers with other classes than those measured here: {known}.")
            raise DataError(message.format(name=args.task, known=", ".join(LABELS)))
        classifier = open_lesion(args.task, manifest, directory=args.weights)
        return _lesion_report(args, classifier, entry, rows)
    from core.quality.imageqx import ImageQX

    engine = open_engine(args.task, manifest, directory=args.weights)
    assessor = ImageQX(engine, entry)
    if args.fit_points:
        entry = _fit_points(args, assessor, entry, rows)
        assessor = ImageQX(engine, entry)
    settings = Settings(entry.temperature, entry.operating_points, entry.sha256)
    return evaluate_quality(
        assessor, assessor.rule(), rows, _counts(args), _progress, args.pool, settings, args.out
    )


def _scin(args: argparse.Namespace) -> dict[str, Any]:
    """What real dermatologists could grade, against the same rule that the app serves."""
    from core.quality.classical import Classical
    from core.quality.imageqx import ImageQX
    from training.evaluation.scin import scin_report

    if args.task not in ("imageqx", "classical"):
        raise DataError(_("--scin goes with imageqx and classical only."))
    assessor: Classical | ImageQX = Classical()
    if args.task == "imageqx":
        manifest = load_manifest(args.weights / "manifest.json")
        engine = open_engine(args.task, manifest, directory=args.weights)
        assessor = ImageQX(engine, manifest.networks[args.task])
    return scin_report(assessor, assessor.rule(), args.scin, args.limit, _progress)


def _behaviour(args: argparse.Namespace, rows: list[Row]) -> dict[str, Any]:
    """What people are told of faulty photographs, with the preset that everything starts from."""
    from core.guidance.preset import load_preset
    from core.quality.imageqx import ImageQX
    from training.evaluation.behaviour import behaviour

    manifest = load_manifest(args.weights / "manifest.json")
    engine = open_engine("imageqx", manifest, directory=args.weights)
    assessor = ImageQX(engine, manifest.networks["imageqx"])
    return behaviour(assessor, rows, load_preset(), args.limit, _progress)


def _fit_points(
    args: argparse.Namespace, assessor: "ImageQX", entry: NetworkEntry, rows: list[Row]
) -> NetworkEntry:
    """Temperature and operating points of the validation samples, put into the weights manifest."""
    from training.evaluation.evaluate import ask_splits, benchmark, fit_settings

    count = args.limit or benchmark()["samples"]["validation"]
    asked = ask_splits(assessor, assessor.rule(), rows, {"validation": count}, _progress, args.pool)
    settings = fit_settings(asked["validation"], entry.temperature)
    changes = {
        "temperature": settings.temperature,
        "operating_points": dict(settings.points),
        "thresholds": dict(settings.points[DEFAULT_POINT].thresholds),
    }
    entry = entry.model_copy(update=changes)
    save_entry(args.task, entry, args.weights)
    return entry


def _lesion_report(
    args: argparse.Namespace, classifier: "LesionClassifier", entry: NetworkEntry, rows: list[Row]
) -> dict[str, Any]:
    """Figures of the lesion classifier; with ``--fit-points`` temperature and abstention are set first."""
    from core.lesion.abstain import read_centres
    from core.lesion.networks import open_lesion
    from training.evaluation import lesion_answers, lesion_limits
    from training.evaluation.evaluate_lesion import evaluate_lesion
    from training.evaluation.gain import flip_gains

    asked = (classifier, entry.labels, rows, args.limit, _progress)
    sets, references = lesion_answers.ask_sets(*asked), None
    if args.fit_points:
        references = lesion_answers.ask_references(*asked)
        entry = lesion_limits.fit(sets, references, entry, args.weights)
        save_entry(args.task, entry, args.weights)
        # What follows is asked of the classifier as it is served from now on.
        manifest = load_manifest(args.weights / "manifest.json")
        classifier = open_lesion(args.task, manifest, directory=args.weights)
    needed = entry.abstention.file if entry.abstention is not None else None
    centres = read_centres(args.weights / needed) if needed is not None else None
    report = evaluate_lesion(sets, entry, rows, centres, references, args.limit)
    return report | {"flips": flip_gains(classifier, entry.labels, rows, args.limit)}


def _counts(args: argparse.Namespace) -> dict[str, int] | None:
    return None if args.limit is None else {"validation": args.limit, "left_out": args.limit}


def _write(folder: Path, name: str, texts: dict[str, str]) -> list[Path]:
    """Write each text to ``folder/name.kind``; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, text in texts.items():
        (folder / f"{name}.{kind}").write_text(text + "\n", encoding="utf-8")
    return [folder / f"{name}.{kind}" for kind in texts]


def _written(args: argparse.Namespace, report: dict[str, Any]) -> list[Path]:
    """Write the report in all its forms; returns the files. What a person wants at once is printed."""
    from training.evaluation.agreement import agreement_markdown
    from training.evaluation.behaviour import behaviour_markdown
    from training.evaluation.lesion_text import lesion_markdown, printed
    from training.evaluation.report_html import html
    from training.evaluation.report_text import markdown
    from training.evaluation.scin import scin_markdown

    if args.scin is not None:
        tables = scin_markdown(report).removesuffix("\n")
        print(tables, end="\n\n")
        return _write(args.out, f"scin_{args.task}", {"json": json.dumps(report, indent=1), "md": tables})
    writers = {"panel": agreement_markdown, "lesion": lesion_markdown, "behaviour": behaviour_markdown}
    tables = writers.get(args.task, markdown)(report)
    texts = {"json": json.dumps(report, indent=1), "md": tables}
    if args.task in ("imageqx", "lesion"):
        texts["html"] = html(report, args.out).removesuffix("\n")
    files = _write(args.out, args.task, texts)
    if args.task in ("panel", "lesion", "behaviour"):
        print(printed(report) if args.task == "lesion" else tables, end="\n\n")
    return files


def _into_manifest(args: argparse.Namespace, report: dict[str, Any]) -> None:
    from training.evaluation.report_text import compact

    entry = load_manifest(args.weights / "manifest.json").networks[args.task]
    changes: dict[str, Any] = {"metrics": compact(report)}
    if args.task == "lesion":
        changes["confused"] = [ConfusedPair(**pair) for pair in report["confused"]]
    save_entry(args.task, entry.model_copy(update=changes), args.weights)


def run(args: argparse.Namespace) -> int:
    """Write OUT/TASK.json and .md (and .html of a network), print their paths; 1 and a sentence on failure.

    Of ImageQX the answers are written too (``imageqx_scores.npz``): copied into ``weights/``, they let the
    Designer page say what other thresholds would refuse.

    The panel's tables have no other place to be shown, and of the lesion classifier the pairs it confuses and
    its confusion matrix are wanted at once: these are printed too.
    """
    if args.limit is not None and args.limit < 1:
        print(_("--limit must be at least 1."), file=sys.stderr)
        return 2
    try:
        report = _report(args)
        files = _written(args, report)
        if args.write_manifest and args.scin is None and args.task in ("imageqx", "lesion"):
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
