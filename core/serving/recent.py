"""The last lines of the log, kept for the operator to see."""

import json
import logging
from collections import deque
from typing import Any, Final

from core.serving.logs import JsonLines

MOST: Final = 50


class Recent(logging.Handler):
    """Keeps the last `MOST` warnings and errors, as `core.serving.logs.JsonLines` tells them.

    That is without what people handed in: an error is its type and the places that it passed.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(JsonLines())
        self._lines: deque[str] = deque(maxlen=MOST)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self._lines.append(self.format(record))

    def lines(self) -> list[dict[str, Any]]:
        """What is kept, the newest first."""
        return [json.loads(line) for line in reversed(self._lines.copy())]


RECENT: Final = Recent()
"""This process's own; ``serve.py`` puts it at the logger ``core``."""
