"""Comparisons of ImageQX's configurations under one reduced protocol.

``python -m core.training.compare --data DIR --pool DIR --out DIR`` trains what its list still lacks (two at
a time, one thread each), keeps each result in OUT/trials.json, and writes what the report shows to
``core/training/comparisons.json``. A trial that is done is not done again, so a run may be broken off.
"""

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np

from core.quality.imageqx import ImageQX
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule
from core.runtime.engine import Engine
from core.runtime.manifest import load_manifest
from core.training.imageqx_data import PoolDataset, load_labels
from core.training.metrics import auc, binary
from core.training.recipes.imageqx import CONFIGURATIONS, PoolData
from core.training.segmenter_data import skin_maps

_HERE: Final = Path(__file__).parent
RESULTS: Final = _HERE / "comparisons.json"
GROUPS: Final = json.loads((_HERE / "source_groups.json").read_text(encoding="utf-8"))["groups"]
SEEDS: Final = (0, 1, 2)
SIZE, DRAWS = 160, 1024
FEWER: Final = "fewer photographs"
PHOTOS: Final = (0.5, 0.25, 0.1)
SPLITS: Final = ("validation", "left_out")
_CLASSES: Final = ("lesion", "no_skin", "healthy_skin")


@dataclass(frozen=True)
class Trial:
    """One network to train.

    Attributes:
        row: which line of the table it counts for.
        configuration: one of ``CONFIGURATIONS``.
        seed: of everything random.
        init: as for ``--init``.
        without: name of the group of sources that it does not see, or "".
        photos: share of the photographed subjects that it sees.
    """

    row: str
    configuration: str
    seed: int = 0
    init: str = "scratch"
    without: str = ""
    photos: float = 1.0

    @property
    def name(self) -> str:
        """Short and unique, good for a folder."""
        parts = [self.row, f"seed{self.seed}", *([f"without{self.without}"] if self.without else [])]
        parts += [f"photos{self.photos:g}"] if self.photos < 1 else []
        return "-".join(parts).replace(" ", "_")


def trials(init: str) -> list[Trial]:
    """All trials, the most telling first; ``init`` starts the one that does not start from scratch."""
    seeded = ("paper", "retake", "hard-labels")
    most = [Trial(row, row, seed) for seed in SEEDS for row in seeded]
    rest = [Trial(row, row) for row in CONFIGURATIONS if row not in seeded]
    started = Trial("retake, started from the shipped weights", "retake", init=init)
    left = [Trial("leave sources out", "retake", without=group) for group in GROUPS]
    fewer = [Trial(FEWER, "retake", photos=share) for share in PHOTOS]
    return [*most, *rest, started, *left, *fewer]


