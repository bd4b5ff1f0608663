"""A camera for Chromium that films drawn skin: a .y4m file which the browser plays in a loop.

Chromium takes it with ``--use-file-for-fake-video-capture=FILE``, as browser tests and screenshots do.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from core.synthetic.degrade import worsen
from core.synthetic.phantoms import Phantom, draw

WIDTH, HEIGHT, RATE = 640, 480, 10
_MARGIN: Final = 12  # pixels around the picture, over which the hand may wander


@dataclass(frozen=True, eq=False)
class Shot:
    """One thing that the camera sees for a while.

    Attributes:
        rgb: uint8, any size of 4:3.
        seconds: how long.
    """

    rgb: np.ndarray
    seconds: float


def write(
    path: Path,
    shots: Sequence[Shot],
    rng: np.random.Generator,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    rate: int = RATE,
) -> Path:
    """Write the film, with the slight drift and noise of a camera held by hand.

    Without those two frames would come out alike, and a camera whose frames are alike counts as stuck.

    Args:
        path: ends in .y4m; written over.
        shots: in the order to film them; the film starts again after the last.
        size: width and height of the film in pixels.
        rate: pictures a second.
    """
    frame, (width, height) = 0, size
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420mpeg2\n".encode())
        for shot in shots:
            wider = (width + 2 * _MARGIN, height + 2 * _MARGIN)
            wide = cv2.resize(shot.rgb, wider, interpolation=cv2.INTER_AREA)
            for _turn in range(round(shot.seconds * rate)):
                x = _MARGIN + 4 * np.sin(frame * RATE / rate / 7)
                y = _MARGIN + 4 * np.cos(frame * RATE / rate / 9)
                held = wide[round(y) : round(y) + height, round(x) : round(x) + width]
                noise = rng.normal(0, 2, held.shape[:2])[..., None]
                noisy = np.clip(held + noise, 0, 255).astype(np.uint8)
                file.write(b"FRAME\n" + cv2.cvtColor(noisy, cv2.COLOR_RGB2YUV_I420).tobytes())
                frame += 1
    return path


def find_shots(
    condition: Callable[[np.ndarray], str | None], seeds: Iterable[int] = range(40)
) -> dict[str | None, np.ndarray]:
    """Drawn pictures that an assessor sees as intended, also as soft as a video link makes them.

    Args:
        condition: what there is to say about a uint8 RGB picture; None when it passes.
        seeds: of the drawings to try.

    Returns:
        uint8 RGB, 480 x 640, by condition: ``"blurry"``, ``"too_far_away"``, ``"no_skin"`` and None (near and
        sharp), in this order; without those of which the assessor recognises no drawing.
    """
    found: dict[str | None, np.ndarray] = {}
    for seed in seeds:
        for wanted in SCENES.keys() - found.keys():
            picture = SCENES[wanted](seed)
            if all(condition(seen) == wanted for seen in _as_streamed(picture)):
                found[wanted] = picture
        if len(found) == len(SCENES):
            break
    return {wanted: found[wanted] for wanted in SCENES if wanted in found}


def _spot(seed: int, extent: float) -> Phantom:
    # Kinds of lesion that are no ordeal to look at, on every tone.
    kind = ("pigmented_macula", "tumor", "wheal")[seed % 3]
    return draw("lesion", seed, (HEIGHT, WIDTH), lesion_extent=extent, tone=(seed % 5) / 5, lesion_class=kind)


def _near(seed: int) -> Phantom:
    return _spot(seed, (0.4, 0.5, 0.32)[seed // 3 % 3])


def _blurred(seed: int) -> np.ndarray:
    near = _near(seed)
    return worsen(near.rgb, near.mask, "blurry", 0.9, np.random.default_rng(seed), mode="defocus")


SCENES: Final[dict[str | None, Callable[[int], np.ndarray]]] = {
    "blurry": _blurred,
    "too_far_away": lambda seed: _spot(seed, 0.06).rgb,
    "no_skin": lambda seed: draw("no_skin", seed, (HEIGHT, WIDTH)).rgb,
    None: lambda seed: _near(seed).rgb,
}


def _as_streamed(rgb: np.ndarray) -> Iterator[np.ndarray]:
    """A picture, and about what a good and a poor video link leave of it."""
    yield rgb
    for quality in (60, 35):
        _done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        yield np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
