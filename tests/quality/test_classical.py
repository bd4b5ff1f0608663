import cv2
import numpy as np
import pytest

from core.quality.classical import Classical, classes, faults, measure
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule
from core.synthetic.phantoms import draw

SIZE = (480, 640)
TONES = (0.1, 0.3, 0.5, 0.7, 0.9)


@pytest.fixture(scope="module")
def assessor():
    return Classical()


@pytest.fixture(scope="module")
def lesions():
    return [
        draw("lesion", seed, SIZE, tone=tone, lesion_class=kind).rgb
        for seed, (tone, kind) in enumerate(
            zip(TONES, ("pigmented_macula", "tumor", "ulcer", "pigmented_macula", "leukoderma"), strict=True)
        )
    ]


def mean(assessor, pictures, name):
    verdicts = [assessor.assess(picture, assessor.rule()) for picture in pictures]
    return np.mean([verdict.explanations[name] for verdict in verdicts])


def test_good_photos_of_every_tone_mostly_pass(assessor, lesions):
    verdicts = [assessor.assess(picture, assessor.rule()) for picture in lesions]
    assert sum(verdict.passes for verdict in verdicts) >= 4
    for verdict in verdicts:
        assert verdict.assessor == "classical"
        assert sum(verdict.quality.values()) == pytest.approx(1)
        assert list(verdict.quality) == list(QUALITY_CLASSES)
        assert list(verdict.explanations) == list(EXPLANATIONS)
        assert verdict.milliseconds > 0


def test_more_blur_is_found_more_blurry(assessor, lesions):
    ladder = [
        mean(assessor, [cv2.GaussianBlur(x, (0, 0), s) for x in lesions], "blurry") for s in (1, 2.5, 4, 8)
    ]
    assert ladder == sorted(ladder)
    assert ladder[0] < 0.2
    assert ladder[-1] > 0.95


@pytest.mark.parametrize("sigma", [2.0, 4.0, 8.0])
@pytest.mark.parametrize("grain", [0, 3])
def test_blur_is_measured_in_pixels_with_and_without_noise(sigma, grain):
    edge = np.full((480, 640, 3), 90, np.uint8)
    edge[:, 320:] = 200
    blurred = cv2.GaussianBlur(edge, (0, 0), sigma) + np.random.default_rng(0).normal(0, grain, edge.shape)
    measured = measure(blurred.clip(0, 255).astype(np.uint8)).blur * 640
    assert measured == pytest.approx(sigma, rel=0.15)


def test_less_light_is_found_worse(assessor, lesions):
    ladder = [
        mean(assessor, [(x * share).astype(np.uint8) for x in lesions], "bad_light")
        for share in (1, 0.5, 0.2)
    ]
    assert ladder == sorted(ladder)
    assert ladder[0] < 0.2
    assert ladder[-1] > 0.9


def test_glare_and_steep_shading_are_bad_light(assessor, lesions):
    bright = [np.clip(x.astype(int) * 2 + 90, 0, 255).astype(np.uint8) for x in lesions]
    assert mean(assessor, bright, "bad_light") > 0.9
    ramp = np.linspace(0.12, 1, 640)[None, :, None]
    assert mean(assessor, [(x * ramp).astype(np.uint8) for x in lesions], "bad_light") > mean(
        assessor, lesions, "bad_light"
    )


def test_a_small_spot_is_too_far_away(assessor):
    near, far = (
        [
            draw("lesion", seed, SIZE, lesion_extent=extent, tone=0.3, lesion_class="pigmented_macula").rgb
            for seed in range(4)
        ]
        for extent in (0.35, 0.05)
    )
    assert mean(assessor, near, "too_far_away") < 0.1
    assert mean(assessor, far, "too_far_away") > 0.5


def test_a_spot_at_the_edge_is_bad_framing(assessor):
    aside = [
        draw("lesion", seed, SIZE, centre=(0.92, 0.3), tone=0.3, lesion_class="pigmented_macula").rgb
        for seed in range(4)
    ]
    assert mean(assessor, aside, "bad_framing") > 0.6


