import numpy as np
import pytest

from core.synthetic.degrade import (
    LUMA,
    MODES,
    Plan,
    Scene,
    box_of,
    choose_window,
    disc_kernel,
    motion_kernel,
    scene_of,
    take,
    to_linear,
    to_srgb,
    window,
    worsen,
)
from core.synthetic.phantoms import draw

LADDER = (0.1, 0.4, 0.7, 1.0)


@pytest.fixture(scope="module")
def phantom():
    return draw("lesion", 3, size=(300, 400), lesion_extent=0.3, lesion_class="pigmented_macula", tone=0.3)


def ladder(phantom, fault, mode, measure):
    scene = scene_of(phantom.rgb, phantom.mask)
    plans = [Plan({fault: (mode, severity)}) for severity in LADDER]
    shots = [take(scene, plan, np.random.default_rng(5), long_side=400, mild=False) for plan in plans]
    return [getattr(shot.measures, measure) for shot in shots]


@pytest.mark.parametrize(
    ("fault", "mode", "measure", "sign"),
    [
        ("too_far_away", "away", "extent", -1),
        ("bad_framing", "shift", "offset", 1),
        ("bad_framing", "near", "extent", 1),
        ("bad_framing", "near", "share", -1),
        ("blurry", "defocus", "blur", 1),
        ("blurry", "motion", "blur", 1),
        ("blurry", "lesion_only", "blur", 1),
        ("bad_light", "dark", "luma", -1),
        ("bad_light", "bright", "luma", 1),
        ("bad_light", "shadow", "shading", 1),
        ("bad_light", "backlight", "shading", 1),
        ("bad_light", "glare", "clipped", 1),
        ("bad_light", "cast", "cast", 1),
        ("low_resolution", "pixels", "pixels", -1),
        ("low_resolution", "jpeg", "jpeg", -1),
    ],
)
def test_each_fault_moves_its_measure_with_severity(phantom, fault, mode, measure, sign):
    if mode in ("away", "shift"):
        phantom = draw("lesion", 3, size=(600, 800), lesion_extent=0.05, lesion_class="ulcer")
    steps = np.array(ladder(phantom, fault, mode, measure)) * sign
    assert (np.diff(steps) >= -0.02 * abs(steps).max()).all()
    assert steps[-1] > steps[0]


def test_every_mode_of_every_fault_is_tried_above():
    assert sum(len(modes) for modes in MODES.values()) == 14


def test_coloured_light_changes_the_colour_and_not_the_brightness(phantom):
    scene = scene_of(phantom.rgb, phantom.mask)
    plain, lit = (
        take(scene, Plan(faults), np.random.default_rng(5), long_side=400, mild=False)
        for faults in ({}, {"bad_light": ("cast", 0.7)})
    )
    assert plain.measures.cast < 1 < 15 < lit.measures.cast
    assert lit.measures.luma == pytest.approx(plain.measures.luma, abs=0.06)
    red, _green, blue = (lit.rgb.astype(float).mean((0, 1)) - plain.rgb.astype(float).mean((0, 1))).tolist()
    assert abs(red - blue) > 15


def test_an_enlarged_photograph_brings_its_own_coarse_grain():
    flat = np.full((480, 640, 3), 130, np.uint8)
    steps = []
    for pixels in (480.0, 120.0):
        shot = take(Scene(flat, None, None, None, pixels), Plan({}), np.random.default_rng(4))
        luma = shot.rgb.astype(np.float32) @ LUMA
        steps.append(np.abs(np.diff(luma, axis=1)).mean() / luma.std())
    assert steps[1] < 0.7 * steps[0]


def test_healthy_skin_is_photographed_with_skin_in_the_frame():
    rgb = np.full((300, 400, 3), 120, np.uint8)
    subject = np.zeros((300, 400), bool)
    subject[:, :60] = True  # a forearm at the left edge

    def share_with_skin(known):
        scene = Scene(rgb, None, None, known, 300.0)
        frames = [choose_window(scene, np.random.default_rng(seed), 0.4) for seed in range(60)]
        seen = [subject[int(y0) : int(y1), int(x0) : int(x1)].mean() for x0, y0, x1, y1 in frames]
        return np.mean(np.array(seen) > 0.2)

    assert share_with_skin(subject) > share_with_skin(None) + 0.25


def sharpness(rgb):
    luma = rgb.astype(np.float32) @ LUMA
    return float(np.abs(np.diff(luma, axis=0)).mean() + np.abs(np.diff(luma, axis=1)).mean())


@pytest.mark.parametrize("mode", ["defocus", "motion"])
def test_blur_takes_detail_away(phantom, mode):
    rng = np.random.default_rng
    levels = [sharpness(worsen(phantom.rgb, phantom.mask, "blurry", s, rng(1), mode)) for s in LADDER]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < 0.5 * levels[0]


def test_lesion_only_blur_leaves_the_surroundings(phantom):
    out = worsen(phantom.rgb, phantom.mask, "blurry", 0.9, np.random.default_rng(1), "lesion_only")
    changed = np.abs(out.astype(int) - phantom.rgb.astype(int)).max(2)
    assert changed[:30].max() <= 2
    assert changed[phantom.mask].mean() > 3


