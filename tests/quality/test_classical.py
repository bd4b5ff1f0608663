import cv2
import numpy as np
import pytest

from core.quality.classical import LIMITS, Classical
from core.quality.classical_features import measured
from core.quality.classical_model import load_model
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.skin_and_spot import skin_and_spot
from core.quality.verdict import PassRule
from core.runtime.preprocess import detail_square, network_square, shrink
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
    assert ladder[0] < 0.1
    assert ladder[-1] > assessor.rule().thresholds["blurry"]


def test_less_light_is_found_worse(assessor, lesions):
    ladder = [
        mean(assessor, [(x * share).astype(np.uint8) for x in lesions], "bad_light")
        for share in (1, 0.5, 0.2)
    ]
    assert ladder == sorted(ladder)
    assert ladder[0] < 0.2
    assert ladder[-1] > 0.75


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
    assert mean(assessor, far, "too_far_away") > 0.3


def test_a_spot_at_the_edge_is_bad_framing(assessor):
    aside = [
        draw("lesion", seed, SIZE, centre=(0.92, 0.3), tone=0.3, lesion_class="pigmented_macula").rgb
        for seed in range(4)
    ]
    middle = [draw("lesion", seed, SIZE, tone=0.3, lesion_class="pigmented_macula").rgb for seed in range(4)]
    assert mean(assessor, aside, "bad_framing") > mean(assessor, middle, "bad_framing") + 0.15


def test_few_pixels_and_flat_blocks_are_low_resolution(assessor, lesions):
    blocks = [
        cv2.resize(cv2.resize(x, (160, 120)), (640, 480), interpolation=cv2.INTER_NEAREST) for x in lesions
    ]
    assert mean(assessor, lesions, "low_resolution") < 0.1
    assert mean(assessor, blocks, "low_resolution") > 0.5
    verdict = assessor.assess(lesions[0], assessor.rule(), width=160, height=120)
    assert verdict.explanations["low_resolution"] > 0.9
    assert (verdict.width, verdict.height) == (160, 120)


def test_no_skin_and_healthy_skin(assessor):
    grass = np.full((480, 640, 3), (60, 140, 50), np.uint8)
    verdict = assessor.assess(grass, assessor.rule())
    assert verdict.label == "no_skin"
    assert verdict.explanations["too_far_away"] < 0.1
    skin = draw("healthy_skin", 0, SIZE).rgb
    verdict = assessor.assess(skin, assessor.rule())
    assert verdict.label == "healthy_skin"
    assert not verdict.passes
    assert assessor.assess(skin, assessor.rule(healthy_skin_passes=True)).passes


def test_the_spot_is_found_where_it_was_drawn():
    phantom = draw("lesion", 3, SIZE, tone=0.2, lesion_class="pigmented_macula")
    found = skin_and_spot(cv2.resize(phantom.rgb, (112, 112), interpolation=cv2.INTER_AREA)).spot
    there = cv2.resize(phantom.mask.astype(np.uint8), (112, 112), interpolation=cv2.INTER_NEAREST) > 0
    assert (found & there).sum() / (found | there).sum() > 0.6


def measures(rgb):
    return measured(network_square(rgb), detail_square(rgb))


def test_focus_measures_fall_with_blur_at_every_octave(lesions):
    ladder = [measures(cv2.GaussianBlur(lesions[0], (0, 0), sigma)) for sigma in (0.5, 2, 5)]
    for octave in range(3):
        for name in (f"laplacian_{octave}", f"tenengrad_{octave}"):
            assert [step[name] for step in ladder] == sorted((step[name] for step in ladder), reverse=True)


def test_noise_the_grid_of_jpeg_and_clipping_are_seen(lesions):
    clear = cv2.GaussianBlur(lesions[1], (0, 0), 2)
    grain = np.random.default_rng(0).normal(0, 6, clear.shape)
    assert measures((clear + grain).clip(0, 255).astype(np.uint8))["noise"] > measures(clear)["noise"] + 1
    _done, packed = cv2.imencode(".jpg", clear[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 8])
    blocks = measures(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])
    for name in ("grid_across", "grid_down"):
        assert blocks[name] > measures(clear)[name] + 0.5
    glare = clear.copy()
    glare[200:280, 280:360] = 255
    assert measures(glare)["clipped_frame"] > measures(clear)["clipped_frame"]


def test_a_spot_at_the_border_touches_it_and_a_small_one_is_small():
    shown = {"tone": 0.2, "lesion_class": "pigmented_macula"}
    aside = measures(draw("lesion", 1, SIZE, centre=(0.98, 0.5), **shown).rgb)
    middle = measures(draw("lesion", 1, SIZE, centre=(0.5, 0.5), **shown).rgb)
    small = measures(draw("lesion", 1, SIZE, lesion_extent=0.08, **shown).rgb)
    assert aside["spot_cut"] > middle["spot_cut"] == 0
    assert aside["spot_off"] > middle["spot_off"] + 0.3
    assert 0 < small["spot_extent"] < middle["spot_extent"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (2, 3), (5, 5), (300, 17), (900, 1300)])
@pytest.mark.parametrize("kind", ["black", "grey", "white", "noise"])
def test_every_size_and_colour_gets_a_verdict_and_a_map(assessor, shape, kind):
    rng = np.random.default_rng(1)
    flat = {"black": 0, "grey": 128, "white": 255}.get(kind)
    whole = (*shape, 3)
    rgb = rng.integers(0, 256, whole, np.uint8) if flat is None else np.full(whole, flat, np.uint8)
    assert all(np.isfinite(value) for value in measures(rgb).values())
    verdict = assessor.assess(rgb, assessor.rule())
    assert not verdict.passes
    assert sum(verdict.quality.values()) == pytest.approx(1)
    for target in ("blurry", "bad_light", "lesion", "poor_quality"):
        assert assessor.explain(rgb, target).heatmap.shape == shrink(rgb).shape[:2]


def test_the_model_reads_measures_that_are_made(lesions):
    assert set(load_model().features) <= set(measures(lesions[0]))


def test_the_operating_points_are_those_of_the_model(assessor):
    lenient, balanced = assessor.rule(point="lenient"), assessor.rule()
    assert balanced == assessor.rule(point="balanced") == assessor.rule(point="unheard of")
    assert lenient != balanced
    assert assessor.rule(healthy_skin_passes=True).healthy_skin_passes


def test_it_says_what_it_cannot_answer(assessor):
    assert assessor.limits == LIMITS
    assert {limit.answer for limit in LIMITS} <= {*EXPLANATIONS, *QUALITY_CLASSES}
    assert len({limit.name for limit in LIMITS}) == len(LIMITS)


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
