"""The networks in weights/: what they are, and how they must behave when a picture changes in a known way."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from core.guidance.hint import condition
from core.guidance.preset import load_preset
from core.lesion.taxonomy import LABELS
from core.networks.twin import load_twin
from core.quality.imageqx import ImageQX
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.registry import open_assessor
from core.runtime.engine import NetworkEngine, open_engine
from core.runtime.manifest import load_manifest
from core.runtime.preprocess import detail_square, network_input, square_batch
from core.runtime.weights import verify_all
from core.synthetic.degrade import worsen
from core.synthetic.phantoms import Phantom, draw
from training.networks.export import output_names

SEVERITIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Where a probability is as good as 1 already it may tremble by this much.
TREMBLE = 0.01


@pytest.fixture(scope="module")
def imageqx() -> NetworkEngine:
    return open_engine("imageqx", threads=1)


@pytest.fixture(scope="module")
def good() -> list[Phantom]:
    """Good photographs of lesions on skin from light to dark."""
    return [
        draw("lesion", 9000 + i, size=(480, 640), tone=i / 9, lesion_class=LABELS[i])
        for i in range(len(LABELS))
    ]


def shown(engine: NetworkEngine, picture: np.ndarray) -> list[np.ndarray]:
    """The network's inputs for a picture: the whole frame and, where it asks for it, the detail."""
    return [network_input(picture), square_batch(detail_square(picture))][: len(engine.inputs)]


def explained(engine: NetworkEngine, pictures: list[np.ndarray]) -> np.ndarray:
    """Probabilities of the explanations: N x 5."""
    answers = [engine.run(*shown(engine, picture))["explanations"][0] for picture in pictures]
    return 1 / (1 + np.exp(-np.array(answers)))


def judged(engine: NetworkEngine, pictures: list[np.ndarray]) -> np.ndarray:
    """Probabilities of the quality classes: N x 4."""
    logits = np.array([engine.run(*shown(engine, picture))["logits"][0] for picture in pictures])
    wide = np.exp(logits - logits.max(1, keepdims=True))
    return wide / wide.sum(1, keepdims=True)


def test_the_manifest_is_whole_and_the_files_are_the_ones_it_names():
    manifest = load_manifest()
    assert set(manifest.networks) == {"imageqx", "lesion", "ordinal"}
    for name, found in verify_all().items():
        assert not isinstance(found, Exception), f"{name}: {found}"
    imageqx, lesion = manifest.networks["imageqx"], manifest.networks["lesion"]
    assert tuple(imageqx.labels) == QUALITY_CLASSES
    assert tuple(imageqx.explanations) == EXPLANATIONS
    assert tuple(lesion.labels) == LABELS
    assert imageqx.bytes < 15e6
    assert lesion.bytes < 45e6
    ordinal = manifest.networks["ordinal"]
    assert ordinal.bytes <= 9e6
    for entry in (imageqx, lesion, ordinal):
        assert {"data", "seed", "epochs", "init", "commit"} <= set(entry.provenance)
        assert entry.metrics


@pytest.mark.parametrize("name", ["imageqx", "lesion"])
def test_the_torch_twin_answers_as_the_engine_does(name):
    torch.set_num_threads(1)
    twin, engine = load_twin(name), open_engine(name, threads=1)
    pictures = [draw("lesion", seed, size=(240, 320)).rgb for seed in (1, 2)]
    views = [np.concatenate(part) for part in zip(*(shown(engine, rgb) for rgb in pictures), strict=True)]
    answers = engine.run(*views)
    with torch.inference_mode():
        wanted = dict(zip(output_names(name, twin), twin(*map(torch.from_numpy, views)), strict=True))
    for key, value in wanted.items():
        np.testing.assert_allclose(
            answers[key], value.numpy(), rtol=1e-3, atol=1e-4 * float(value.abs().max())
        )


@pytest.mark.parametrize(
    ("fault", "mode", "rise"),
    [("blurry", "motion", 0.2), ("bad_light", "dark", 0.2), ("low_resolution", "jpeg", 0.5)],
)
def test_a_worse_fault_is_never_seen_less_and_passes_no_more(imageqx, good, fault, mode, rise):
    column = EXPLANATIONS.index(fault)
    assessor, preset = open_assessor("imageqx"), load_preset()
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    means, passing = [], []
    for severity in SEVERITIES:
        worse = [
            worsen(phantom.rgb, phantom.mask, fault, severity, np.random.default_rng(i), mode=mode)
            for i, phantom in enumerate(good)
        ]
        passing.append(sum(assessor.assess(rgb, rule).passes for rgb in worse))
        means.append(explained(imageqx, worse)[:, column].mean())
    assert all(after >= before - TREMBLE for before, after in pairwise(means)), means
    assert means[-1] > means[0] + rise, means
    assert passing == sorted(passing, reverse=True), passing
    assert passing[0] >= 8, passing
    assert passing[-1] == 0, passing


