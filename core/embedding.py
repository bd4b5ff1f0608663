"""Retake inside another page's frame: which pages receive the outcome, and what it holds. No Streamlit here.

docs/embedding.md is for the developer of the page around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from core.quality.verdict import Verdict

VARIABLE: Final = "RETAKE_EMBED_ORIGINS"
NOBODY: Final = "none"
"""As ``RETAKE_EMBED_ORIGINS``: no page may frame this one."""
VERSION: Final = 1
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Parent:
    """The page around Retake.

    Attributes:
        origin: where it comes from; None where nothing is sent.
        stranger: an origin that the address names and the operator does not, or nothing.
        picture: whether it asks for pictures too. The person decides.
    """

    origin: str | None = None
    stranger: str = ""
    picture: bool = False


@dataclass(frozen=True)
class Shown:
    """A photo as it is reported to the frame's parent; ``shot`` is None for a photo alone."""

    verdict: Verdict
    overridden: bool
    shot: str | None = None


def origin_of(text: str) -> str | None:
    """An origin as browsers write it, such as ``https://clinic.example``; None where the text is none.

    A path, a query or a name and password make it none: an origin has no such things.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host or parts.path not in ("", "/"):
        return None
    if parts.query or parts.fragment or parts.username is not None or set(host) & set("*,; \\"):
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


def allowed(setting: str) -> frozenset[str]:
    """The origins of ``RETAKE_EMBED_ORIGINS``: apart by commas or spaces; what is no origin is left out."""
    found = (origin_of(part) for part in _parts(setting))
    return frozenset(origin for origin in found if origin is not None)


def unusable(setting: str) -> tuple[str, ...]:
    """What is left out of ``RETAKE_EMBED_ORIGINS``, but for the word ``none``."""
    return tuple(part for part in _parts(setting) if origin_of(part) is None and part.lower() != NOBODY)


def _parts(setting: str) -> list[str]:
    return setting.replace(",", " ").split()


def parent(setting: str, asked: str, picture: str) -> Parent:
    """The page around Retake, as far as it may be told anything.

    Args:
        setting: ``RETAKE_EMBED_ORIGINS``.
        asked: ``parent`` of the page's address: anyone may have written it.
        picture: ``picture`` of the address, likewise.
    """
    if not asked:
        return Parent()
    origin = origin_of(asked)
    if origin is None or origin not in allowed(setting):
        return Parent(stranger=asked[:100])
    return Parent(origin, picture=picture == "true")


def message(kind: str, **facts: Any) -> dict[str, Any]:
    """What a parent gets: who speaks, in which version, of what."""
    return {"source": "retake", "version": VERSION, "type": kind, **facts}


def outcome(identity: str, preset: str, language: str, photos: Sequence[Shown]) -> dict[str, Any]:
    """The outcome of a visit: whether each photo passes and what is wrong, without picture or prediction.

    Args:
        identity: names this outcome; a message that comes twice has the same.
        preset: its name and version, such as ``balanced@2``.
    """
    outcomes = [
        {
            "shot": photo.shot,
            "passes": photo.verdict.passes,
            "overridden": photo.overridden,
            "label": photo.verdict.label,
            "flagged": list(photo.verdict.flagged),
            "width": photo.verdict.width,
            "height": photo.verdict.height,
        }
        for photo in photos
    ]
    return message("outcome", id=identity, preset=preset, language=language, photos=outcomes)
