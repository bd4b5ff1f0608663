"""Writes core/browser/vectors.json: what the Python side does, for the JavaScript side to do as well.

``python -m scripts.on_device_vectors`` after a change to the guidance, the pass rule, the squares or the
closed form. The scripts of what happens are made here from a fixed seed; the answers are the Python modules'
own.
"""

import json
import logging
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.browser import settings
from core.browser.card import centres_json, packed
from core.explain.closed_form import ImageQXHead, grad_cam
from core.guidance.best_frame import BestFrame
from core.guidance.conditions import PICTURE_KEYS, REFINED
from core.guidance.controller import GuidanceController
from core.guidance.hint import condition
from core.guidance.outline import SHAPES, STATES, outline
from core.guidance.points import Point, points
from core.guidance.preset import Preset, load_preset
from core.guidance.refine import Facing, refined
from core.lesion.abstain import Centres, reasons
from core.live.guide import Stroke, strokes
from core.live.stream_session import Frame, StreamSession
from core.quality import second_opinion
from core.quality.image_stats import ImageStats, image_stats, moved
from core.quality.labels import CONDITIONS, EXPLANATIONS, FRAMINGS, QUALITY_CLASSES
from core.quality.localization import LesionLocation, find
from core.quality.verdict import PassRule, Verdict, chance_good, judge
from core.runtime.manifest import Abstention
from core.runtime.preprocess import detail_square, network_square
from core.runtime.probability import softmax
from core.study.events import EventLog

FILE: Final = Path(__file__).resolve().parent.parent / "core" / "browser" / "vectors.json"
PRESETS: Final = ("balanced", "lenient", "strict", "quiet", "coach")
FACING: Final[dict[str, Facing]] = {"balanced": "environment", "coach": "user"}
# Width and height: camera sizes, whole and half divisors, strips, and pictures that must be enlarged.
SIZES: Final = (
    (1280, 720), (720, 1280), (640, 480), (960, 1280), (448, 448), (896, 448), (672, 672), (1000, 900),
    (320, 240), (224, 224), (160, 120), (700, 30), (33, 900), (5, 3), (1, 1),
)  # fmt: skip
_SEED: Final = 8


