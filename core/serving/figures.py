"""What a server's metrics add up to, read from the text that ``/metrics`` gives."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from core.serving.histogram import quantile

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Speed:
    """How long the assessor took for pictures of one kind.

    Attributes:
        source: as `core.serving.counters.Source`.
        count: pictures.
        p50_ms, p95_ms: quantiles in milliseconds, interpolated in their buckets.
        most_ms: the highest finite bound; a quantile of this value may in truth be longer.
    """

    source: str
    count: int
    p50_ms: float
    p95_ms: float
    most_ms: float


@dataclass(frozen=True)
class Figures:
    """Sums since the process started.

    Attributes:
        sessions: open pages; None where no server counts them.
        streams: cameras that the server watches now.
        frames, dropped: camera frames that reached the server, and those that a newer one replaced.
        judged: pictures judged, by source.
        verdicts: pictures judged, by label, those that pass and those that do not.
        refused: photos that could not be read, by code.
        errors: logged errors, by logger.
        speed: by source, for those with pictures.
        memory_bytes: resident memory; None where the system does not tell.
        started_s: Unix time; None where the system does not tell.
    """

    sessions: int | None
    streams: int
    frames: int
    dropped: int
    judged: dict[str, int]
    verdicts: dict[str, tuple[int, int]]
    refused: dict[str, int]
    errors: dict[str, int]
    speed: tuple[Speed, ...]
    memory_bytes: int | None
    started_s: float | None


def read(metrics: str) -> Figures:
    """The figures of a text in the format OpenMetrics.

    Raises:
        ValueError: it is not in that format.
    """
    samples = [one for family in text_string_to_metric_families(metrics) for one in family.samples]
    counted = _by(samples, "retake_verdicts_total", lambda labels: (labels["label"], labels["passes"]))
    return Figures(
        sessions=_only(samples, "active_sessions"),
        streams=_only(samples, "retake_streams") or 0,
        frames=_only(samples, "retake_frames_total") or 0,
        dropped=_only(samples, "retake_frames_dropped_total") or 0,
        judged=_by(samples, "retake_verdicts_total", lambda labels: labels["source"]),
        verdicts={
            label: (counted.get((label, "true"), 0), counted.get((label, "false"), 0))
            for label in dict.fromkeys(label for label, _passes in counted)
        },
        refused=_by(samples, "retake_photos_refused_total", lambda labels: labels["code"]),
        errors=_by(samples, "retake_errors_total", lambda labels: labels["logger"]),
        speed=_speed(samples),
        memory_bytes=_only(samples, "process_resident_memory_bytes"),
        started_s=next((one.value for one in samples if one.name == "process_start_time_seconds"), None),
    )


_BUCKET: Final = "retake_assessment_seconds_bucket"


def _speed(samples: Iterable[Sample]) -> tuple[Speed, ...]:
    sources: dict[str, dict[float, float]] = defaultdict(dict)
    for one in samples:
        if one.name == _BUCKET:
            sources[one.labels["source"]][float(one.labels["le"])] = one.value
    return tuple(
        Speed(
            source=source,
            count=int(buckets[math.inf]),
            p50_ms=1000 * quantile(0.5, buckets),
            p95_ms=1000 * quantile(0.95, buckets),
            most_ms=1000 * max(bound for bound in buckets if math.isfinite(bound)),
        )
        for source, buckets in sorted(sources.items())
        if buckets[math.inf]
    )


def _only(samples: Iterable[Sample], name: str) -> int | None:
    return next((int(one.value) for one in samples if one.name == name), None)


def _by(samples: Iterable[Sample], name: str, key: Callable[[dict[str, str]], _Key]) -> dict[_Key, int]:
    sums: dict[_Key, int] = defaultdict(int)
    for one in samples:
        if one.name == name:
            sums[key(one.labels)] += int(one.value)
    return dict(sums)
