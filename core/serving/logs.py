"""The log as JSON lines: for programs that collect it, without what people handed in."""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parents[2]


class JsonLines(logging.Formatter):
    """One JSON object a record: ``time``, ``level``, ``logger``, ``message``, and ``error`` if any.

    An error is its type and the places that it passed (file, line, function), outermost first. Its own words
    are left out: libraries put into them what they were handed, such as a file's name or a field's content.
    """

    def format(self, record: logging.LogRecord) -> str:
        """A record as one line without a newline."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, _error, passed = record.exc_info
            line["error"] = {
                "type": kind.__qualname__,
                "at": [_place(one) for one in traceback.extract_tb(passed)],
            }
        return json.dumps(line, ensure_ascii=False)


def _place(passed: traceback.FrameSummary) -> str:
    path = Path(passed.filename)
    short = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else Path(*path.parts[-2:])
    return f"{short.as_posix()}:{passed.lineno} {passed.name}"
