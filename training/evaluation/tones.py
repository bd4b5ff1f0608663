"""Does a good photograph pass alike on light and deep skin? Asked with drawn lesions of known tone."""

from typing import Any, Final

import numpy as np

from core.lesion.taxonomy import LABELS
from core.quality.verdict import Assessor, PassRule
from core.synthetic.degrade import Plan, scene_of, take
from core.synthetic.phantoms import draw
from training.evaluation.metrics import clean

_TONES: Final = {"light": (0.0, 0.33), "medium": (0.34, 0.66), "deep": (0.67, 1.0)}


def tone_report(assessor: Assessor, rule: PassRule, each: int = 40) -> dict[str, Any]:
    """Does a good photograph pass alike on light and deep skin? Good phantoms of lesions, by tone."""
    out: dict[str, Any] = {}
    for number, (name, (low, high)) in enumerate(_TONES.items()):
        verdicts = []
        for k in range(each):
            rng = np.random.default_rng([number, k])
            seed, tone, extent = 8_000_000 + k, float(rng.uniform(low, high)), float(rng.uniform(0.3, 0.5))
            drawn = draw("lesion", seed, (480, 640), extent, tone=tone, lesion_class=LABELS[k % len(LABELS)])
            shot = take(scene_of(drawn.rgb, drawn.mask), Plan({}), rng)
            verdicts.append(assessor.assess(shot.rgb, rule))
        out[name] = {
            "n": each,
            "called_lesion": clean(np.mean([verdict.label == "lesion" for verdict in verdicts])),
            "flagged_bad_light": clean(np.mean(["bad_light" in verdict.flagged for verdict in verdicts])),
            "passes": clean(np.mean([verdict.passes for verdict in verdicts])),
        }
    return out
