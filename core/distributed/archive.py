"""Archives of photos, assessed by any number of processes: Ray Data hands photos out, this process writes.

Answers come as JSON lines, in no order, and are on the disk once they are written: a run that ends early, in
whatever way, goes on from there.
"""

import json
import logging
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import ray
from ray import data

from core.cli.description import described
from core.cli.photos import error_object
from core.distributed.job import Job, Summary, made_with, rate_of
from core.distributed.listing import Item, content
from core.distributed.parts import answered, claim, next_part
from core.i18n import _
from core.photo import read_photo
from core.quality import registry
from core.runtime.ray_connection import OWN, EngineError, address_setting, connect

_TRIES: Final = 2
_MOST_AT_ONCE: Final = 32
"""Photos that a worker takes at a time; an interrupted run loses the answers of as many a worker."""


class Assessing:
    """A worker: opens its assessor once, and answers photos."""

    def __init__(self, job: Job) -> None:
        self._preset = job.preset
        self._assessor = registry.open_assessor(job.assessor)
        self._rule = job.preset.rule(self._assessor.rule(point=job.preset.operating_point))

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        """A JSON line for each photo of a batch, and whether it failed: ``item`` is of ``_row``."""
        rows = [self._answer(*json.loads(item)) for item in batch["item"]]
        return {"line": list(map(json.dumps, rows)), "failed": ["error" in row for row in rows]}

    def _answer(self, path: str, inside: str, address: str) -> dict[str, Any]:
        row: dict[str, Any] = {"path": path}
        try:
            photo = read_photo(content(path, inside, address))
            verdict = self._assessor.assess(photo.small, self._rule, width=photo.width, height=photo.height)
            row |= described(verdict, self._preset)
        except Exception as error:
            row["error"] = error_object(error)
        return row


def assess_archive(
    items: Sequence[Item],
    folder: Path,
    job: Job,
    workers: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Summary:
    """Assess the photos that a folder has no answers for yet, into a new part of it.

    Args:
        items: the photos.
        folder: of ``core.distributed.parts``.
        job: how.
        workers: processes, each with a core; the cluster's cores where not given.
        clock: seconds that never go back.

    Raises:
        EngineError: Ray does not answer, or has too few cores.
        OtherAnswersError: the folder holds answers of another job.
        OSError: the answers cannot be written.
    """
    claim(folder, made_with(job))
    done = answered(folder)
    waiting = list({item.path: item for item in items if item.path not in done}.values())
    before = len({item.path for item in items} & done)
    written = failed = 0
    times: list[tuple[float, int]] = []
    if not waiting:
        return Summary(0, 0, before, 0, 0.0)
    places = _joined(workers)
    with next_part(folder).open("x", encoding="utf-8") as part:
        for lines, errors in _answers(waiting, job, places):
            part.write("".join(f"{line}\n" for line in lines))
            part.flush()
            written += len(lines)
            failed += errors
            times.append((clock(), written))
    return Summary(written, failed, before, len(waiting) - written, rate_of(times))


def _joined(workers: int | None) -> int:
    """Join the cluster that the settings name, or start one of our own; how many workers it can have."""
    address = address_setting()
    wanted = workers or os.cpu_count() or 1
    if address is None:
        connect(OWN, num_cpus=wanted, include_dashboard=False)
    else:
        connect(address)
    cores = int(ray.cluster_resources().get("CPU", 0))
    if workers is not None and workers > cores:
        message = _("Ray has {cores} cores: {option} can be no more than that.")
        raise EngineError("ray_unreachable", message.format(cores=cores, option="--workers"))
    return workers or max(cores, 1)


def _answers(items: Sequence[Item], job: Job, workers: int) -> Iterator[tuple[list[str], int]]:
    """JSON lines as they come, and how many of them are errors."""
    known = [item for item in items if item.problem is not None]
    rest = [item for item in items if item.problem is None]
    if known:
        lines = [json.dumps({"path": item.path, "error": _error(item)}) for item in known]
        yield lines, len(lines)
    if not rest:
        return
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what is lost is told at the end
    context = data.DataContext.get_current()
    context.enable_progress_bars = False
    context.max_errored_blocks = -1  # what cannot be answered at all is told at the end; the rest goes on
    at_once = min(_MOST_AT_ONCE, math.ceil(len(rest) / (4 * workers)))
    rows = [_row(item) for item in rest]
    photos = data.from_items(rows, override_num_blocks=math.ceil(len(rows) / at_once))
    with warnings.catch_warnings(category=DeprecationWarning, action="ignore"):  # of the limits
        answers = photos.map_batches(
            Assessing,
            fn_constructor_args=(job,),
            batch_size=None,
            compute=data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            ray_remote_args_fn=_limits,
        )
    for batch in answers.iter_batches(batch_size=None):
        yield list(map(str, batch["line"])), int(batch["failed"].sum())


def _row(item: Item) -> dict[str, str]:
    # As plain ASCII: a path need not be valid Unicode, and Arrow's strings must be.
    return {"item": json.dumps([item.path, item.inside, item.address])}


def _limits() -> dict[str, Any]:
    """Of a worker: a photo that ends its process again and again must not do so for ever."""
    return {"max_task_retries": _TRIES}


def _error(item: Item) -> dict[str, str]:
    assert item.problem is not None
    return error_object(item.problem)
