"""How long the server waits for STUN and TURN before it answers a camera: aiortc has no setting for it."""

from functools import partialmethod
from typing import Any, Final

from aiortc import rtcicetransport

WAIT_S: Final = 1.5
"""Two round trips to a relay, with one packet lost on the way.

What has not answered by then is left out, as if it were not there. aioice itself waits 5 seconds, and so
would every start of a camera where a firewall drops what is sent to the server that is named.
"""
_GATHERS: Final = "get_component_candidates"


def bound() -> None:
    """From here on no connection of this process waits longer; may be called again."""
    connection: Any = vars(rtcicetransport)["Connection"]
    plain = vars(connection)[_GATHERS]
    if not isinstance(plain, partialmethod):
        setattr(connection, _GATHERS, partialmethod(plain, timeout=WAIT_S))
