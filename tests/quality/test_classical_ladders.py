"""The classical checks on ladders of severity (the network: tests/runtime/test_shipped_networks.py)."""

from itertools import pairwise

import numpy as np
import pytest

from core.quality.classical import Classical
from core.synthetic.degrade import worsen
from core.synthetic.phantoms import draw

SEVERITIES = (0.0, 0.25, 0.5, 0.75, 1.0)
SLACK = 0.01


@pytest.fixture(scope="module")
def phantoms():
    return [draw("lesion", 100 + seed, size=(480, 640), tone=(seed + 0.5) / 8) for seed in range(8)]


@pytest.fixture(scope="module")
def assessor():
    return Classical()


def ladder(assessor, phantoms, fault: str, mode: str) -> list[float]:
    """Mean probability of a fault at each severity of it."""
    rule = assessor.rule()
    steps = []
    for severity in SEVERITIES:
        pictures = [
            worsen(phantom.rgb, phantom.mask, fault, severity, np.random.default_rng(seed), mode)
            for seed, phantom in enumerate(phantoms)
        ]
        steps.append(float(np.mean([assessor.assess(rgb, rule).explanations[fault] for rgb in pictures])))
    return steps


@pytest.mark.parametrize(("fault", "mode"), [("blurry", "defocus"), ("bad_light", "dark")])
def test_more_of_a_fault_never_lowers_its_probability(assessor, phantoms, fault, mode):
    steps = ladder(assessor, phantoms, fault, mode)
    for milder, worse in pairwise(steps):
        assert worse >= milder - SLACK, steps
    assert steps[-1] > steps[0] + 0.2, steps


def test_a_mirrored_picture_is_judged_nearly_alike(assessor, phantoms):
    rule = assessor.rule()
    changes = []
    for phantom in phantoms:
        there = assessor.assess(phantom.rgb, rule)
        back = assessor.assess(np.ascontiguousarray(phantom.rgb[:, ::-1]), rule)
        changes += [abs(there.quality[name] - back.quality[name]) for name in there.quality]
        changes += [abs(there.explanations[name] - back.explanations[name]) for name in there.explanations]
    assert np.mean(changes) < 0.05
