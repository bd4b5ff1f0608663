import numpy as np
import pytest
from pydantic import ValidationError

from core.guidance.conditions import CALM_KEYS, KEYS
from core.guidance.contrast import contrast, layers, rgb_of
from core.guidance.outline import SHAPES, STATES, outline
from core.guidance.preset import load_preset
from core.guidance.preset_schema import Overlay
from core.live.guide import draw_guide, strokes
from core.quality.localization import LesionLocation

PLAIN = load_preset().overlay
COLOURS = ("#ffffff", "#8cebbe", "#000000", "#c08050", "#7f7f7f", "#ffd400", "#d00000", "#2040ff")
# Skin from very light to very dark, in the shade and in the sun.
SKINS = ((250, 225, 205), (230, 190, 165), (190, 140, 110), (140, 95, 70), (90, 58, 42), (45, 30, 24))


def picture(size=(240, 320), level=128):
    return np.full((*size, 3), level, np.uint8)


def drawn(key, size=(240, 320), level=128, where=None, **overlay):
    rgb = picture(size, level)
    draw_guide(rgb, key, where, PLAIN.model_copy(update=overlay))
    return rgb


def outlined(key, size=(240, 320), **overlay):
    return (drawn(key, size, **overlay) != 128).any(axis=2)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_three_states_differ_without_their_colours(shape):
    looks = [outlined(key, (720, 960), shape=shape) for key in ("ready", "searching", "blurry")]
    for one in range(3):
        for other in range(one):
            shared = (looks[one] & looks[other]).sum()
            assert shared < 0.6 * (looks[one] | looks[other]).sum(), (shape, one, other)


def test_each_shape_is_another():
    looks = [outlined("ready", shape=shape) for shape in SHAPES if shape != "corners_then_ring"]
    for one in range(len(looks)):
        for other in range(one):
            assert (looks[one] & looks[other]).sum() < 0.6 * (looks[one] | looks[other]).sum()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("state", STATES)
def test_a_shape_stays_within_its_size_and_is_closed_when_ready(shape, state):
    lines = outline(shape, state)
    assert all(len(line) >= 2 for line in lines)
    assert max(abs(part) for line in lines for point in line for part in point) < 1.03
    assert (lines[0][0] == lines[0][-1]) is (state == "ready")
    if state == "ready":
        assert min(np.hypot(x, y - 1) for x, y in lines[0]) < 1.01, "the tick lies on it"


@pytest.mark.parametrize("key", [key for key in KEYS if key not in CALM_KEYS])
def test_everything_to_put_right_has_the_same_outline(key):
    assert np.array_equal(drawn(key), drawn("blurry"))


@pytest.mark.parametrize("level", [0, 90, 170, 255])
@pytest.mark.parametrize("key", ["ready", "searching", "blurry"])
def test_the_shape_is_seen_on_dark_and_on_light(key, level):
    luma = drawn(key, level=level).mean(axis=2)
    assert np.abs(luma - level).max() > 80


def test_a_line_of_any_colour_has_an_edge_that_is_seen_on_any_skin():
    for red in range(0, 256, 51):
        for green in range(0, 256, 51):
            for blue in range(0, 256, 51):
                seen = layers((red, green, blue))
                assert seen[-1] == (red, green, blue)
                for skin in SKINS:
                    assert max(contrast(tint, skin) for tint in seen) >= 3, (red, green, blue, skin)


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("skin", [SKINS[0], SKINS[2], SKINS[-1]])
def test_every_chosen_colour_is_drawn_and_seen_on_every_skin(colour, skin):
    for key, field in (("ready", "colour_ready"), ("blurry", "colour")):
        rgb = np.full((240, 320, 3), skin, np.uint8)
        draw_guide(rgb, key, None, PLAIN.model_copy(update={field: colour}))
        there = {tuple(tint) for tint in rgb[(rgb != skin).any(axis=2)].tolist()}
        assert rgb_of(colour) in there
        assert max(contrast(tint, skin) for tint in there) >= 3


