"""Throws damaged picture files at the app's photo intake: ``python -m scripts.fuzz_photos --cases 100000``.

Each case is a drawn photograph in one of the kinds that are read (and one that is not), damaged at random
from a seed. It may be read or refused by a named error, and nothing else; the process that decodes may take
400 MB and 5 s of processor time for it. What breaks that is saved, and the exit status is 1. Linux only:
that process's memory and time are read from /proc.
"""

import argparse
import io
import os
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pillow_heif
from PIL import Image

from core.decoding.limits import CODES
from core.photo import WORKING_LONG_SIDE, PhotoError, read_photo
from core.synthetic.phantoms import draw

MOST_BYTES: Final = 400_000_000
MOST_CPU_S: Final = 5.0
_SIZE: Final = (96, 128)
# Lengths and counts at which decoders have gone wrong.
_NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@cache
def corpus() -> dict[str, bytes]:
    """One sound file of each kind, by a name: all of them hold the same drawn photograph."""
    pillow_heif.register_heif_opener()
    rgb = draw("lesion", 7, _SIZE, tone=0.3, lesion_class="pigmented_macula").rgb
    image, grey = Image.fromarray(rgb), Image.fromarray(rgb[..., 1])
    deep = Image.fromarray(rgb[..., 1].astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[274] = 6
    exif[271] = "drawn"
    kinds: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "jpeg": (image, "JPEG", {"quality": 90, "exif": exif}),
        "jpeg_progressive": (image, "JPEG", {"quality": 90, "progressive": True}),
        "jpeg_restarts": (image, "JPEG", {"quality": 90, "restart_marker_blocks": 4}),
        "jpeg_cmyk": (image.convert("CMYK"), "JPEG", {"quality": 90}),
        "jpeg_grey": (grey, "JPEG", {"quality": 90}),
        "png": (image, "PNG", {"exif": exif}),
        "png_palette": (image.quantize(64), "PNG", {}),
        "png_16_bit": (deep, "PNG", {}),
        "png_alpha": (image.convert("RGBA"), "PNG", {}),
        "webp": (image, "WEBP", {"quality": 80, "exif": exif}),
        "webp_lossless": (image, "WEBP", {"lossless": True}),
        "webp_animated": (image, "WEBP", {"save_all": True, "append_images": [image.rotate(90)]}),
        "heic": (image, "HEIF", {"quality": 80}),
        "avif": (image, "AVIF", {"quality": 80}),
        "tiff": (image, "TIFF", {}),
        "tiff_lzw": (image, "TIFF", {"compression": "tiff_lzw"}),
        "tiff_jpeg": (image, "TIFF", {"compression": "jpeg"}),
        "tiff_16_bit": (deep, "TIFF", {"compression": "tiff_adobe_deflate"}),
        "bmp": (image, "BMP", {}),
        "gif": (image.quantize(64), "GIF", {}),
    }
    return {name: _encoded(*kind) for name, kind in kinds.items()}


def _encoded(image: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _flip_bits(data: bytearray, rng: np.random.Generator) -> None:
    for place in rng.integers(len(data), size=rng.integers(1, 16)):
        data[place] ^= 1 << int(rng.integers(8))


def _overwrite(data: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(data)))
    length = min(int(rng.integers(1, 64)), len(data) - start)
    data[start : start + length] = rng.bytes(length) if rng.random() < 0.5 else bytes(length)


def _remove(data: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(data)))
    del data[start : start + int(rng.integers(1, 256))]


def _repeat(data: bytearray, rng: np.random.Generator) -> None:
    start = int(rng.integers(len(data)))
    piece = data[start : start + int(rng.integers(1, 256))]
    data[start:start] = piece * int(rng.integers(1, 4))


def _truncate(data: bytearray, rng: np.random.Generator) -> None:
    del data[int(rng.integers(len(data))) :]


def _number(data: bytearray, rng: np.random.Generator) -> None:
    """Put a number that is on the edge somewhere, most often near the beginning, where headers are."""
    width = int(rng.choice([1, 2, 4]))
    reach = len(data) if rng.random() < 0.3 else min(len(data), 400)
    place = int(rng.integers(max(1, reach - width)))
    value = int(rng.choice(_NUMBERS)) & ((1 << 8 * width) - 1)
    order = rng.choice([">", "<"])
    data[place : place + width] = struct.pack(f"{order}{ {1: 'B', 2: 'H', 4: 'I'}[width] }", value)


def _splice(data: bytearray, rng: np.random.Generator) -> None:
    """Go on with another file of the corpus, from some place on."""
    others = list(corpus().values())
    other = others[int(rng.integers(len(others)))]
    data[int(rng.integers(len(data))) :] = other[int(rng.integers(len(other))) :]


