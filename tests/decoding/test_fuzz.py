"""A short run of the fuzzer; the long one is `python -m scripts.fuzz_photos`."""

import pytest

from core.photo import read_photo
from scripts import fuzz_photos


@pytest.mark.parametrize("name", [name for name in fuzz_photos.corpus() if name != "gif"])
def test_what_is_damaged_is_sound_at_first(name):
    assert read_photo(fuzz_photos.corpus()[name]).width in fuzz_photos._SIZE


def test_damaged_files_are_read_or_refused_by_name_and_cost_little(tmp_path):
    report = fuzz_photos.run(400, seed=1, keep=tmp_path)
    assert report.faults == []
    assert report.cases == 400
    assert report.outcomes["read"] > 20, "not every damage is fatal"
    assert report.outcomes["corrupt"] > 100


def test_a_case_is_the_same_each_time_and_another_with_each_number():
    assert fuzz_photos.case(0, 5) == fuzz_photos.case(0, 5)
    assert fuzz_photos.case(0, 5) != fuzz_photos.case(0, 5 + len(fuzz_photos.corpus()))


def test_what_breaks_a_promise_is_told_and_kept(tmp_path, monkeypatch):
    def broken(data):
        if data[:2] == b"\xff\xd8":
            raise ValueError("a decoder's own")
        return read_photo(data)

    monkeypatch.setattr(fuzz_photos, "read_photo", broken)
    monkeypatch.setattr(fuzz_photos, "_DAMAGE", (lambda data, rng: None,))
    report = fuzz_photos.run(8, keep=tmp_path)
    number, name, wrong = report.faults[0]
    assert (number, name) == (0, "jpeg")
    assert "a decoder's own" in wrong
    assert (tmp_path / "0-0-jpeg").read_bytes() == fuzz_photos.corpus()["jpeg"]
