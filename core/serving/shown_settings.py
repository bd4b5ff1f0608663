"""The environment's settings for the operator to see; of secrets only that they are set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Values that are no secret and identify no person. All others are shown as set, new ones too.
_OPEN: Final = frozenset(
    {
        "RETAKE_PRESET",
        "RETAKE_ASSESSOR",
        "RETAKE_LIVE",
        "RETAKE_LESION",
        "RETAKE_THREADS",
        "RETAKE_STREAMS",
        "RETAKE_ENGINE",
        "RETAKE_DATA",
        "RETAKE_ALLOW_SAVING",
        "RETAKE_EMBED_ORIGINS",
        "RETAKE_ISOLATED",
        "RETAKE_LOG",
    }
)
_HIDDEN: Final = frozenset(
    {
        "RETAKE_DATABASE_URL",
        "RETAKE_RAY_ADDRESS",
        "RETAKE_PHOTO_KEY",
        "RETAKE_RESEARCHER_PASSPHRASE",
        "RETAKE_RESEARCHERS",
        "RETAKE_ICE_SERVERS",
        "RETAKE_TURN_URL",
        "RETAKE_TURN_SECRET",
        "RETAKE_TURN_USERNAME",
        "RETAKE_TURN_PASSWORD",
        "RETAKE_METRICS_TOKEN",
    }
)
NAMES: Final = _OPEN | _HIDDEN


@dataclass(frozen=True)
class ShownSetting:
    """One variable.

    Attributes:
        name: such as ``RETAKE_LIVE``.
        is_set: whether the environment gives it a value.
        value: that value; None where it is not set, or not for showing.
    """

    name: str
    is_set: bool
    value: str | None = None


def shown(environment: Mapping[str, str]) -> tuple[ShownSetting, ...]:
    """Every setting that Retake knows, and every other ``RETAKE_`` variable of the environment, by name."""
    others = {name for name in environment if name.startswith("RETAKE_")}
    return tuple(_one(name, environment.get(name, "").strip()) for name in sorted(NAMES | others))


def _one(name: str, given: str) -> ShownSetting:
    return ShownSetting(name, bool(given), given if given and name in _OPEN else None)
