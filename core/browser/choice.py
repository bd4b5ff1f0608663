"""Where the live picture is checked: on the person's device, or on the server. No Streamlit here."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from core.i18n import _

VARIABLE: Final = "RETAKE_LIVE"
QUERY: Final = "live"
Way = Literal["device", "server"]
Lack = Literal["files", "assessor", "browser"]
WAYS: Final[tuple[Way, ...]] = get_args(Way)


@dataclass(frozen=True)
class Choice:
    """Where the picture is checked.

    Attributes:
        why: why it is not where it was wanted, in a sentence; empty otherwise.
        fixed: whether the person may not choose.
    """

    way: Way
    why: str = ""
    fixed: bool = False


def choose(*, fixed: str, asked: str, picked: str | None, lacking: Lack | None) -> Choice:
    """Choose the way: a study's, else the person's, else the address's, else on the device where that can be.

    Args:
        fixed: of the environment; ``device``, ``server``, or empty.
        asked: of the page's address, likewise.
        picked: by the person in this visit.
        lacking: what keeps this visit from the device, if anything.

    Raises:
        ValueError: ``fixed`` is something else; its message says what to do.
    """
    if fixed and fixed not in WAYS:
        message = _("There is no way {name}. Set {variable} to device or server, or unset it.")
        raise ValueError(message.format(name=fixed, variable=VARIABLE))
    wanted = fixed or picked or (asked if asked in WAYS else "") or "device"
    if wanted == "server" or lacking is None:
        return Choice("server" if wanted == "server" else "device", fixed=bool(fixed))
    return Choice("server", _why(lacking), fixed=bool(fixed))


def _why(lacking: Lack) -> str:
    return {
        "files": _("The picture is checked on the server: what a device needs for it is not installed here."),
        "assessor": _("The picture is checked on the server: the checks chosen here run nowhere else."),
        "browser": _("The picture is checked on the server: this browser cannot do it by itself."),
    }[lacking]


def name_of(way: Way) -> str:
    """What a way is called."""
    return {"device": _("On this device (private)"), "server": _("On the server (WebRTC)")}[way]
