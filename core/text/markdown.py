"""Text that people wrote, on its way into what Streamlit reads as Markdown."""

from typing import Final

_SPECIAL: Final = frozenset("\\`*_{}[]()<>#+!|~$:")


def plain(text: str) -> str:
    """Text with nothing in it that Markdown would read."""
    return "".join(f"\\{letter}" if letter in _SPECIAL else letter for letter in text)