def test_few_pixels_and_flat_blocks_are_low_resolution(assessor, lesions):
    blocks = [
        cv2.resize(cv2.resize(x, (160, 120)), (640, 480), interpolation=cv2.INTER_NEAREST) for x in lesions
    ]
    assert mean(assessor, lesions, "low_resolution") < 0.1
    assert mean(assessor, blocks, "low_resolution") > 0.9
    verdict = assessor.assess(lesions[0], assessor.rule(), width=160, height=120)
    assert verdict.explanations["low_resolution"] > 0.9
    assert (verdict.width, verdict.height) == (160, 120)


def test_no_skin_and_healthy_skin(assessor):
    grass = np.full((480, 640, 3), (60, 140, 50), np.uint8)
    verdict = assessor.assess(grass, assessor.rule())
    assert verdict.label == "no_skin"
    assert verdict.explanations["too_far_away"] < 0.1
    smooth = np.full((480, 640, 3), (205, 160, 135), np.int16) + np.random.default_rng(0).normal(
        0, 3, (480, 640, 3)
    )
    skin = assessor.assess(smooth.clip(0, 255).astype(np.uint8), assessor.rule())
    assert skin.label == "healthy_skin"
    assert not skin.passes
    assert assessor.assess(smooth.astype(np.uint8), assessor.rule(healthy_skin_passes=True)).passes


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_flat_colour_is_no_crash_and_no_pass(assessor, level):
    verdict = assessor.assess(np.full((64, 2000, 3), level, np.uint8), assessor.rule())
    assert not verdict.passes
    assert all(0 <= chance <= 1 for chance in (*verdict.quality.values(), *verdict.explanations.values()))


def test_the_spot_is_found_where_it_was_drawn():
    phantom = draw("lesion", 3, SIZE, tone=0.2, lesion_class="pigmented_macula")
    found = measure(phantom.rgb).spot
    overlap = (found & phantom.mask).sum() / (found | phantom.mask).sum()
    assert overlap > 0.6


def test_a_fault_at_its_limit_is_an_even_bet(lesions):
    measures = measure(lesions[0])
    at_limit = type(measures)(
        **{
            **vars(measures),
            "blur": 0.005,
            "luma": 0.22,
            "pixels": 190.0,
            "spot_extent": 0.12,
            "skin_share": 1.0,
        }
    )
    chances = faults(at_limit)
    for name in ("blurry", "bad_light", "low_resolution", "too_far_away"):
        assert chances[name] == pytest.approx(0.5, abs=0.01)


def test_the_worst_fault_takes_the_share_of_poor_quality(lesions):
    measures = measure(lesions[0])
    quality = classes(measures, {"blurry": 0.7, "bad_light": 0.2})
    assert quality["poor_quality"] == pytest.approx(0.7, abs=0.01)
    assert sum(quality.values()) == pytest.approx(1)


def test_thresholds_of_the_rule_are_heeded(assessor, lesions):
    blurred = cv2.GaussianBlur(lesions[0], (0, 0), 8)
    lenient = PassRule(dict.fromkeys(EXPLANATIONS, 1.1))
    assert "blurry" in assessor.assess(blurred, assessor.rule()).flagged
    assert not assessor.assess(blurred, lenient).flagged


def test_shows_where_it_looked(assessor):
    phantom = draw("lesion", 3, SIZE, tone=0.2, lesion_class="pigmented_macula")
    for target in (*EXPLANATIONS, *QUALITY_CLASSES):
        explanation = assessor.explain(phantom.rgb, target)
        assert explanation.heatmap.shape == SIZE
        assert explanation.heatmap.dtype == np.float32
        assert 0 <= explanation.heatmap.min() <= explanation.heatmap.max() <= 1
        assert (explanation.target, explanation.method) == (target, "classical")
    lesion = assessor.explain(phantom.rgb, "lesion").heatmap
    assert lesion[phantom.mask].mean() > 0.6 > 0.1 > lesion[~phantom.mask].mean()
    healthy = assessor.explain(phantom.rgb, "healthy_skin").heatmap
    assert healthy[phantom.mask].mean() < healthy[~phantom.mask].mean()
    with pytest.raises(KeyError):
        assessor.explain(phantom.rgb, "acne")


def test_darkness_is_shown_where_it_is(assessor):
    picture = np.full((480, 640, 3), (205, 160, 135), np.uint8)
    picture[:, :200] //= 20
    heat = assessor.explain(picture, "bad_light").heatmap
    assert heat[:, :150].mean() > heat[:, 300:].mean() + 0.3