def test_dark_and_bright_change_the_light(phantom):
    rng = np.random.default_rng(2)
    dark = worsen(phantom.rgb, phantom.mask, "bad_light", 0.8, rng, "dark")
    bright = worsen(phantom.rgb, phantom.mask, "bad_light", 0.8, rng, "bright")
    assert dark.mean() < 0.5 * phantom.rgb.mean()
    assert bright.mean() > 1.3 * phantom.rgb.mean()


def test_no_black_borders_when_framing_or_distance_change():
    phantom = draw("lesion", 4, size=(480, 640), lesion_extent=0.2, tone=0.2, lesion_class="ulcer")
    for fault in ("bad_framing", "too_far_away"):
        for seed in range(6):
            out = worsen(phantom.rgb, phantom.mask, fault, 0.9, np.random.default_rng(seed))
            edges = np.concatenate([out[0], out[-1], out[:, 0], out[:, -1]])
            assert (edges.max(1) < 12).mean() < 0.02


def test_the_same_generator_takes_the_same_photograph(phantom):
    scene = scene_of(phantom.rgb, phantom.mask)
    plan = Plan({"blurry": ("motion", 0.5), "bad_light": ("shadow", 0.5)})
    one, two = (take(scene, plan, np.random.default_rng(9), long_side=300) for _try in range(2))
    assert np.array_equal(one.rgb, two.rgb)
    assert one.measures == two.measures


def test_good_photographs_go_through_noise_and_jpeg_as_well(phantom):
    scene = scene_of(phantom.rgb, phantom.mask)
    shots = [take(scene, Plan({}), np.random.default_rng(seed), long_side=400) for seed in range(12)]
    assert all(58 <= shot.measures.jpeg <= 96 for shot in shots)
    assert all(shot.measures.extent > 0.15 and shot.measures.share > 0.9 for shot in shots)
    assert len({shot.rgb.shape for shot in shots}) > 1


def test_window_measures_are_exact():
    mask = np.zeros((100, 200), bool)
    mask[40:60, 100:140] = True
    scene = scene_of(np.zeros((100, 200, 3), np.uint8), mask)
    assert scene.box == (100, 40, 140, 60)
    view, extent, share, offset = window(scene, 120, 0, 200, 80, (160, 160))
    assert extent == pytest.approx(40 / 80)
    assert share == pytest.approx(0.5)
    assert offset == pytest.approx(np.hypot(40, 10) / 80)
    assert view.pixels == pytest.approx(80)
    assert view.mask.mean() == pytest.approx(400 / 6400, rel=0.05)


def test_a_guessed_lesion_says_nothing_about_framing():
    scene = Scene(np.full((90, 120, 3), 120, np.uint8), None, (10, 10, 110, 80), None, 90.0, guessed=True)
    for seed in range(8):
        measures = take(scene, Plan({}), np.random.default_rng(seed), long_side=120).measures
        assert measures.share == 1
        assert measures.offset <= 0.1


@pytest.mark.parametrize("shift", [None, 0.0, 1.0])
def test_windows_stay_inside_the_scene(phantom, shift):
    scene = scene_of(phantom.rgb, phantom.mask)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x0, y0, x1, y1 = choose_window(scene, rng, rng.uniform(0.5, 2), shift=shift)
        assert min(x0, y0) >= -1e-6
        assert x1 <= 400 + 1e-6
        assert y1 <= 300 + 1e-6
        assert min(x1 - x0, y1 - y0) > 20


def spread(kernel):
    half = kernel.shape[0] // 2
    ys, xs = np.mgrid[-half : half + 1, -half : half + 1]
    mean = (kernel * xs).sum(), (kernel * ys).sum()
    return np.sqrt((kernel * ((xs - mean[0]) ** 2 + (ys - mean[1]) ** 2)).sum() / 2)


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0])
def test_kernels_are_as_wide_as_they_say(sigma):
    for kernel in (disc_kernel(sigma), motion_kernel(sigma, np.random.default_rng(1))):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert spread(kernel) == pytest.approx(sigma, rel=0.12)


def test_linear_light_and_back_is_the_same_picture():
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    assert np.abs(to_srgb(to_linear(codes)).astype(int) - codes).max() <= 1


def test_box_of_takes_the_largest_part():
    mask = np.zeros((50, 50), bool)
    mask[2:4, 2:4] = True
    mask[20:40, 10:15] = True
    assert box_of(mask) == (10, 20, 15, 40)
    assert box_of(np.zeros((5, 5), bool)) is None


def test_faults_that_make_no_sense_are_refused(phantom):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="unknown fault"):
        worsen(phantom.rgb, phantom.mask, "ugly", 0.5, rng)
    with pytest.raises(ValueError, match="needs the mask"):
        worsen(phantom.rgb, None, "too_far_away", 0.5, rng)
    with pytest.raises(ValueError, match="unknown mode"):
        worsen(phantom.rgb, phantom.mask, "blurry", 0.5, rng, "glare")
