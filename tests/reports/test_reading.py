import json

import pytest

from core.reports import reading


def test_a_missing_report_is_none(tmp_path):
    assert reading.load(tmp_path / "none.json") is None


@pytest.mark.parametrize("content", ["{", "[]", '{"sections": 3}', "\x00"])
def test_what_is_no_report_says_so_and_names_the_file(tmp_path, content):
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(reading.ReportError, match=r"odd\.json"):
        reading.load(path)


def test_bytes_that_are_no_text_say_so(tmp_path):
    path = tmp_path / "odd.json"
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(reading.ReportError, match=r"odd\.json"):
        reading.load(path)


def test_a_report_is_read(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"sections": {"validation": {"n": 3}}}))
    report = reading.load(path)
    assert reading.photo_sets(report) == ("validation",)
    assert reading.count(report, "sections", "validation", "n") == 3


def test_places_that_are_not_there_give_nothing():
    tree = {"a": {"b": [1, 2.5, None]}, "t": True, "w": "words", "i": float("nan")}
    assert reading.number(tree, "a", "b", 1) == 2.5
    assert reading.number(tree, "a", "b", 2) is None
    assert reading.number(tree, "a", "b", 9) is None
    assert reading.number(tree, "a", "x", "y") is None
    assert [reading.number(tree, key) for key in "twix"] == [None] * 4
    assert reading.pair(tree, "a", "b") == (1, 2.5)
    assert reading.pair(tree, "a") is None
    assert reading.points({"roc": [[0, 1], "x", [1]]}, "roc") == [(0, 1)]
    assert reading.items({"l": [{"a": 1}, 3]}, "l") == [{"a": 1}]
    assert reading.branch(None, "a") == {}


def test_new_collections_come_first():
    given = {"sections": {"phantoms": {"n": 1}, "validation": {"n": 1}, "left_out": {"n": 1}, "rated": {}}}
    assert reading.photo_sets(given) == ("left_out", "validation", "phantoms")
