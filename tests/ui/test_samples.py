import cv2
import numpy as np
import pytest

from core.guidance.conditions import family
from core.guidance.hint import condition
from core.guidance.preset import load_preset
from core.photo import read_photo
from core.quality.registry import open_assessor
from core.ui import samples

SHOWS = {
    "clear": None,
    "clear-deep-tone": None,
    "dark": "bad_light",
    "blurred": "blurry",
    "little-detail": "low_resolution",
    "far": "too_far_away",
    "edge": "bad_framing",
    "plain-skin": "healthy_skin",
    "no-skin": "no_skin",
}


@pytest.mark.parametrize("name", samples.titles())
def test_every_sample_is_a_photo_like_any_other(name):
    photo = read_photo(samples.jpeg(name), name)
    assert max(photo.width, photo.height) >= 640
    assert photo.small.std() > 2
    small = read_photo(samples.thumbnail(name))
    assert max(small.width, small.height) <= 328


def test_samples_differ_and_are_named():
    digests = {read_photo(samples.jpeg(name)).sha256 for name in samples.titles()}
    assert len(digests) == len(samples.titles())
    assert len(set(samples.titles().values())) == len(digests)


def test_the_blurred_sample_is_the_softest_of_the_close_ones():
    def detail(name):
        grey = read_photo(samples.jpeg(name)).small.astype(np.float32).mean(axis=2)
        return np.abs(np.diff(grey, axis=1)).mean()

    assert detail("blurred") < detail("clear") / 2


@pytest.fixture(scope="module")
def assessor():
    return open_assessor("imageqx")


def test_every_sample_is_asked_about():
    assert set(SHOWS) == set(samples.titles())


@pytest.mark.parametrize("name", SHOWS)
def test_a_sample_gets_the_prompt_that_its_title_promises(assessor, name):
    preset = load_preset()
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    picture = cv2.imdecode(np.frombuffer(samples.jpeg(name), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    key = condition(assessor.assess(np.ascontiguousarray(picture), rule), preset)
    assert (key and family(key)) == SHOWS[name]
