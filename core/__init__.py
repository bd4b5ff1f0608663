"""Retake: coach a person through taking a skin photo that a dermatologist can use."""

from typing import Final

VERSION: Final = "0.1.0"
"""As in ``pyproject.toml``."""