class Clock:
    """A clock that is set, not wound."""

    now = 100.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def picture(width: int, height: int) -> np.ndarray:
    """A made-up picture that both sides can make: uint8, height x width x 3."""
    places = np.arange(width * height * 3, dtype=np.int64)
    smooth = (places // 3 % width) * 255 // width
    return ((places * 7919 % 251 + smooth) // 2).astype(np.uint8).reshape(height, width, 3)


def squares() -> list[dict[str, Any]]:
    """CRC-32 of the network's squares of made-up pictures."""
    return [
        {
            "width": width,
            "height": height,
            "square": zlib.crc32(network_square(rgb).tobytes()),
            "detail": zlib.crc32(detail_square(rgb).tobytes()),
        }
        for (width, height), rgb in ((size, picture(*size)) for size in SIZES)
    ]


def heats(rng: np.random.Generator) -> dict[str, Any]:
    """Grad-CAM of a small head: every target on three feature maps, one of which is flat."""
    channels, hidden = 12, 4
    shapes = {
        "explain_hidden.weight": (hidden, channels),
        "explain_out.weight": (5, hidden),
        "quality_hidden.weight": (hidden, channels),
        "quality_out.weight": (4, hidden + 5),
    }
    head = ImageQXHead({name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()})
    cases = []
    for flat in (False, False, True):
        values = rng.normal(size=(channels, 7, 7)).astype(np.float32) * (not flat)
        logits = rng.normal(size=5).astype(np.float32) * 3
        slopes = np.concatenate(head.slopes(logits))
        maps = {
            name: [round(float(heat), 6) for heat in grad_cam(values, slope).ravel()]
            for name, slope in zip((*QUALITY_CLASSES, *EXPLANATIONS), slopes, strict=True)
        }
        cases.append({"values": packed(values), "logits": logits.tolist(), "maps": maps})
    parts = {"explain": head.explain, "direct": head.direct, "through": head.through}
    return {
        "head": {"channels": channels} | {name: packed(part) for name, part in parts.items()},
        "cases": cases,
    }


def lesions(rng: np.random.Generator) -> dict[str, Any]:
    """Predictions and heat maps of a small lesion classifier, with every way to abstain and none."""
    labels, channels = list("abcde"), 6
    head = rng.normal(size=(len(labels), channels)).astype(np.float32)
    centres = Centres(
        rng.normal(size=(7, channels)).astype(np.float32),
        rng.normal(size=7).astype(np.float32),
        np.arange(7) < 4,
    )
    offsets = np.round(rng.normal(size=len(labels)), 3)
    cases = []
    for score, low in (("contrast", 0.5), ("energy", 0.5), ("contrast", 0.2), (None, 0.0)):
        for _picture in range(4):
            values = rng.normal(size=(channels, 3, 3)).astype(np.float32)
            logits = (2 * rng.normal(size=len(labels))).astype(np.float32)
            chances = softmax(logits / 0.8 + offsets)
            given = {"score": score, "unfamiliar": 1.0, "low_confidence": low} if score else None
            reason = ""
            if given:
                rule = Abstention.model_construct(**given)
                pooled = values.mean(axis=(1, 2))[None]
                reason = str(reasons(np.array([chances.max()]), logits[None], pooled, rule, centres)[0])
            order = np.argsort(-chances, kind="stable")
            cases.append(
                {
                    "abstention": given,
                    "values": packed(values),
                    "logits": logits.tolist(),
                    "labels": [labels[i] for i in order],
                    "probabilities": [round(float(chances[i]), 9) for i in order],
                    "reason": reason,
                    "map": [round(float(heat), 6) for heat in grad_cam(values, head[order[0]]).ravel()],
                }
            )
    card = {
        "labels": labels,
        "temperature": 0.8,
        "class_offsets": offsets.tolist(),
        "channels": channels,
        "head": packed(head),
        "centres": centres_json(centres),
    }
    return {"card": card, "cases": cases}


def places(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Maps of places, and where the lesion is found in them."""
    maps = [rng.random((7, 7)) ** power for power in (1, 3, 3, 6, 6, 12, 12)]
    maps += [np.zeros((7, 7)), np.full((7, 7), 0.3), np.eye(7)]
    return [
        {"places": (shown := np.round(one, 4)).ravel().tolist(), "where": where_json(find(shown))}
        for one in maps
    ]


def where_json(where: LesionLocation | None) -> dict[str, float] | None:
    """A place as the browser has it."""
    return None if where is None else {"x": where.x, "y": where.y, "size": where.size}


def skin_square(
    red: int, green: int, blue: int, across: int, down: int, left: int, right: int, top: int, bottom: int,
    shine: int,
) -> np.ndarray:  # fmt: skip
    """A made-up picture of skin on grey that both sides can make: uint8, 224 x 224 x 3.

    Args:
        red, green, blue: the skin's colour.
        across, down: how much the light changes over it.
        left, right, top, bottom: where the skin is.
        shine: radius of a white disc in its middle.
    """
    y, x = np.mgrid[:224, :224].astype(np.int64)
    light = np.maximum(8, 256 + (((x - 112) * across + (y - 112) * down) >> 4))
    grain = (x * 7919 + y * 104729) % 7
    rgb = np.stack([np.minimum(255, ((part * light) >> 8) + grain) for part in (red, green, blue)], axis=-1)
    rgb[(x < left) | (x >= right) | (y < top) | (y >= bottom)] = (80, 90, 100)
    middle = ((left + right) // 2, (top + bottom) // 2)
    rgb[(x - middle[0]) ** 2 + (y - middle[1]) ** 2 < shine * shine] = 255
    return rgb.astype(np.uint8)


def stats_cases(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Made-up skin: its image statistics, and how much moved since the picture before."""
    plans = [
        (200, 150, 120, 0, 0, 0, 224, 0, 224, 0), (200, 150, 120, 30, 0, 0, 224, 0, 224, 0),
        (200, 150, 120, 0, 0, 16, 120, 40, 200, 18), (60, 42, 33, 0, 0, 0, 224, 0, 224, 0),
        (255, 246, 240, 0, 0, 0, 224, 0, 224, 0), (90, 60, 45, 10, -25, 100, 224, 0, 224, 0),
        (200, 150, 120, 0, 0, 0, 30, 0, 30, 0), (20, 90, 30, 3, 0, 0, 224, 0, 224, 0),
    ]  # fmt: skip
    for _turn in range(12):
        left, top = (int(value) for value in rng.integers(0, 150, 2))
        colour = [int(value) for value in rng.integers((60, 40, 30), (230, 160, 130))]
        light = [int(value) for value in rng.integers(-30, 30, 2)]
        plans.append(
            (*colour, *light, left, left + int(rng.integers(20, 224)), top, 224, int(rng.integers(0, 40)))
        )
    cases, before = [], None
    for plan in plans:
        seen = image_stats(skin_square(*plan))
        case = {"plan": plan, "stats": stats_json(seen)}
        case["stats"]["cells"] = int(seen.cells.ravel() @ np.arange(1, seen.cells.size + 1))
        case["moved"] = moved(before, seen) if before else None
        before = seen
        cases.append(case)
    return cases


def opinions(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Made-up pictures and answers: what a second opinion reads, what it finds, and the verdict revised."""
    cases = []
    for number in range(60):
        left, top, shine = (int(value) for value in rng.integers(0, (80, 80, 30)))
        plan = (
            *(int(v) for v in rng.integers((60, 40, 30), (230, 160, 130))),
            *(int(v) for v in rng.integers(-20, 20, 2)),
        )
        plan = (*plan, left, 224, top, 224, shine)
        square = skin_square(*plan)
        places_shown = np.round(rng.random((7, 7)) ** int(rng.choice([1, 3, 6])), 4)
        quality = dict(zip(QUALITY_CLASSES, rng.dirichlet(np.full(4, 0.6)).tolist(), strict=True))
        faults = {key: float(rng.uniform(0, 0.7)) for key in EXPLANATIONS}
        framing = dict(zip(FRAMINGS, rng.dirichlet(np.full(len(FRAMINGS), 0.6)).tolist(), strict=True))
        given = second_opinion.features(
            quality, faults, image_stats(square), square, square, places_shown, framing
        )
        # Weights that bring about every branch: from nearly sure to quite undecided. Some conditions have two
        # kinds.
        kinds = (*CONDITIONS, *CONDITIONS[number % 3 :: 3])
        weights = np.round(rng.normal(0, 0.3, (len(kinds), len(second_opinion.FEATURES))), 4)
        middle = weights @ given
        bias = np.round(rng.normal(0, float(rng.choice([0.5, 4])), len(kinds)) - middle, 4)
        found = second_opinion.chances(given, weights, bias, kinds)
        thresholds = {key: round(float(rng.uniform(0.2, 0.8)), 3) for key in EXPLANATIONS}
        if number % 6 == 0:
            thresholds[EXPLANATIONS[number // 6 % 5]] = 1.0
        rule = PassRule(thresholds, number % 4 == 0, second_opinion=True)
        least = round(float(rng.uniform(0.1, 0.6)), 3)
        truncated_from = round(float(rng.uniform(0.2, 0.8)), 3)
        truncated = second_opinion.is_truncated(framing, truncated_from)
        verdict = second_opinion.revised(judged(quality, faults, rule), rule, found, least, truncated)
        cases.append(
            {
                "plan": plan,
                "places": places_shown.ravel().tolist(),
                "framing": framing,
                "quality": quality,
                "explanations": faults,
                "opinion": {
                    "features": second_opinion.FEATURES,
                    "conditions": kinds,
                    "weights": weights.tolist(),
                    "bias": bias.tolist(),
                    "truncated_from": truncated_from,
                },
                "least_good": least,
                "rule": settings.rule_json(rule),
                "features": given.tolist(),
                "chances": found,
                "truncated": truncated,
                "label": verdict.label,
                "flagged": list(verdict.flagged),
                "passes": verdict.passes,
                "nearest": verdict.nearest,
            }
        )
    return cases


def stats_json(seen: ImageStats) -> dict[str, Any]:
    """A stats as the browser has it."""
    fields = {name: getattr(seen, name) for name in ("skin", "x", "y", "luma", "blown", "shading")}
    return fields | {"hasSkin": seen.has_skin, "cells": seen.cells.ravel().tolist()}


def refinements(rng: np.random.Generator, presets: dict[str, Preset]) -> list[dict[str, Any]]:
    """Coarse conditions, what was measured, and what is said in their place."""
    cases = []
    for number in range(160):
        skin, luma, x, y = (round(float(value), 3) for value in rng.uniform((0, 0, -1, -1), 1))
        blown = round(float(rng.uniform(0, 0.01)), 4) * int(rng.integers(0, 2))
        cell = 60 if number % 6 == 0 else 180
        seen = ImageStats(
            skin, x, y, luma, blown, round(float(rng.uniform(1, 6)), 3), np.full((28, 28), cell)
        )
        where = LesionLocation(*(round(float(value), 3) for value in rng.uniform((-1, -1, 0), 1)))
        name = PRESETS[number % len(PRESETS)] if number % 4 == 0 else "balanced"
        key = str(rng.choice(["bad_light", "bad_light", "bad_framing", "bad_framing", "blurry"]))
        given = (seen if number % 5 else None, where if number % 3 else None)
        facing = (None, "user", "environment")[number % 7 % 3]
        shown_key = refined(key, presets[name], *given, facing)
        fields = None if given[0] is None else stats_json(seen) | {"cells": [cell]}
        cases.append(
            {"preset": name, "key": key, "stats": fields, "where": where_json(given[1])}
            | {"facing": facing, "said": shown_key}
        )
    return cases


def best_frames(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Frames offered and asked for: what is handed out, how many are held, and which were let go."""
    scripts = []
    for most in (1, 2, 4):
        now, gone, steps = 0.0, [], []
        best: BestFrame[int] = BestFrame(1.0, most, gone.append)
        for number in range(80):
            now = round(now + float(rng.choice([0.05, 0.12, 0.12, 0.4, 1.1])), 3)
            deed = str(rng.choice(["offer", "offer", "offer", "offer", "best", "take"]))
            score = round(float(rng.random()), 2)
            if deed == "offer":
                best.offer(number, score, now)
                given = None
            else:
                given = getattr(best, deed)(now)
            steps.append([now, deed, number, score, [given, len(best), list(gone)]])
            gone.clear()
        scripts.append({"most": most, "steps": steps})
    return scripts


def guides(rng: np.random.Generator, start: Preset) -> dict[str, Any]:
    """Every shape in every state and in colours of every lightness, and the lines that are drawn."""
    keys = ("ready", "searching", "bad_framing", "counting", "move_left", "too_close", "blurry")
    colours = ("#ffffff", "#8cebbe", "#000000", "#c08050", "#7F7F7F", "#ffd400")
    cases = []
    for number in range(36):
        overlay = start.overlay.model_copy(
            update={
                "ring": number % 9 != 8,
                "shape": SHAPES[number % len(SHAPES)],
                "size": round(float(rng.uniform(0.1, 0.48)), 3),
                "colour": colours[number // 2 % len(colours)],
                "colour_ready": colours[number % len(colours)],
                "thickness": round(float(rng.uniform(0.5, 3)), 2),
                "arrow": number % 5 != 4,
            }
        )
        key, size = keys[number % len(keys)], SIZES[number % len(SIZES)]
        where = LesionLocation(*np.round(rng.uniform((-1, -1, 0), 1), 3).tolist()) if number % 4 else None
        progress = round(float(rng.random()), 3) if number % 2 else 0.0
        drawn = strokes(key, *size, where, overlay, progress)
        cases.append(
            {"key": key, "size": size, "where": where_json(where), "progress": progress}
            | {"overlay": overlay.model_dump(), "colours": settings.guide_json(overlay)["colours"]}
            | {"strokes": [stroke_json(stroke) for stroke in drawn]}
        )
    outlines = {shape: {state: outline(shape, state) for state in STATES} for shape in SHAPES}
    return {"outlines": outlines, "cases": cases}


def stroke_json(stroke: Stroke) -> list[Any]:
    """A line in short: its points are summed, each by its place."""
    sums = (np.arange(1, len(stroke.points) + 1) @ np.array(stroke.points)).tolist()
    return [len(stroke.points), stroke.width, stroke.colour, sums]


def verdicts(rng: np.random.Generator, presets: dict[str, Preset]) -> list[dict[str, Any]]:
    """Probabilities under a rule: the verdict, and what a preset says of it."""
    cases = []
    for number in range(90):
        name = PRESETS[number % len(PRESETS)]
        offsets = {} if number % 2 else {"lesion": 0.557, "poor_quality": -0.19}
        thresholds = {key: round(float(rng.uniform(0.1, 0.9)), 3) for key in EXPLANATIONS}
        if number % 8 == 0:
            thresholds["too_far_away"] = 1
        rule = PassRule(
            thresholds,
            number % 5 == 0,
            offsets,
            spot_at_least=0.2 if number % 4 == 0 else 0.0,
            spot_at_most=0.45 if number % 4 == 1 else 1.0,
        )
        where = None if number % 10 == 9 else LesionLocation(0.1, -0.2, round(number % 8 / 7, 3))
        shares = rng.dirichlet(np.full(4, 0.6))
        # Every third without a fault, so that some pass.
        most = 0.09 if number % 3 == 0 else 1.0
        quality = dict(zip(QUALITY_CLASSES, shares.tolist(), strict=True))
        faults = {key: float(rng.uniform(0, most)) for key in EXPLANATIONS}
        if number % 9 == 0:  # of those without another fault
            faults[EXPLANATIONS[number // 9 % 5]] = 0.95
        if number % 7 == 0:
            faults["blurry"] = rule.thresholds["blurry"]
        found = judged(quality, faults, rule, where)
        shown_key = condition(found, presets[name], rule.healthy_skin_passes)
        cases.append(
            {
                "quality": quality,
                "explanations": faults,
                "where": where_json(where),
                "rule": settings.rule_json(rule),
                "preset": name,
                "label": found.label,
                "shifted": dict(found.quality),
                "flagged": list(found.flagged),
                "passes": found.passes,
                "nearest": found.nearest,
                "chance": chance_good(found, rule.healthy_skin_passes),
                "condition": shown_key,
                "points": [point_json(point) for point in points(found, rule.thresholds, shown_key)],
            }
        )
    return cases


def point_json(point: Point) -> dict[str, Any]:
    """A point as the browser has it."""
    return {
        "key": point.key,
        "state": point.state,
        "said": point.condition,
        "toImprove": point.to_improve,
        "measured": point.measured,
        "hasPlace": point.has_place,
    }


def judged(
    quality: dict[str, float], faults: dict[str, float], rule: PassRule, where: LesionLocation | None = None
) -> Verdict:
    """A verdict of a picture of 640 x 480 that took 2.5 ms."""
    return judge(
        assessor="imageqx",  # what browsers run
        width=640,
        height=480,
        quality=quality,
        explanations=faults,
        rule=rule,
        milliseconds=2.5,
        where=where,
    )


def conditions(rng: np.random.Generator, count: int) -> Iterator[tuple[float, str]]:
    """Steps in time and conditions, as of a person who puts one thing right after the other, and of noise."""
    left = count
    while left > 0:
        main = str(rng.choice([*PICTURE_KEYS, *REFINED, *["ready"] * 5, "searching"]))
        steadiness = rng.choice([1.0, 0.95, 0.8, 0.5])
        step = float(rng.choice([0.033, 0.12, 0.12, 0.4]))
        for _turn in range(min(left, int(rng.integers(4, 40)))):
            other = str(rng.choice([*PICTURE_KEYS, *REFINED, *["ready"] * 3]))
            pause = float(rng.choice([0, 0, 0, 0, 0, 0, 0, 0, 0, 1.3])) if rng.random() < 0.2 else 0.0
            yield (
                round(step * rng.uniform(0.7, 1.3) + pause, 3),
                main if rng.random() < steadiness else other,
            )
            left -= 1


def coached(rng: np.random.Generator, presets: dict[str, Preset]) -> list[dict[str, Any]]:
    """Scripts for the coach: after each step what is shown and how the gate stands."""
    scripts = []
    for name in PRESETS:
        clock = Clock()
        controller = GuidanceController(presets[name], clock)
        steps = []
        calm = [(0.12, "ready")] * 50  # long enough for a photo to take itself
        for step, key in (*conditions(rng, 220), *calm):
            clock.now = round(clock.now + step, 3)
            draw = rng.random() if len(steps) < 220 else 1.0
            deed = "lost" if draw < 0.02 else "refuse" if draw < 0.04 else "begin" if draw < 0.05 else "see"
            deed = "rest" if 0.05 < draw < 0.06 else deed
            stirred = draw > 0.07 and draw < 0.1
            shown = None
            if deed == "see":
                shown = controller.see(key, stirred).key
            elif deed == "rest":
                controller.countdown.rest()
            elif deed == "lost":
                shown = controller.lost().key
            elif deed == "refuse":
                controller.gate.refuse()
            else:
                controller.gate.begin()
            gate = controller.gate
            after = [shown, gate.open, gate.steady, gate.refused, gate.may_override]
            after += [controller.countdown.progress, controller.countdown.due, controller.help]
            steps.append([clock.now, deed, key, stirred, after])
        scripts.append({"preset": name, "steps": steps})
    return scripts


class _FixedAssessor:
    """An assessor that says what it is told, or breaks."""

    name = "vectors"
    says: str | None = None
    where: LesionLocation | None = None

    def rule(self, healthy_skin_passes: bool = False, point: str = "") -> PassRule:
        return PassRule(dict.fromkeys(EXPLANATIONS, 0.5), healthy_skin_passes)

    def assess(
        self, rgb: np.ndarray, rule: PassRule, *, width: int | None = None, height: int | None = None
    ) -> Verdict:
        if self.says is None:
            raise RuntimeError("told to break")
        return judged(*chances(self.says), rule, self.where)


def watched(rng: np.random.Generator, presets: dict[str, Preset]) -> list[dict[str, Any]]:
    """Scripts for the stream session: what happens, what is to be seen after each step, and all events."""
    return [_watched(rng, presets[name], name) for name in PRESETS]


def _watched(rng: np.random.Generator, preset: Preset, name: str) -> dict[str, Any]:
    clock, assessor = Clock(), _FixedAssessor()
    log = EventLog(clock)
    strict = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))
    practising = PassRule(strict.thresholds, True)
    stream_session = StreamSession(assessor, strict, preset, clock, log, facing=FACING.get(name))
    looks: dict[str, int] = {}
    rules = {"strict": settings.rule_json(strict), "practising": settings.rule_json(practising)}
    deeds: dict[str, Callable[[], object]] = {
        "lost": stream_session.lost,
        "end": stream_session.end_stream,
        "retake": stream_session.retake,
        "refuse": stream_session.refuse,
        "begin": stream_session.begin_attempt,
        "pressed": stream_session.pressed,
        "practising": lambda: setattr(stream_session, "rule", practising),
        "strict": lambda: setattr(stream_session, "rule", strict),
    }
    steps, stuck, size = [], 0, (480, 640)
    long = [(0.2, "blurry")] * 45  # so that help is offered
    for number, (step, key) in enumerate((*conditions(rng, 150), *long)):
        clock.now = round(clock.now + step, 3)
        if rng.random() < 0.05:
            deed = str(rng.choice(list(deeds)))
            deeds[deed]()
            steps.append([clock.now, deed, None, seen(stream_session)])
            continue
        stuck = stuck - 1 if stuck else 25 if rng.random() < 0.015 else 0
        size = (240, 320) if rng.random() < 0.01 else (480, 640) if rng.random() < 0.02 else size
        level = 2 if rng.random() < 0.05 else 120
        # One value a frame apart: the browser is given what it would have found in it.
        rgb = np.full((*size, 3), level, np.uint8)
        rgb[:, : int(rng.choice([0] * 7 + [60, 200])) * (not stuck)] //= 2
        rgb[0, 0] = (number * (not stuck)) % 256, number // 256, 1
        # A covered or stuck camera is found before Python asks and while the browser does: none breaks then.
        assessor.says = None if rng.random() < 0.03 and level > 2 and not stuck else key
        assessor.where = (
            None
            if rng.random() < 0.3
            else LesionLocation(*np.round(rng.uniform((-0.4, -0.4, 0), (0.4, 0.4, 1)), 3).tolist())
        )
        stream_session.process_frame(Frame(rgb, clock.now))
        look = json.dumps(stats_json(image_stats(network_square(rgb))))
        frame = {
            "says": assessor.says,
            "where": where_json(assessor.where),
            "width": size[1],
            "height": size[0],
            "luma": float(rgb[::8, ::8].mean(axis=(0, 1)) @ [0.299, 0.587, 0.114]) / 255,
            "print": zlib.crc32(rgb[::4, ::4].tobytes()),
            "stats": looks.setdefault(look, len(looks)),
        }
        steps.append([clock.now, "look", frame, seen(stream_session)])
    events = [[event.event, event.attempt, dict(event.properties)] for event in log.events]
    stats_cases = [json.loads(look) for look in looks]
    script = {"preset": name, "facing": FACING.get(name), "rules": rules, "stats_cases": stats_cases}
    return script | {"steps": steps, "events": events}


def chances(key: str) -> tuple[dict[str, float], dict[str, float]]:
    """Probabilities of the classes and the explanations that lead to a condition."""
    label = key if key in QUALITY_CLASSES else "lesion"
    quality = {name: 0.91 if name == label else 0.03 for name in QUALITY_CLASSES}
    return quality, {name: 0.9 if name == key else 0.1 for name in EXPLANATIONS}


def seen(stream_session: StreamSession) -> list[Any]:
    """A stream status, flat."""
    status = stream_session.status()
    return [
        status.key,
        status.ready,
        status.verdict and status.verdict.label,
        status.frames,
        status.refused,
        status.may_override,
        status.broken,
        where_json(status.where),
        status.progress,
        status.due,
        status.help,
    ]


def made() -> dict[str, Any]:
    """All vectors, as JSON will hold them."""
    rng = np.random.default_rng(_SEED)
    presets = {name: load_preset(name) for name in PRESETS}
    logging.getLogger("core.live.stream_session").disabled = True  # assessors break here on purpose
    vectors = {
        "presets": {name: settings.preset_json(preset) for name, preset in presets.items()},
        "squares": squares(),
        "heats": heats(rng),
        "lesions": lesions(np.random.default_rng(_SEED + 2)),
        "places": places(rng),
        "stats_cases": stats_cases(rng),
        "opinions": opinions(np.random.default_rng(_SEED + 1)),
        "refinements": refinements(rng, presets),
        "best_frames": best_frames(rng),
        "guides": guides(np.random.default_rng(_SEED), presets["balanced"]),
        "verdicts": verdicts(rng, presets),
        "coached": coached(rng, presets),
        "watched": watched(rng, presets),
    }
    return json.loads(json.dumps(vectors))


def main() -> int:
    """Write the file and print its path."""
    FILE.write_text(json.dumps(made(), separators=(",", ":")) + "\n", encoding="utf-8")
    print(FILE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
