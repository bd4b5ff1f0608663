"""What a run over an archive is asked, and what it says at its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.guidance.preset import Preset
from core.quality import registry
from core.runtime.manifest import load_manifest
from core.runtime.weights import verify


@dataclass(frozen=True)
class Job:
    """What a worker needs to know: an assessor's name, and the preset."""

    assessor: str
    preset: Preset


@dataclass(frozen=True)
class Summary:
    """One run.

    Attributes:
        written: answers of this run, errors among them.
        failed: answers that are errors.
        before: photos that were answered by earlier runs.
        lost: photos without an answer, since the processes that had them ended.
        rate: answers a second, from the first answers to the last; 0 where all came at once.
    """

    written: int
    failed: int
    before: int
    lost: int
    rate: float


def made_with(job: Job) -> dict[str, Any]:
    """What decides a job's answers.

    Raises:
        WeightsError: its network cannot be used.
    """
    network = registry.ENTRIES[job.assessor].network
    entry = None if network is None else load_manifest().networks[network]
    if entry is not None:
        verify(entry)  # here, and once: in workers it would end the run without a sentence
    return {
        "assessor": job.assessor,
        "network": entry and entry.sha256,
        "preset": job.preset.model_dump(mode="json"),
    }


def rate_of(times: Sequence[tuple[float, int]]) -> float:
    """Answers a second after the first: until then workers start."""
    (first, early), (last, late) = times[0], times[-1]
    return (late - early) / (last - first) if last > first else 0.0
