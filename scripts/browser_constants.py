"""Writes core/browser/constants.json: the numbers and names that Python and the browser's modules share.

``python -m scripts.browser_constants`` after a change to one of them. Python's are the ones that count; what
is published to browsers holds them as ``constants.js``.
"""

import json
import sys
from pathlib import Path
from typing import Any

from core.browser.publish import CONSTANTS
from core.guidance import conditions, frame_step, points, refine
from core.live import stream_session
from core.quality import image_stats, labels, localization, second_opinion, texture
from core.runtime import preprocess
from core.text.drawings import DRAWINGS


def made() -> dict[str, Any]:
    """All of them, as JSON will hold them: by the module that uses them."""
    constants = {
        "labels": {
            "quality_classes": labels.QUALITY_CLASSES,
            "explanations": labels.EXPLANATIONS,
            "framings": labels.FRAMINGS,
        },
        "conditions": {
            "picture": conditions.PICTURE_KEYS,
            "general": conditions.GENERAL_KEY,
            "refined": dict(conditions.REFINED),
            "open": conditions.OPEN_KEYS,
            "calm": conditions.CALM_KEYS,
            "camera": conditions.CAMERA_KEYS,
        },
        "points": {"of_a_spot": points.OF_A_SPOT},
        "refine": {"all_dark": refine.ALL_DARK},
        "help": {"drawings": dict(DRAWINGS)},
        "stream_session": {
            "ramp": frame_step.RAMP,
            "frames_logged_every_s": stream_session.FRAMES_LOGGED_EVERY_S,
        },
        "resize": {"working_long_side": preprocess.WORKING_LONG_SIDE},
        "localization": {"level": localization.LEVEL},
        "image_stats": {
            "cell": image_stats.CELL,
            "skin_luma": image_stats.SKIN_LUMA,
            "skin_cr": image_stats.SKIN_CR,
            "skin_cb": image_stats.SKIN_CB,
            "white": image_stats.WHITE,
            "enough": image_stats.ENOUGH,
            "low": image_stats.LOW,
            "high": image_stats.HIGH,
            "plain": image_stats.PLAIN,
        },
        "texture": {
            "directions": texture.DIRECTIONS,
            "distances": texture.DISTANCES,
            "floor": texture.FLOOR,
            "around": texture.AROUND,
            "most": texture.MOST,
            "little": texture.LITTLE,
        },
        "second_opinion": {
            "likely": second_opinion.LIKELY,
            "likelier": second_opinion.LIKELIER,
            "unlikely": second_opinion.UNLIKELY,
            "believed": dict(second_opinion.BELIEVED),
            "certain": second_opinion.CERTAIN,
            "least": second_opinion.LEAST,
        },
    }
    return json.loads(json.dumps(constants))


def written(file: Path = CONSTANTS) -> Path:
    """Write the file; returns its path."""
    file.write_text(json.dumps(made(), indent=2) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    print(written())
    sys.exit(0)
