"""Where Retake keeps files, on the computer that runs it."""

import os
from pathlib import Path


def data_folder() -> Path:
    """``RETAKE_DATA``, else ~/.local/share/retake."""
    base = os.environ.get("RETAKE_DATA")
    return Path(base) if base else Path.home() / ".local" / "share" / "retake"
