"""Which light, which way: on made-up measures, and on drawn skin how often it is the right thing."""

import numpy as np
import pytest

from core.guidance.conditions import REFINED
from core.guidance.preset import load_preset
from core.guidance.refine import refined
from core.quality.image_stats import ImageStats, image_stats, moved
from core.quality.localization import LesionLocation
from core.runtime.preprocess import network_square
from core.synthetic.degrade import worsen
from core.synthetic.phantoms import draw

PRESET = load_preset()
COARSE = ["bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away", "no_skin", "healthy_skin"]


def seen(**changes):
    plain = {"skin": 0.9, "x": 0.0, "y": 0.0, "luma": 0.5, "blown": 0.0, "shading": 1.5}
    return ImageStats(**{**plain, **changes, "cells": np.full((28, 28), changes.get("cells", 180))})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "bad_light"),
        ({"luma": 0.1}, "too_dark"),
        ({"luma": 0.9}, "too_bright"),
        ({"blown": 0.02}, "glare"),
        ({"shading": 6.0}, "shadow"),
        ({"shading": 6.0, "luma": 0.2, "cells": 80}, "too_dark"),
        ({"shading": 6.0, "skin": 0.0}, "bad_light"),
        ({"luma": 0.9, "blown": 0.5, "shading": 6.0}, "too_bright"),
    ],
)
def test_which_light(changes, said):
    assert refined("bad_light", PRESET, seen(**changes)) == said


@pytest.mark.parametrize(
    ("where", "facing", "said"),
    [
        (LesionLocation(-0.6, 0.1), "environment", "move_left"),
        (LesionLocation(0.6, 0.1), "environment", "move_right"),
        (LesionLocation(-0.6, 0.1), "user", "move_right"),
        (LesionLocation(0.6, 0.1), "user", "move_left"),
        (LesionLocation(0.6, 0.1), None, "bad_framing"),
        (LesionLocation(0.1, -0.6), None, "move_up"),
        (LesionLocation(0.1, 0.6), "user", "move_down"),
        (LesionLocation(0.1, 0.1), "environment", "bad_framing"),
        (LesionLocation(0.6, 0.1, 1.0), "environment", "too_close"),
    ],
)
def test_which_way(where, facing, said):
    assert refined("bad_framing", PRESET, None, where, facing) == said


def test_without_a_spot_the_skin_says_the_way():
    assert refined("bad_framing", PRESET, seen(y=0.5)) == "move_down"
    assert refined("bad_framing", PRESET, seen(y=0.5, skin=0.01)) == "bad_framing"
    assert refined("bad_framing", PRESET) == "bad_framing"


@pytest.mark.parametrize("key", COARSE)
def test_a_refinement_stays_in_its_family_and_can_be_switched_off(key):
    off = PRESET.model_copy(
        update={"refine": PRESET.refine.model_copy(update={"light": False, "direction": False})}
    )
    for look in (None, seen(luma=0.1), seen(blown=0.1), seen(x=0.9)):
        for where in (None, LesionLocation(0.9, 0), LesionLocation(0, 0, 1)):
            said = refined(key, PRESET, look, where, "environment")
            assert said == key or REFINED[said] == key
            assert refined(key, off, look, where, "environment") == key


# What is right to say for each way in which light goes wrong, and in how many of 100 at least. Light
# from behind is uneven light; a coloured light is nothing that these words would mend.
RIGHT = {
    "dark": ({"too_dark"}, 90),
    "bright": ({"too_bright"}, 85),
    "shadow": ({"shadow"}, 85),
    "backlight": ({"shadow", "too_dark"}, 90),
    "glare": ({"glare"}, 85),
    "cast": ({"bad_light"}, 80),
}


@pytest.fixture(scope="module")
def drawings():
    """Drawn lesions by their seeds."""
    shapes, extents = [(480, 640), (640, 480), (360, 640)], (0.2, 0.35, 0.5)
    return {
        seed: draw("lesion", seed, shapes[seed % 3], lesion_extent=extents[seed % 3])
        for seed in range(300, 324)
    }


@pytest.mark.parametrize("mode", RIGHT)
def test_on_drawn_skin_the_right_light_is_named(drawings, mode):
    said = []
    for seed, drawn in drawings.items():
        worse = worsen(drawn.rgb, drawn.mask, "bad_light", 0.9, np.random.default_rng(seed), mode=mode)
        said.append(refined("bad_light", PRESET, image_stats(network_square(worse))))
    right, floor = RIGHT[mode]
    assert sum(key in right for key in said) >= floor / 100 * len(said) - 1, said


def test_on_drawn_skin_the_way_leads_to_the_middle():
    """By the skin alone: a limb at the edge of the frame."""
    for seed in range(6):
        for x, y, said in ((0.15, 0.5, "move_left"), (0.85, 0.5, "move_right")):
            square = np.full((224, 224, 3), (80, 90, 100), np.uint8)
            near = network_square(draw("healthy_skin", seed, (480, 640), lesion_extent=0.5).rgb)
            left = round(x * 224) - 33
            square[:, left : left + 67] = near[:, 78:145]
            assert refined("bad_framing", PRESET, image_stats(square), None, "environment") == said
            assert y == 0.5


def test_movement_is_told_from_noise_and_from_light():
    rng = np.random.default_rng(0)
    limit = PRESET.gate.moved_above
    large, small = [], []
    for seed in range(12):
        rgb = draw("lesion", seed, (600, 800), lesion_extent=0.35).rgb.astype(float)

        def view(x, y, gain=1.0, rgb=rgb):
            held = rgb[60 + y : 540 + y, 80 + x : 720 + x] * gain + rng.normal(0, 4, (480, 640, 3))
            return image_stats(network_square(np.clip(held, 0, 255).astype(np.uint8)))

        first = view(0, 0)
        small += [moved(first, view(0, 0)), moved(first, view(6, 3)), moved(first, view(0, 0, 1.05))]
        large += [moved(first, view(75, 40)), moved(first, view(-70, -50))]
    assert max(small) < limit
    assert min(large) > limit


def test_a_dark_or_a_white_picture_is_measured_all_the_same():
    for level, said in ((0, "too_dark"), (255, "too_bright")):
        look = image_stats(np.full((224, 224, 3), level, np.uint8))
        assert not look.has_skin
        assert look.shading == pytest.approx(1)
        assert refined("bad_light", PRESET, look) == said