def figures(network: Path, pool: Path, configuration: str, without: str) -> dict[str, Any]:
    """What a trained network reaches on a pool: on both held-out splits, and on the group it did not see.

    Args:
        network: folder with ``imageqx.onnx`` and ``manifest.json``.
    """
    entry = load_manifest(network / "manifest.json").networks["imageqx"]
    assessor = ImageQX(Engine(network / entry.file, threads=1), entry)
    rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))
    data = PoolData(pool, CONFIGURATIONS[configuration])

    def ask(split: PoolDataset, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        said, scores = [], []
        for row in rows:
            square, *detail = data.views(split, row)
            verdict = assessor.judge_views(square, detail[0] if detail else None, rule, 224, 224)
            said.append(QUALITY_CLASSES.index(verdict.label))
            scores.append([verdict.explanations[name] for name in EXPLANATIONS])
        return np.array(said, int), np.array(scores).reshape(-1, len(EXPLANATIONS))

    out: dict[str, Any] = {"subjects": entry.provenance["subjects"]}
    for name in SPLITS:
        split = PoolDataset(pool, name)
        rows = np.flatnonzero(split.slugs != "phantom")
        said, scores = ask(split, rows)
        truth, given = split.labels[rows], split.explanations[rows] > 0
        f1 = [float(binary(truth == c, said == c)["f1"]) for c in range(len(QUALITY_CLASSES))]
        areas = [float(auc(given[:, k], scores[:, k])) for k in range(len(EXPLANATIONS))]
        out[name] = {
            "n": len(rows),
            "quality_macro_f1": float(np.mean(f1)),
            "explanation_mean_auc": float(np.mean(areas)),
            "f1": dict(zip(QUALITY_CLASSES, f1, strict=True)),
            "auc": dict(zip(EXPLANATIONS, areas, strict=True)),
        }
        if name == "validation":
            unseen = np.isin(split.slugs[rows], GROUPS.get(without, []))
            out["recall_in_source"] = _recalls(truth[~unseen], said[~unseen])
    if without:
        split = PoolDataset(pool, "train")
        rows = np.flatnonzero(np.isin(split.slugs, GROUPS[without]))[:1500]
        said, _scores = ask(split, rows)
        out["recall_left_out"] = _recalls(split.labels[rows], said)
    return out


def _recalls(truth: np.ndarray, said: np.ndarray) -> dict[str, dict[str, Any]]:
    found = {}
    for name in _CLASSES:
        here = truth == QUALITY_CLASSES.index(name)
        share = float((said[here] == truth[here]).mean()) if here.any() else None
        found[name] = {"n": int(here.sum()), "recall": share}
    return found


def summary(done: dict[str, dict[str, Any]], protocol: str) -> dict[str, Any]:
    """What the report shows of finished trials.

    Args:
        done: by trial name: ``trial`` (the fields of ``Trial``) and ``figures``.
        protocol: one sentence on how all of them were trained.
    """
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in done.values():
        if not entry["trial"]["without"] and entry["trial"]["photos"] == 1:
            rows[entry["trial"]["row"]].append(entry["figures"])

    def spread(found: list[dict[str, Any]], split: str, key: str) -> list[float]:
        values = [figures[split][key] for figures in found]
        deviation = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
        return [round(float(np.mean(values)), 3), None if np.isnan(deviation) else round(deviation, 3)]

    keys = ("quality_macro_f1", "explanation_mean_auc")
    table = [
        {
            "name": row,
            "protocol": protocol,
            "seeds": len(found),
            **{split: {key: spread(found, split, key) for key in keys} for split in SPLITS},
        }
        for row, found in rows.items()
    ]
    left: dict[str, dict[str, Any]] = {}
    for entry in done.values():
        group = entry["trial"]["without"]
        for name in _CLASSES if group else ():
            inside, outside = (entry["figures"][key][name] for key in ("recall_in_source", "recall_left_out"))
            left[f"{group}, {name}"] = {
                "held_out": GROUPS[group],
                "class": name,
                "recall_in_source": inside["recall"],
                "recall_left_out": outside["recall"],
                "n": outside["n"],
            }
    curve = [
        {
            "subjects": entry["figures"]["subjects"],
            **{f"{split}_f1": entry["figures"][split]["quality_macro_f1"] for split in SPLITS},
        }
        for entry in done.values()
        if entry["trial"]["row"] in ("retake", FEWER) and entry["trial"]["seed"] == 0
    ]
    curve.sort(key=lambda point: point["subjects"])
    return {
        "protocol": protocol,
        "comparisons": table,
        "leave_source_out": left,
        "learning_curve": curve if len(curve) > 1 else [],
    }


def _train(trial: Trial, args: argparse.Namespace) -> dict[str, Any]:
    out = args.out / trial.name
    words = [sys.executable, "-m", "core", "train", "imageqx", "--data", args.data, "--pool", args.pool]
    words += [
        "--out",
        out,
        "--configuration",
        trial.configuration,
        "--seed",
        trial.seed,
        "--init",
        trial.init,
    ]
    words += ["--without", ",".join(GROUPS.get(trial.without, [])), "--size", SIZE, "--draws", DRAWS]
    words += ["--epochs", args.epochs, "--threads", 1, "--photos", trial.photos]
    with (args.out / f"{trial.name}.log").open("w") as log:
        subprocess.run(list(map(str, words)), check=True, stdout=log, stderr=subprocess.STDOUT)
    return figures(out, args.pool, trial.configuration, trial.without)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing."""
    parser = argparse.ArgumentParser(prog="python -m core.training.compare", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pool", type=Path, required=True, help="pool of the frozen benchmark")
    parser.add_argument("--out", type=Path, required=True, help="folder for networks and trials.json")
    parser.add_argument("--epochs", type=int, default=10, help=f"of {DRAWS} pictures at {SIZE} px")
    parser.add_argument("--init", default="weights/imageqx.onnx", help="of the trial on initialisation")
    parser.add_argument("--segmenter", type=Path, help="ONNX file; finds the skin in the pool once")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", help="rows to run, separated by semicolons")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    kept = args.out / "trials.json"
    done: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    wanted = [trial for trial in trials(args.init) if trial.name not in done]
    if args.only:
        wanted = [trial for trial in wanted if trial.row in args.only.split(";")]
    if args.segmenter and not (args.pool / "skin.npy").is_file():
        images = np.load(args.pool / "images.npy", mmap_mode="r")
        parts = [skin_maps(images[i : i + 512], args.segmenter) for i in range(0, len(images), 512)]
        np.save(args.pool / "skin.npy", np.concatenate(parts))
    if not (args.pool / "skin.npy").is_file():
        wanted = [trial for trial in wanted if not CONFIGURATIONS[trial.configuration].segmented]
    samples = int((load_labels(args.pool)["split"] == "train").sum())
    protocol = f"{args.epochs} epochs of {DRAWS} pictures from {samples} samples, {SIZE} px, one thread"
    lock = Lock()

    def work(trial: Trial) -> None:
        found = _train(trial, args)
        with lock:
            done[trial.name] = {"trial": vars(trial), "figures": found}
            kept.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
            RESULTS.write_text(json.dumps(summary(done, protocol), indent=1) + "\n", encoding="utf-8")
            print(trial.name, found["left_out"], flush=True)

    with ThreadPoolExecutor(args.workers) as crew:
        for task in [crew.submit(work, trial) for trial in wanted]:
            task.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
