"""How does the rate of an archive's run change with the number of workers? Measured on drawn photos."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from core.distributed.job import Job, Summary
from core.distributed.listing import Item, listed
from core.guidance.preset import load_preset
from core.i18n import _
from core.quality import registry
from core.runtime.ray_connection import OWN, EngineError, address_setting, connect
from core.synthetic.phantoms import draw

_DRAWN = 8  # different ones; the others are copies
_SIZE = (1280, 960)  # pixels across and down: decoding is a part of the work


def throughput(
    counts: Sequence[int],
    photos: int,
    assess: Callable[[Sequence[Item], Path, Job, int], Summary],
    progress: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Assess the same drawn photos with each number of workers, one after the other.

    Args:
        counts: of workers.
        photos: how many.
        assess: runs one archive, as ``core.distributed.archive.assess_archive`` does.
        progress: is told of each run.

    Returns:
        ``photos``, ``per_second`` by number of workers (answers after the first ones, so without the start of
        the workers), and ``ratio``: each of these over the first.

    Raises:
        EngineError: Ray does not answer or has too few cores, or the photos were too few to tell a rate.
    """
    if address_setting() is None:
        connect(OWN, num_cpus=max(counts), include_dashboard=False)
    rates: dict[str, float] = {}
    job = Job(registry.DEFAULT, load_preset())
    with tempfile.TemporaryDirectory(prefix="retake-archive-") as place:
        items = _drawn(Path(place) / "photos", photos)
        for count in counts:
            done = assess(items, Path(place) / f"answers-{count}", job, count)
            if done.rate <= 0 or done.written < photos:
                message = _("These photos do not tell a rate for {count} workers: give more with {option}.")
                raise EngineError("too_few", message.format(count=count, option="--photos"))
            rates[str(count)] = done.rate
            progress(_("{count} workers: {rate:.1f} photos a second").format(count=count, rate=done.rate))
    first = rates[str(counts[0])]
    return {
        "photos": photos,
        "per_second": {count: round(rate, 2) for count, rate in rates.items()},
        "ratio": {count: round(rate / first, 3) for count, rate in rates.items()},
    }


def _drawn(folder: Path, photos: int) -> list[Item]:
    folder.mkdir()
    for number in range(photos):
        target = folder / f"{number:05}.jpg"
        if number < _DRAWN:
            picture = Image.fromarray(draw("lesion", number, size=(240, 320)).rgb)
            picture.resize(_SIZE).save(target, quality=92)
        else:
            shutil.copy(folder / f"{number % _DRAWN:05}.jpg", target)
    return list(listed([str(folder)], None))