_DAMAGE: Final[Sequence[Callable[[bytearray, np.random.Generator], None]]] = (
    _flip_bits,
    _overwrite,
    _remove,
    _repeat,
    _truncate,
    _number,
    _number,
    _splice,
)


def case(seed: int, number: int) -> tuple[str, bytes]:
    """One damaged file, the same each time: (kind of the corpus, bytes)."""
    rng = np.random.default_rng([seed, number])
    names = list(corpus())
    name = names[number % len(names)]
    data = bytearray(corpus()[name])
    for _turn in range(int(rng.integers(1, 4))):
        if data:
            _DAMAGE[int(rng.integers(len(_DAMAGE)))](data, rng)
    return name, bytes(data)


def fault(data: bytes) -> tuple[str, str]:
    """(outcome, what is wrong with it): ``"read"`` or the code of a refusal, and "" where that is allowed."""
    try:
        photo = read_photo(data)
    except PhotoError as error:
        named = error.code in CODES or error.code == "empty"
        return error.code, "" if named else f"{error.code} is no refusal of a file"
    except Exception as error:
        return "raised", f"{type(error).__name__}: {error}"
    rgb = photo.small
    sound = rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3 and min(rgb.shape[:2]) > 0
    if not sound or max(rgb.shape[:2]) > WORKING_LONG_SIDE:
        return "read", f"read as {rgb.dtype} {rgb.shape}"
    return "read", ""


@dataclass
class Report:
    """What came of a run.

    Attributes:
        cases: how many.
        outcomes: how often each.
        cpu_s, wall_s: the most that a case took, of the processor in the process that decodes, and of time.
        peak_bytes: the most memory that a process which decodes held.
        faults: (number of the case, kind, what was wrong).
    """

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    peak_bytes: int = 0
    faults: list[tuple[int, str, str]] = field(default_factory=list)


def _children() -> Iterator[str]:
    for listed in Path("/proc/self/task").glob("*/children"):
        try:
            yield from listed.read_text().split()
        except OSError:  # a thread that has ended meanwhile
            continue


def _use() -> dict[str, tuple[float, int]]:
    """(processor seconds, peak bytes) of each process below this one, by its id."""
    found = {}
    for pid in _children():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:  # it ended
            continue
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        peak = [int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")]
        found[pid] = (seconds, peak[0] if peak else 0)
    return found


def run(
    cases: int, seed: int = 0, keep: Path | None = None, progress: Callable[[int], None] = lambda _done: None
) -> Report:
    """Put so many damaged files through the intake.

    Args:
        keep: folder for the files that broke a promise.
        progress: called after each case with how many are done.
    """
    report, before = Report(), _use()
    for number in range(cases):
        name, data = case(seed, number)
        began = time.monotonic()
        outcome, wrong = fault(data)
        report.wall_s = max(report.wall_s, time.monotonic() - began)
        after = _use()
        cpu = max((used - before.get(pid, (0.0, 0))[0] for pid, (used, _peak) in after.items()), default=0.0)
        peak = max((peak for pid, (_used, peak) in after.items()), default=0)
        if number and cpu > MOST_CPU_S:
            wrong = wrong or f"took {cpu:.1f} s of the processor"
        if peak > MOST_BYTES and peak > report.peak_bytes:
            wrong = wrong or f"took {peak / 1e6:.0f} MB"
        report.cpu_s, report.peak_bytes = max(report.cpu_s, cpu), max(report.peak_bytes, peak)
        before = after
        report.outcomes[outcome] += 1
        report.cases += 1
        if wrong:
            report.faults.append((number, name, wrong))
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}-{name}").write_bytes(data)
        progress(number + 1)
    return report


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print what came of it; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description="Damage drawn photographs and put them through the intake.")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for the files that broke a promise")
    args = parser.parse_args(argv)

    def progress(done: int) -> None:
        if done % 1000 == 0:
            print(f"{done} of {args.cases}", file=sys.stderr, flush=True)

    report = run(args.cases, args.seed, args.out, progress)
    outcomes = ", ".join(f"{name} {count}" for name, count in report.outcomes.most_common())
    print(f"{report.cases} cases: {outcomes}")
    print(
        f"At most {report.cpu_s:.2f} s of the processor and {report.wall_s:.2f} s a case, "
        f"{report.peak_bytes / 1e6:.0f} MB at the peak of a process that decodes"
    )
    for number, name, wrong in report.faults:
        print(f"case {number} ({name}): {wrong}")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
