"""Addresses that are handed out: of the capture flow with a preset, as a link, a QR code or a frame."""

import io
from html import escape
from typing import Final
from urllib.parse import urlencode

import segno

# A code of more than so many letters has parts too small for a phone's camera.
MOST_LETTERS: Final = 500
_FRAME: Final = (390, 780)


def capture_query(
    preset: str, language: str = "", three: bool = False, way: str = "", embed: bool = False
) -> str:
    """The query of the capture flow's address; what is left out stays the person's or the browser's choice.

    Args:
        preset: ``NAME`` or ``NAME@VERSION``.
        language: such as ``"de"``.
        three: whether a series of three photos is asked for.
        way: ``"device"`` or ``"server"``, where the picture is checked.
        embed: whether the flow stands alone, in another page's frame.
    """
    asked = {
        "embed": "true" if embed else "",
        "preset": preset,
        "lang": language,
        "photos": "3" if three else "",
        "live": way,
    }
    return urlencode({name: value for name, value in asked.items() if value}, safe="@")


def embed_snippet(address: str, title: str) -> str:
    """HTML that shows an address of the capture flow in another page; see docs/embedding.md.

    Args:
        title: what a screen reader calls the frame.
    """
    width, height = _FRAME
    return (
        f'<iframe\n  title="{escape(title)}"\n  allow="camera"\n  src="{escape(address)}"\n'
        f'  width="{width}" height="{height}" style="border: 0; max-width: 100%"></iframe>'
    )


def qr_svg(address: str) -> str | None:
    """An address as a QR code in SVG, dark on light everywhere; None where it is too long for one."""
    if len(address) > MOST_LETTERS:
        return None
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", xmldecl=False, light="#fff", scale=4)
    return out.getvalue().decode("utf-8")
