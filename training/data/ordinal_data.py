"""What the ordinal assessor learns from: five parts of each sample, and how many of four raters call it good.

The samples are those of ImageQX (``imageqx_data.sample``: the same seed, split and number draw the same
photograph, faults and votes), but cut into five parts from the working size of 640 px: a pool rendered for
ImageQX holds squares of 224 px, in which half a picture would be enlarged and its sharpness gone.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from core.i18n import _
from core.quality.labels import QUALITY_CLASSES
from core.quality.regions import REGIONS, regions
from training.data.imageqx_data import RenderTask, material_of, rated_rows, rendered, sample
from training.data.panel import Panel
from training.data.sources import DataError, read_manifest, read_rgb
from training.data.splits import SPLITS

SIDE: Final = 224
RATERS: Final = 4
"""So many of the panel's raters give a photograph its label, as in the paper."""

_GOOD: Final = [QUALITY_CLASSES.index(name) for name in ("lesion", "healthy_skin")]
_PICTURES, _LABELS, _SUMMARY = "regions.npy", "labels.npz", "regions.json"
_CHUNK: Final = 50


def agreeing(quality_votes: np.ndarray, *seed: int) -> int:
    """How many of four raters, picked for each photograph anew, call it good: 0-4.

    A vote for ``lesion`` or ``healthy_skin`` calls it good; one for ``poor_quality`` or ``no_skin`` does not.
    The four are picked from all who voted without replacement, which is to draw from the hypergeometric
    distribution of the counts: who a rater is does not matter then.

    Args:
        quality_votes: int, 4: votes per quality class, at least four in all.
        seed: the same numbers pick the same raters: the pool's seed, and what names the photograph.

    Raises:
        ValueError: fewer than four raters voted.
    """
    votes = np.asarray(quality_votes, np.int64)
    if votes.sum() < RATERS:
        raise ValueError(f"each photograph needs the votes of {RATERS} raters")
    good = int(votes[_GOOD].sum())
    rng = np.random.default_rng([*seed, RATERS])
    return int(rng.hypergeometric(good, int(votes.sum()) - good, RATERS))


@dataclass(frozen=True, eq=False)
class RegionPool:
    """Samples of a split, cut into parts.

    Attributes:
        pictures: uint8, all samples of the pool x 5 x 224 x 224 x 3, mapped from disk.
        positions: int, N: the rows of this split in them.
        agreeing: int64, N, 0-4: raters of four who call the sample good.
        groups, slugs, keys: str, N: what it is of, its source, and what it is resampled with.
        quality_votes: int, N x 4: the whole panel's votes.
    """

    pictures: np.ndarray
    positions: np.ndarray
    agreeing: np.ndarray
    groups: np.ndarray
    slugs: np.ndarray
    keys: np.ndarray
    quality_votes: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def good(self) -> np.ndarray:
        """Bool, N: more than half of the four raters call it good."""
        return 2 * self.agreeing > RATERS


def open_regions(folder: Path | str, split: str) -> RegionPool:
    """One split of a rendered pool.

    Raises:
        DataError: the folder holds no finished pool of parts.
    """
    folder = Path(folder)
    try:
        with np.load(folder / _LABELS) as file:
            columns = {name: file[name] for name in file.files}
        pictures = np.load(folder / _PICTURES, mmap_mode="r")
        here = np.flatnonzero(columns["split"] == split)
        chosen = {name: columns[name][here] for name in ("agreeing", "quality_votes")}
        texts = {"groups": "group", "slugs": "slug", "keys": "split_key"}
        chosen |= {name: columns[column][here] for name, column in texts.items()}
    except (OSError, ValueError, KeyError) as error:
        message = _("There is no finished pool of parts of samples in {folder}.")
        raise DataError(message.format(folder=folder)) from error
    return RegionPool(pictures, here, **chosen)


