"""The kind of device that a participant uses: one word of the four, and nothing else of the browser."""

from typing import Literal

DeviceClass = Literal["phone", "tablet", "computer", "unknown"]


def device_class(user_agent: str) -> DeviceClass:
    """The kind of device that a browser says it runs on.

    A recent iPad says that it is a computer, and is taken for one.

    Args:
        user_agent: as sent by the browser; it is not kept.
    """
    if not user_agent:
        return "unknown"
    if "iPad" in user_agent or "Tablet" in user_agent:
        return "tablet"
    if "Mobi" in user_agent:
        return "phone"
    return "tablet" if "Android" in user_agent else "computer"
