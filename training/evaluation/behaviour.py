"""Which prompt a person gets, fault by fault: eleven plain faults put on a hundred good photographs.

``python -m core evaluate behaviour --data DIR --out DIR`` shows the share of faulty photographs that get the
right prompt first, and the share reported as working, on the still and live, with the
network alone and with the second opinion (``core.quality.second_opinion``). The photographs and the boxes of
their lesions stand in ``behaviour.json``; ``training.evaluation.fit_opinion`` learns from none of them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from core.guidance.hint import condition
from core.guidance.preset import Preset
from core.guidance.refine import refined
from core.i18n import _
from core.live.stream_session import Frame, StreamSession
from core.quality.image_stats import image_stats
from core.quality.imageqx import ImageQX
from core.quality.verdict import PassRule, Verdict
from core.reports.tables import Figure, Table
from core.runtime.preprocess import network_square, shrink
from core.synthetic.degrade import Scene
from training.data.imageqx_data import place_on, scene_from_row
from training.data.sources import Box, DataError, Row, at_most, read_rgb
from training.evaluation.faults import FAULTS, RIGHT
from training.evaluation.metrics import proportion
from training.evaluation.predictions import Progress, quiet
from training.evaluation.tables import markdown

_FILE: Final = Path(__file__).with_name("behaviour.json")
FAR: Final = 0.06
"""Extent of the lesion over the short side of the frame in the fault ``far``."""
LADDER: Final = (*FAULTS, "far", "empty")
BY: Final = ("network_alone", "with_second_opinion")
"""Who judges a still: the network alone, or with the second opinion."""
WAYS: Final = ("still/network_alone", "still/with_second_opinion", "live/with_second_opinion")
_LONG_SIDE: Final = 640
# Bodies seen whole or in part, sharp and well lit, on which a lesion may lie far away.
_GROUNDS: Final = (
    "feet-a4",
    "hgr1",
    "jacbo-fists",
    "kevin-feet",
    "yogan-legs",
    "yakimov-fingers",
    "lkawka-nails",
)
_FRAMES: Final = 3
_FRAMES_A_SECOND: Final = 10
_SECONDS: Final = 4.0


@dataclass(frozen=True)
class GoodPhoto:
    """A good photograph of the ladder: its row of the manifest and the box of its lesion in pixels."""

    row: Row
    box: Box


@cache
def _listed() -> Mapping[str, Mapping[str, Sequence[float]]]:
    return json.loads(_FILE.read_text(encoding="utf-8"))["sources"]


def ladder_paths() -> frozenset[str]:
    """The photographs of the ladder, by path: nothing may be fitted on them."""
    return frozenset(path for photos in _listed().values() for path in photos)


def good_photographs(rows: Sequence[Row]) -> list[GoodPhoto]:
    """The photographs of the ladder that the data folder has.

    Raises:
        DataError: it has none of them.
    """
    boxes = {path: box for photos in _listed().values() for path, box in photos.items()}
    found = [GoodPhoto(row, _box(boxes[row.path])) for row in rows if row.path in boxes]
    if not found:
        message = _("The data folder has none of the photographs that {file} names.")
        raise DataError(message.format(file=_FILE.name))
    return found


def _box(box: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (float(value) for value in box)
    return x0, y0, x1, y1


def far(
    rgb: np.ndarray, box: Box, grounds: Sequence[Row], rng: np.random.Generator, extent: float = FAR
) -> np.ndarray:
    """The lesion seen from far away: laid on another body, ``extent`` of the frame's short side long.

    Args:
        rgb: uint8 RGB, H x W x 3, with the lesion's box in its pixels.
        grounds: photographs of healthy skin to lay it on.
    """
    lesion = Scene(rgb, None, box, None, float(min(rgb.shape[:2])))
    for _try in range(50):
        ground = scene_from_row(grounds[int(rng.integers(len(grounds)))])
        laid = place_on(lesion, ground, extent, rng)
        if laid is not None:
            return laid.rgb
    raise DataError(_("No healthy skin in the data folder has room for a lesion."))


def backgrounds_of(rows: Sequence[Row]) -> list[Row]:
    """The photographs of healthy skin that lesions may be laid on."""
    return [row for row in rows if row.group == "healthy_skin" and row.slug in _GROUNDS]


def scenes_of(rows: Sequence[Row]) -> list[Row]:
    """The scenes without skin."""
    return [row for row in rows if row.group == "no_skin"]


def rungs(
    photographs: Sequence[GoodPhoto], rows: Sequence[Row], seed: int = 1
) -> Iterator[tuple[GoodPhoto, str, np.ndarray]]:
    """Every photograph as it is (``"none"``) and with each fault: photograph, fault, picture."""
    grounds, scenes = backgrounds_of(rows), scenes_of(rows)
    if not grounds or not scenes:
        raise DataError(_("The ladder needs photographs of healthy skin and scenes without skin."))
    for number, good in enumerate(photographs):
        rgb = read_rgb(good.row)
        yield good, "none", rgb
        for place, (name, fault) in enumerate(FAULTS.items()):
            yield good, name, fault(rgb, good.box, np.random.default_rng([seed, number, place]), 1.0)
        rng = np.random.default_rng([seed, number, len(FAULTS)])
        yield good, "far", far(rgb, good.box, grounds, rng)
        yield good, "empty", read_rgb(scenes[int(rng.integers(len(scenes)))])


def still_prompts(assessor: ImageQX, rgb: np.ndarray, preset: Preset, rule: PassRule) -> dict[str, str]:
    """The condition that a person is shown for a photo, ``"ready"`` when it passes, by each of ``BY``."""
    small = shrink(rgb, _LONG_SIDE)
    weighed = assessor.weigh(small, rule, width=rgb.shape[1], height=rgb.shape[0])
    seen = image_stats(network_square(small))
    told = {}
    for name, verdict in zip(BY, (weighed.alone, weighed.verdict), strict=True):
        key = condition(verdict, preset, rule.healthy_skin_passes)
        told[name] = "ready" if key is None else refined(key, preset, seen, verdict.where, "environment")
    return told


class _Replayed:
    """Gives the same few verdicts again and again, as of a camera that is held in place."""

    name = "replayed"

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self._verdicts, self._asked = verdicts, 0

    def assess(self, rgb: np.ndarray, rule: PassRule) -> Verdict:
        self._asked += 1
        return self._verdicts[self._asked % len(self._verdicts)]


def live_prompt(
    assessor: ImageQX, rgb: np.ndarray, preset: Preset, rule: PassRule, rng: np.random.Generator
) -> tuple[str, bool]:
    """What the live guide shows after four seconds of a camera held in place, and whether it was ever ready.

    The frames are the picture at video size, compressed, with the noise of a camera.
    """
    frames = [video_frame(rgb, rng) for _turn in range(_FRAMES)]
    verdicts = [assessor.assess(frame, rule) for frame in frames]
    now = [0.0]
    replayed = _Replayed(verdicts)
    stream_session = StreamSession(replayed, rule, preset, lambda: now[0], facing="environment")
    ever = False
    for number in range(round(_SECONDS * _FRAMES_A_SECOND)):
        now[0] = number / _FRAMES_A_SECOND
        # The verdicts' own frames, in step, so that what is measured in them fits.
        status = stream_session.process_frame(Frame(frames[(number + 1) % _FRAMES], now[0]))
        ever = ever or status.ready
    key = stream_session.status().key
    return ("ready" if key == "counting" else key), ever


def video_frame(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture as a frame of a video: at its size, with the noise of a camera, compressed."""
    scale = _LONG_SIDE / max(rgb.shape[:2])
    size = (max(8, round(rgb.shape[1] * scale)), max(8, round(rgb.shape[0] * scale)))
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    frame = cv2.resize(rgb, size, interpolation=kernel).astype(np.float32)
    noisy = np.clip(frame + rng.normal(0, 1.5, frame.shape), 0, 255).astype(np.uint8)
    done, data = cv2.imencode(".jpg", noisy[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].copy()


def behaviour(
    assessor: ImageQX,
    rows: Sequence[Row],
    preset: Preset,
    limit: int | None = None,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """The report: for each fault what the photographs were told, still and live, by both rules.

    Args:
        assessor: with a second opinion, or without: then both columns are equal.
        limit: at most this many photographs a source.
    """
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    photographs = at_most(good_photographs(rows), lambda good: good.row.slug, limit)
    told: dict[str, list[dict[str, str]]] = {name: [] for name in ("none", *LADDER)}
    total = len(photographs) * (1 + len(LADDER))
    for number, (good, fault, rgb) in enumerate(rungs(photographs, rows)):
        entry = {"source": good.row.slug, "path": good.row.path}
        entry |= {f"still/{by}": key for by, key in still_prompts(assessor, rgb, preset, rule).items()}
        live, ever = live_prompt(assessor, rgb, preset, rule, np.random.default_rng([2, number]))
        entry["live/with_second_opinion"] = live
        entry["live/ever_ready"] = "ready" if ever else ""
        told[fault].append(entry)
        progress("ladder", number + 1, total)
    return {
        "task": "behaviour",
        "photographs": dict(Counter(good.row.slug for good in photographs)),
        "preset": preset.name,
        "faults": {
            fault: {way: _shares(told[fault], way, RIGHT[fault]) for way in WAYS}
            | {"ever_ready_live": _share([entry["live/ever_ready"] == "ready" for entry in told[fault]])}
            for fault in LADDER
        },
        "good": {way: _share([entry[way] == "ready" for entry in told["none"]]) for way in WAYS},
        "told": told,
    }


def _shares(entries: Sequence[Mapping[str, str]], way: str, right: frozenset[str]) -> dict[str, Any]:
    keys = [entry[way] for entry in entries]
    return {
        "right_first": _share([key in right for key in keys]),
        "told_that_it_works": _share([key == "ready" for key in keys]),
        "keys": dict(Counter(keys).most_common()),
    }


def _share(hits: Sequence[bool]) -> dict[str, Any]:
    return proportion(sum(hits), len(hits))


def behaviour_markdown(report: Mapping[str, Any]) -> str:
    """The report as tables in Markdown."""
    sources = ", ".join(f"{slug} {n}" for slug, n in sorted(report["photographs"].items()))
    how = (
        f"Good photographs at full size ({sources}), each with one plain fault put on it; preset "
        f"{report['preset']}. Shares with 95 % Wilson intervals. Nothing was fitted on these photographs, "
        "but the faults are drawn: they cannot show how often real photographs have them."
    )
    rows = []
    for fault, found in report["faults"].items():
        shares = [_figure(found[way][key]) for key in ("right_first", "told_that_it_works") for way in WAYS]
        rows.append((fault, found[WAYS[0]]["right_first"]["n"], *shares))
    ways = ("network alone", "with second opinion", "live")
    head = ["fault", "n"]
    for told in ("right prompt first", "told that it works"):
        head += [f"{told}, {ways[0]}", *ways[1:]]
    good = ("as they are", *(_figure(report["good"][way]) for way in WAYS))
    told = [
        f"- {fault}: {', '.join(f'{key} {n}' for key, n in found[WAYS[1]]['keys'].items())}"
        for fault, found in report["faults"].items()
    ]
    return markdown(
        [
            "# What a person is told, fault by fault",
            how,
            Table("", tuple(head), tuple(rows)),
            Table("", ("good photographs that pass", *ways), (good,)),
            "What they were told with the second opinion:",
            "\n".join(told),
            "Photographs as they are, at most 60 a collection (the opinion was fitted on part of them):",
            Table("", ("photographs", "n", *ways[:2]), _as_they_are(report["as_they_are"])),
        ]
    )


def _as_they_are(found: Sequence[Mapping[str, Any]]) -> tuple[tuple[Any, ...], ...]:
    return tuple((row["case"], row["n"], *(_figure(row[by]) for by in BY)) for row in found)


def _figure(share: Mapping[str, Any]) -> Figure:
    return Figure(share["share"], share["interval"])
