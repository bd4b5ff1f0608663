"""What a server counts about its own work, as OpenMetrics.

Nothing here comes from a person: labels are this program's own words, and numbers are sums.
"""

import logging
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

from core.quality.verdict import Verdict

Source = Literal["frame", "still", "device_still", "upload"]
"""What was judged: a stream's frame, a photo taken from it, a photo that a device sent, an upload."""
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_END: Final = b"# EOF\n"

REGISTRY: Final = CollectorRegistry()
_FRAMES: Final = Counter("retake_frames", "Camera frames that reached the server", registry=REGISTRY)
_DROPPED: Final = Counter(
    "retake_frames_dropped", "Frames that a newer one replaced before they were judged", registry=REGISTRY
)
_STREAMS: Final = Gauge("retake_streams", "Camera streams that are served now", registry=REGISTRY)
_STREAMS_REFUSED: Final = Counter(
    "retake_streams_refused", "Camera streams that found all places taken", registry=REGISTRY
)
_REFUSED: Final = Counter(
    "retake_photos_refused", "Photos handed in that could not be read", ("source", "code"), registry=REGISTRY
)
_VERDICTS: Final = Counter(
    "retake_verdicts", "Pictures judged by the server", ("source", "label", "passes"), registry=REGISTRY
)
_SECONDS: Final = Histogram(
    "retake_assessment_seconds",
    "How long the assessor took for a picture",
    ("source",),
    unit="seconds",
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
_ERRORS: Final = Counter("retake_errors", "Errors that were logged", ("logger",), registry=REGISTRY)
ProcessCollector(registry=REGISTRY)


def frame_came(replaced: bool) -> None:
    """A camera's frame reached the server; ``replaced`` tells whether it took the place of another."""
    _FRAMES.inc()
    if replaced:
        _DROPPED.inc()


def streams(count: int) -> None:
    """So many streams are served now."""
    _STREAMS.set(count)


def stream_refused() -> None:
    """A stream found all places taken."""
    _STREAMS_REFUSED.inc()


def refused(source: Source, code: str) -> None:
    """A photo that was handed in could not be read; ``code`` is that of its ``core.photo.PhotoError``."""
    _REFUSED.labels(source, code).inc()


def judged(source: Source, verdict: Verdict) -> Verdict:
    """Count a verdict, and hand it back."""
    _VERDICTS.labels(source, verdict.label, "true" if verdict.passes else "false").inc()
    _SECONDS.labels(source).observe(verdict.milliseconds / 1000)
    return verdict


class ErrorCounter(logging.Handler):
    """Counts the errors that a logger and those below it log, by the logger's name."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        _ERRORS.labels(record.name).inc()


def text(more: str = "") -> bytes:
    """Everything counted, as OpenMetrics.

    Args:
        more: families from elsewhere in the same format, without its last line ``# EOF``.
    """
    return generate_latest(REGISTRY).removesuffix(_END) + more.encode() + _END
