"""The stage's markup and styles: Streamlit is handed them, and a page without its server loads them."""

from pathlib import Path
from typing import Final

_WEB: Final = Path(__file__).with_name("web")
_STYLES: Final = ("banner.css", "cues.css", "view.css", "card.css")


def web(name: str) -> str:
    """The text of a file that browsers load, by its name."""
    return (_WEB / name).read_text(encoding="utf-8")


def html() -> str:
    """What the stage is made of."""
    return web("view.html").replace("<!-- banner -->", web("banner.html"))


def css() -> str:
    """How it looks."""
    return "".join(map(web, _STYLES))
