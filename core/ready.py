"""Is this copy of Retake able to judge a photo right now? For whatever watches over a server.

That a process answers says little: its networks may have been swapped, or what browsers fetch taken away.
Here everything is opened and a drawn picture is judged.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import Final

import numpy as np

from core.browser import publish
from core.browser.choice import VARIABLE as LIVE_VARIABLE
from core.browser.runtime import STATIC
from core.cli.faults import sentence_of
from core.i18n import _
from core.lesion.networks import names, open_lesion
from core.quality import registry
from core.quality.registry import AssessorEntry
from core.quality.setting import asked_for
from core.quality.verdict import Verdict
from core.runtime.manifest import (
    DEFAULT_POINT,
    MANIFEST_NAME,
    RESTORE,
    WEIGHTS_DIR,
    Manifest,
    WeightsError,
    load_manifest,
)
from core.runtime.weights import verify_all
from core.synthetic.phantoms import draw

KEPT_S: Final = 30.0
_LOG: Final = logging.getLogger(__name__)
_SIZE: Final = (480, 640)


@dataclass(frozen=True)
class Check:
    """One thing that was looked into.

    Attributes:
        name: a network's or an assessor's name, or one of ``"manifest"``, ``"browser"`` and ``"setting"``.
        problem: one translated sentence with what to do; empty where nothing is wrong.
    """

    name: str
    problem: str = ""


def problems(weights: Path = WEIGHTS_DIR, static: Path = STATIC) -> list[str]:
    """What keeps Retake from judging photos: one translated sentence each, with what to do; empty when ready.

    Args:
        weights: folder with ``manifest.json``.
        static: folder that Streamlit serves to browsers.
    """
    return [check.problem for check in checks(weights, static) if check.problem]


def checks(weights: Path = WEIGHTS_DIR, static: Path = STATIC) -> list[Check]:
    """Everything that judging photos needs, each with what is wrong with it.

    Opens every network of the manifest and lets it judge a drawn picture. What browsers fetch is published
    again if it was taken away; it is not looked at where ``RETAKE_LIVE`` is ``server``. Where a network
    fails, what comes after the networks is not looked into.

    Args:
        weights: folder with ``manifest.json``.
        static: folder that Streamlit serves to browsers.
    """
    try:
        found = _networks(weights)
    except Exception as error:  # the probe is to get a sentence whatever is broken
        return [Check("manifest", sentence_of(error))]
    if any(check.problem for check in found):
        return found
    try:
        return found + _files(weights, static)
    except Exception as error:
        return [*found, Check("setting", sentence_of(error))]


def _networks(weights: Path) -> list[Check]:
    manifest = load_manifest(weights / MANIFEST_NAME)
    checked = verify_all(manifest, weights).items()
    found = [Check(name, error.message) for name, error in checked if isinstance(error, WeightsError)]
    if found:
        return found
    needed = registry.ENTRIES[registry.DEFAULT].network
    if needed is not None and needed not in manifest.networks:
        return [Check(needed, _missing(weights / f"{needed}.onnx"))]
    tried: list[tuple[str, Callable[[], bool]]] = [
        (entry.name, partial(_judges, entry, manifest, weights))
        for entry in registry.ENTRIES.values()
        if entry.network in manifest.networks
    ]
    tried += [(name, partial(_recognises, name, manifest, weights)) for name in names(manifest)]
    return [Check(name, _judged_wrong(name, looks_right)) for name, looks_right in tried]


def _judged_wrong(name: str, looks_right: Callable[[], bool]) -> str:
    try:
        return "" if looks_right() else _wrong_answer(name)
    except WeightsError as error:
        return error.message
    except Exception:  # a network that cannot be run raises nearly anything
        _LOG.exception("The network %s cannot judge a drawn picture", name)
        return _wrong_answer(name)


def _files(weights: Path, static: Path) -> list[Check]:
    asked, manifest = registry.ENTRIES[asked_for()], load_manifest(weights / MANIFEST_NAME)
    if asked.network is not None and asked.network not in manifest.networks:
        return [Check(asked.network, _missing(weights / f"{asked.network}.onnx"))]
    found = []
    if asked.network is None:
        found.append(Check(asked.name, _judged_wrong(asked.name, partial(_judges, asked, manifest, weights))))
        if found[0].problem:
            return found
    if os.environ.get(LIVE_VARIABLE) == "server":
        return found
    there = publish.published("imageqx", static, weights) is not None
    lacking = _("What browsers need to check pictures is not here: python -m core.browser.runtime")
    return [*found, Check("browser", "" if there else lacking)]


@dataclass
class Readiness:
    """The answer for many who ask: looked into at most once in a while, by one of them at a time.

    Attributes:
        look: finds the checks.
        clock: seconds that never run backwards.
        kept_s: for how many seconds an answer is kept.
    """

    look: Callable[[], list[Check]] = checks
    clock: Callable[[], float] = time.monotonic
    kept_s: float = KEPT_S
    _lock: Lock = field(default_factory=Lock)
    _known: tuple[float, list[Check]] | None = None

    def problems(self) -> list[str]:
        """As `problems`, possibly as found a little while ago."""
        return [check.problem for check in self.checks() if check.problem]

    def checks(self) -> list[Check]:
        """As `checks`, possibly as found a little while ago."""
        known = self._known
        if known is not None and self.clock() - known[0] < self.kept_s:
            return known[1]
        if not self._lock.acquire(blocking=known is None):
            assert known is not None
            return known[1]  # somebody is looking: what was known will do
        try:
            if self._known is known:  # else it was looked into while this one waited
                self._known = self.clock(), self.look()
            assert self._known is not None
            return self._known[1]
        finally:
            self._lock.release()


@lru_cache(maxsize=1)
def _pictures() -> tuple[np.ndarray, np.ndarray]:
    """Drawn: a spot on skin, and something that is not skin. uint8 RGB."""
    spot = draw("lesion", 11, _SIZE, lesion_extent=0.42, centre=(0.5, 0.5), tone=0.3)
    return spot.rgb, draw("no_skin", 42, _SIZE).rgb


def _judges(entry: AssessorEntry, manifest: Manifest, weights: Path) -> bool:
    assessor, rule = entry.open(weights), entry.rule(DEFAULT_POINT, lambda: manifest)
    spot, other = (assessor.assess(rgb, rule) for rgb in _pictures())
    return _sane((spot, other))


def _sane(verdicts: tuple[Verdict, Verdict]) -> bool:
    """Whether these are probabilities, and a spot on skin is distinguished from what is no skin."""
    spot, other = (verdict.quality for verdict in verdicts)
    told_apart = spot["lesion"] > other["lesion"] and spot["no_skin"] <= other["no_skin"]
    return _are_probabilities(spot) and _are_probabilities(other) and told_apart and not verdicts[1].passes


def _recognises(name: str, manifest: Manifest, weights: Path) -> bool:
    prediction = open_lesion(name, manifest, directory=weights).predict(_pictures()[0])
    return _are_probabilities(dict(zip(prediction.labels, prediction.probabilities, strict=True)))


def _are_probabilities(values: Mapping[str, float]) -> bool:
    numbers = np.array(list(values.values()), float)
    return bool(np.isfinite(numbers).all() and (numbers >= 0).all() and abs(numbers.sum() - 1) < 1e-3)


def _missing(path: Path) -> str:
    message = _("The network file {path} is missing. Restore it with: {command}")
    return message.format(path=path, command=RESTORE)


def _wrong_answer(name: str) -> str:
    message = _("{name} does not judge a drawn picture as it should. Restore the networks with: {command}")
    return message.format(name=name, command=RESTORE)
