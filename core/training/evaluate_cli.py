"""``python -m core evaluate imageqx|lesion|classical|panel --data DIR --out DIR``."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.runtime.engine import open_engine
from core.runtime.manifest import (
    DEFAULT_POINT,
    WEIGHTS_DIR,
    NetworkEntry,
    WeightsError,
    load_manifest,
    save_entry,
)
from core.training.sources import DataError, Row, read_manifest
from core.words import _

if TYPE_CHECKING:
    from core.quality.imageqx import ImageQX


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add ``evaluate`` to the command line."""
    parser = subparsers.add_parser(
        "evaluate", help=_("measure a network or the classical checks on photographs")
    )
    parser.add_argument("task", choices=["imageqx", "lesion", "classical", "panel"])
    parser.add_argument("--data", type=Path, required=True, help=_("folder with manifest.csv"))
    parser.add_argument("--out", type=Path, required=True, help=_("folder for the report"))
    parser.add_argument("--weights", type=Path, default=WEIGHTS_DIR, help=_("folder with manifest.json"))
    parser.add_argument("--pool", type=Path, help=_("imageqx and panel only: samples already rendered"))
    parser.add_argument("--limit", type=int, help=_("only this many samples of each split (a quick look)"))
    parser.add_argument(
        "--fit-points",
        action="store_true",
        help=_("imageqx only: first set temperature and operating points, and put them into the manifest"),
    )
    parser.add_argument(
        "--write-manifest", action="store_true", help=_("put the main figures into the weights manifest")
    )
    parser.set_defaults(run=run)


def _progress(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        print(f"\r{what} {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _report(args: argparse.Namespace) -> dict[str, Any]:
    from core.training.evaluate import Settings, evaluate_quality

    rows = read_manifest(args.data)
    if args.task == "classical":
        from core.quality.classical import Classical

        classical = Classical()
        return evaluate_quality(classical, classical.rule(), rows, _counts(args), _progress, out=args.out)
    manifest = load_manifest(args.weights / "manifest.json")
    if args.task not in manifest.networks:
        raise DataError(
            _("{folder} lists no network called {name}.").format(folder=args.weights, name=args.task)
        )
    entry = manifest.networks[args.task]
    engine = open_engine(args.task, manifest, directory=args.weights)
    if args.task == "lesion":
        from core.lesion.classifier import LesionClassifier
        from core.training.evaluate_lesion import evaluate_lesion

        classifier = LesionClassifier(engine, entry)
        return evaluate_lesion(classifier, rows, limit=args.limit, progress=_progress)
    from core.quality.imageqx import ImageQX

    assessor = ImageQX(engine, entry)
    if args.fit_points:
        entry = _fit_points(args, assessor, entry, rows)
        assessor = ImageQX(engine, entry)
    settings = Settings(entry.temperature, entry.operating_points)
    return evaluate_quality(
        assessor, assessor.rule(), rows, _counts(args), _progress, args.pool, settings, args.out
    )


def _fit_points(
    args: argparse.Namespace, assessor: "ImageQX", entry: NetworkEntry, rows: list[Row]
) -> NetworkEntry:
    """Temperature and operating points of the validation samples, put into the weights manifest."""
    from core.training.evaluate import ask_splits, benchmark, fit_settings

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


def _counts(args: argparse.Namespace) -> dict[str, int] | None:
    return None if args.limit is None else {"validation": args.limit, "left_out": args.limit}


def run(args: argparse.Namespace) -> int:
    """Write OUT/TASK.json and .md (and imageqx.html), print their paths; 1 with one sentence on failure."""
    from core.training import report_html
    from core.training.report_text import compact, markdown

    if args.limit is not None and args.limit < 1:
        print(_("--limit must be at least 1."), file=sys.stderr)
        return 2
    if args.task == "panel":
        from core.training import panel_cli

        return panel_cli.run(args)
    try:
        report = _report(args)
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / f"{args.task}.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        (args.out / f"{args.task}.md").write_text(markdown(report) + "\n", encoding="utf-8")
        if args.task == "imageqx":
            page = report_html.html(report, args.out)
            (args.out / "imageqx.html").write_text(page, encoding="utf-8")
        if args.write_manifest and args.task != "classical":
            entry = load_manifest(args.weights / "manifest.json").networks[args.task]
            save_entry(args.task, entry.model_copy(update={"metrics": compact(report)}), args.weights)
    except (DataError, WeightsError) as error:
        print(error.message, file=sys.stderr)
        return 1
    except OSError as error:
        message = _("The report cannot be written to {folder} ({reason}).")
        print(message.format(folder=args.out, reason=error.strerror), file=sys.stderr)
        return 1
    print(args.out / f"{args.task}.json")
    print(args.out / f"{args.task}.md")
    if args.task == "imageqx":
        print(args.out / "imageqx.html")
    return 0