def test_more_defocus_is_told_as_blur_or_lost_detail_and_passes_no_more(good):
    # By its own outputs the network takes a drawing that is far out of focus for a spot far away or badly
    # framed; with the second opinion it is blur more and more often up to a severity of 0.6, 1.7 % of the
    # long side, and mostly so at 0.8 (docs/decisions/imageqx-network.md).
    assessor, preset = open_assessor("imageqx"), load_preset()
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    found, passing = [], []
    for severity in SEVERITIES:
        worse = [
            worsen(phantom.rgb, phantom.mask, "blurry", severity, np.random.default_rng(i), mode="defocus")
            for i, phantom in enumerate(good)
        ]
        verdicts = [assessor.assess(rgb, rule) for rgb in worse]
        passing.append(sum(verdict.passes for verdict in verdicts))
        if severity <= 0.8:
            keys = [condition(verdict, preset) for verdict in verdicts]
            found.append(sum(key in ("blurry", "low_resolution") for key in keys))
    assert found[:-1] == sorted(found[:-1]), found
    assert min(found[-2:]) >= 8, found
    assert passing == sorted(passing, reverse=True), passing
    assert passing[-1] == 0, passing


def test_lost_pixels_are_flagged_and_stay_flagged(imageqx, good):
    # What is left of a picture with hardly any pixels may as well be a blurred one: so the probability need
    # not rise to the end, as it must for the others. What the shutter goes by must not fall, though.
    column = EXPLANATIONS.index("low_resolution")
    threshold = load_manifest().networks["imageqx"].thresholds["low_resolution"]
    shares = []
    for severity in SEVERITIES:
        worse = [
            worsen(p.rgb, p.mask, "low_resolution", severity, np.random.default_rng(i), mode="pixels")
            for i, p in enumerate(good)
        ]
        shares.append(float((explained(imageqx, worse)[:, column] >= threshold).mean()))
    assert shares == sorted(shares), shares
    assert shares[0] == 0
    assert shares[-3:] == [1, 1, 1]


def test_a_small_lesion_is_called_too_far_away_more_than_a_large_one(imageqx):
    column = EXPLANATIONS.index("too_far_away")
    means = []
    for extent in (0.4, 0.15, 0.04):
        drawn = [draw("lesion", 9300 + i, size=(480, 640), lesion_extent=extent).rgb for i in range(12)]
        means.append(explained(imageqx, drawn)[:, column].mean())
    assert means[0] < means[1] < means[2], means


def test_the_place_of_a_spot_off_the_middle_is_told(imageqx):
    assessor = ImageQX(imageqx, load_manifest().networks["imageqx"])
    right = []
    for i, (x, y) in enumerate([(0.15, 0.5), (0.85, 0.5), (0.5, 0.15), (0.5, 0.85)] * 4):
        rgb = draw("lesion", 9700 + i, size=(480, 640), lesion_extent=0.25, centre=(x, y)).rgb
        where = assessor.assess(rgb, assessor.rule()).where
        if where is not None and where.off > 0.3:
            right.append((where.x * (x - 0.5) if y == 0.5 else where.y * (y - 0.5)) > 0)
    assert len(right) >= 8
    assert np.mean(right) >= 0.85


def test_a_mirrored_picture_is_judged_alike(imageqx, good):
    faults = [(phantom, name) for phantom, name in zip(good, EXPLANATIONS * 2, strict=True)]
    pictures = [phantom.rgb for phantom in good]
    pictures += [worsen(p.rgb, p.mask, name, 0.6, np.random.default_rng(3)) for p, name in faults]
    mirrored = [np.ascontiguousarray(picture[:, ::-1]) for picture in pictures]
    for answer in (explained, judged):
        change = np.abs(answer(imageqx, pictures) - answer(imageqx, mirrored))
        assert change.mean() < 0.04
        assert np.quantile(change, 0.95) < 0.2


def test_scenes_without_skin_and_skin_without_a_spot_are_told_from_lesions(imageqx, good):
    scenes = [draw("no_skin", seed, size=(480, 640)).rgb for seed in range(50, 60)]
    healthy = [draw("healthy_skin", seed, size=(480, 640)).rgb for seed in range(50, 60)]
    for kind, pictures in (("no_skin", scenes), ("healthy_skin", healthy), ("lesion", [p.rgb for p in good])):
        said = judged(imageqx, pictures).argmax(1)
        assert (said == QUALITY_CLASSES.index(kind)).mean() >= 0.6, (kind, said)


def test_drawn_lesions_are_named_better_than_by_chance():
    engine = open_engine("lesion", threads=1)
    among_first_two = []
    for label, name in enumerate(LABELS):
        for seed in range(9100, 9104):
            rgb = draw("lesion", seed + 10 * label, size=(480, 640), lesion_class=name).rgb
            logits = engine.run(network_input(rgb))["logits"][0]
            among_first_two.append(label in np.argsort(logits)[-2:])
    # By chance 0.2; first weights reached two thirds on other seeds.
    assert np.mean(among_first_two) > 0.4
