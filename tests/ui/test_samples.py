import numpy as np
import pytest

from core.photo import read_photo
from core.ui import samples


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