def pool_seed(folder: Path | str) -> int:
    """The seed that a pool was rendered with.

    Raises:
        DataError: the folder holds no finished pool of parts.
    """
    try:
        return int(json.loads((Path(folder) / _SUMMARY).read_text(encoding="utf-8"))["seed"])
    except (OSError, ValueError, KeyError) as error:
        message = _("There is no finished pool of parts of samples in {folder}.")
        raise DataError(message.format(folder=folder)) from error


def _canvas(folder: Path, total: int, new: bool = False) -> np.ndarray:
    return np.lib.format.open_memmap(
        str(folder / _PICTURES),
        mode="w+" if new else "r+",
        shape=(total, len(REGIONS), SIDE, SIDE, 3),
        dtype=np.uint8,
    )


def _render(task: RenderTask) -> list[dict[str, Any]]:
    data_dir, out_dir, total, seed, jobs = task
    cv2.setNumThreads(1)
    rows, panel = read_manifest(data_dir), Panel(seed)
    material = {split: material_of(rows, split) for split in {split for _place, split, _number in jobs}}
    pictures = _canvas(Path(out_dir), total)
    done = []
    for position, split, number in jobs:
        made = sample(number, split, material[split], panel, seed)
        pictures[position] = regions(made.shot.rgb, SIDE)
        place = SPLITS.index(split)
        key = f"phantom/{place}/{number}" if made.phantom else made.split_key
        done.append(
            {
                "position": position,
                "split": split,
                "group": made.group,
                "slug": made.slug,
                "split_key": key,
                "quality_votes": made.quality_votes,
                "agreeing": agreeing(made.quality_votes, seed, place, number),
            }
        )
    return done


def build_regions(
    data_dir: Path | str, out_dir: Path | str, counts: Mapping[str, int], seed: int, workers: int = 1
) -> None:
    """Render a pool: ``regions.npy`` (uint8, N x 5 x 224 x 224 x 3), ``labels.npz`` and ``regions.json``.

    Photographs that at least four real raters voted on come on top, undegraded, with their own votes.

    Args:
        counts: how many samples of each split, by name.

    Raises:
        DataError: the manifest or a photograph cannot be used.
    """
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    rows = read_manifest(data_dir)
    drawn = [(split, number) for split, count in counts.items() for number in range(count)]
    jobs = [(position, split, number) for position, (split, number) in enumerate(drawn)]
    rated = [
        (row, split)
        for split in counts
        for row in rated_rows(rows, split)
        if sum((row.quality_votes or {}).values()) >= RATERS
    ]
    total = len(jobs) + len(rated)
    pictures = _canvas(out, total, new=True)
    done: list[dict[str, Any]] = []
    for position, (row, split) in enumerate(rated, start=len(jobs)):
        pictures[position] = regions(read_rgb(row), SIDE)
        votes = np.array([(row.quality_votes or {}).get(name, 0) for name in QUALITY_CLASSES])
        drawn_by = agreeing(votes, seed, zlib.crc32(row.path.encode()))
        entry = {"position": position, "split": split, "group": row.group, "slug": row.slug}
        done.append(entry | {"split_key": row.split_key, "quality_votes": votes, "agreeing": drawn_by})
    pictures.flush()
    del pictures
    size = _CHUNK if workers > 1 else max(1, len(jobs))
    tasks = [(str(data_dir), str(out), total, seed, jobs[i : i + size]) for i in range(0, len(jobs), size)]
    done = sorted([*done, *rendered(_render, tasks, workers)], key=lambda entry: entry["position"])
    columns = {name: np.array([entry[name] for entry in done]) for name in ("split", "group", "slug")}
    columns["split_key"] = np.array([entry["split_key"] for entry in done])
    columns["quality_votes"] = np.array([entry["quality_votes"] for entry in done], np.uint16)
    columns["agreeing"] = np.array([entry["agreeing"] for entry in done], np.int64)
    np.savez_compressed(out / _LABELS, **columns)
    summary = {"seed": seed, "counts": dict(counts), "rated": len(rated), "raters": RATERS}
    (out / _SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