def test_a_thicker_line_covers_more_and_a_larger_guide_reaches_further():
    areas = [outlined("blurry", (480, 640), thickness=thickness).sum() for thickness in (1, 2, 3)]
    assert areas[2] > 1.3 * areas[1] > 1.6 * areas[0]
    widths = []
    for reach in (0.2, 0.4):
        rgb = picture()
        draw_guide(rgb, "ready", None, PLAIN.model_copy(update={"size": reach}))
        widths.append(np.ptp(np.nonzero((rgb != 128).any(axis=2))[1]))
    assert widths[1] > 1.7 * widths[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"colour": "#fff"},
        {"colour_ready": "#ggffff"},
        {"thickness": 0.1},
        {"thickness": 9},
        {"shape": "knee"},
        {"banner": "left"},
    ],
)
def test_what_cannot_be_drawn_is_refused(wrong):
    with pytest.raises(ValidationError):
        Overlay.model_validate({**PLAIN.model_dump(), **wrong})


@pytest.mark.parametrize("size", [(1, 1), (16, 9), (1080, 1920), (1920, 1080)])
@pytest.mark.parametrize("key", ["ready", "searching", "blurry"])
def test_any_size_will_do(key, size):
    assert drawn(key, size).shape == (*size, 3)


@pytest.mark.parametrize(("x", "y"), [(-0.8, 0.0), (0.8, 0.0), (0.0, -0.8), (0.7, 0.7)])
def test_an_arrow_leads_from_the_spot_to_the_middle_when_framing_is_to_be_put_right(x, y):
    plain, led = drawn("bad_framing"), drawn("bad_framing", where=LesionLocation(x, y))
    rows, columns = np.nonzero((led != plain).any(axis=2))
    assert (columns.mean() - 160) * x >= 0
    assert (rows.mean() - 120) * y >= 0
    reach = np.hypot((columns - 160) / 160, (rows - 120) / 120)
    assert reach.min() < 0.5 * np.hypot(x, y)
    assert reach.max() > 0.9 * np.hypot(x, y)


def test_there_is_no_arrow_for_other_faults_nor_for_a_spot_in_the_middle():
    plain = drawn("blurry")
    for key, where in (
        ("blurry", LesionLocation(0.8, 0)),
        ("bad_framing", LesionLocation(0.1, 0.1)),
        ("bad_framing", None),
    ):
        assert np.array_equal(drawn(key, where=where), plain)


def grown(progress, **overlay):
    rgb = picture()
    draw_guide(rgb, "counting", None, PLAIN.model_copy(update=overlay), progress)
    return (rgb != 128).any(axis=2)


def test_the_countdown_grows_around_the_ring_from_the_top():
    sizes = [grown(progress).sum() for progress in (0, 0.25, 0.5, 0.75, 1)]
    assert sizes == sorted(sizes)
    assert min(np.diff(sizes)) > 200
    quarter = grown(0.25, ring=False)
    assert quarter[:120, 160:].sum() > 0.9 * quarter.sum(), "the first quarter is the upper right one"


def test_without_the_guide_and_the_arrow_nothing_is_drawn_but_the_countdown():
    rgb = picture()
    off = PLAIN.model_copy(update={"ring": False, "arrow": False})
    for key in KEYS:
        assert not list(strokes(key, 320, 240, LesionLocation(0.8, 0), off))
        draw_guide(rgb, key, LesionLocation(0.8, 0), off)
    assert (rgb == 128).all()
    assert grown(0.5, ring=False).any()


def test_the_tick_of_the_largest_guide_stays_within_the_picture():
    *_lines, disc, _rim, _tick = strokes("ready", 640, 480, None, PLAIN.model_copy(update={"size": 0.48}))
    assert disc.width == 0, "it is filled"
    assert max(y for _x, y in disc.points) < 480


def test_the_middle_is_left_free():
    for key in ("ready", "searching", "blurry"):
        assert not outlined(key)[80:160, 120:200].any()
