"""Frames on their way through streamlit-webrtc: the newest wins there too, as in the engine's mailboxes."""

from functools import partialmethod
from typing import Any, Final

from aiortc.contrib.media import MediaRelay

_SUBSCRIBES: Final = "subscribe"


def newest_only() -> None:
    """From here on no relay of this process queues frames for who takes them; may be called again.

    streamlit-webrtc hands frames on by queues without a limit: before the callback, and before the encoder of
    the way back. Where a core is short these grow, so that old frames are encoded and the person sees
    themself later and later. A frame that nobody has taken when the next one comes is dropped now, before it
    is encoded.
    """
    relay: Any = MediaRelay
    plain = vars(relay)[_SUBSCRIBES]
    if not isinstance(plain, partialmethod):
        setattr(relay, _SUBSCRIBES, partialmethod(plain, buffered=False))
