import json
import logging
import sys

import pytest

from core.serving.logs import JsonLines


@pytest.fixture
def record():
    def made(message, *arguments, error=None):
        return logging.LogRecord("core.made_up", logging.ERROR, __file__, 1, message, arguments, error)

    return made


def test_a_record_is_one_line_of_json(record):
    line = JsonLines().format(record("%s failed\n“twice”", "Check"))
    assert "\n" not in line
    told = json.loads(line)
    assert told.pop("time").endswith("+00:00")
    assert told == {"level": "ERROR", "logger": "core.made_up", "message": "Check failed\n“twice”"}


def test_an_error_tells_where_it_was_and_not_what_it_was_handed(record):
    try:
        json.loads("{Ann's mole.jpg")
    except ValueError:
        line = JsonLines().format(record("Not read", error=sys.exc_info()))
    assert "mole" not in line
    error = json.loads(line)["error"]
    assert error["type"] == "JSONDecodeError"
    assert error["at"][0].startswith("tests/serving/test_json_log.py:")
    assert error["at"][-1].startswith("json/decoder.py:")
