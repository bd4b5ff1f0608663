"""The Content-Security-Policy: what a page may load, run and talk to, and who may put it into a frame.

Why each part is as it is: docs/decisions/headers.md.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from typing import Final

_PARTS: Final = (
    ("default-src", "'none'"),
    ("style-src", "'self' 'unsafe-inline'"),
    ("img-src", "'self' data: blob:"),
    ("font-src", "'self' data:"),
    ("connect-src", "'self'"),
    ("media-src", "'self' blob:"),
    ("worker-src", "'self'"),
    ("frame-src", "'self'"),
    ("manifest-src", "'self'"),
    ("base-uri", "'none'"),
    ("form-action", "'self'"),
)
_SCRIPTS: Final = "script-src 'self' blob: 'wasm-unsafe-eval'"


class _Inline(HTMLParser):
    """Collects the scripts that stand in a page itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A script without an address begins."""
        self._inside = tag == "script" and "src" not in dict(attrs)
        if self._inside:
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        """Some of its text."""
        if self._inside:
            self.scripts[-1] += data

    def handle_endtag(self, tag: str) -> None:
        """It ends."""
        self._inside = False


def inline_scripts(page: str) -> tuple[str, ...]:
    """CSP sources (``'sha256-...'``) of the scripts that stand in a page itself, in order.

    Args:
        page: HTML.
    """
    found = _Inline()
    found.feed(page)
    found.close()
    digests = (hashlib.sha256(script.encode()).digest() for script in found.scripts)
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def policy(scripts: Sequence[str], ancestors: Iterable[str] | None) -> str:
    """The value of the header.

    Args:
        scripts: CSP sources of scripts beside those that every page may run.
        ancestors: origins of pages that may frame this one, beside the server's own; None for any page.
    """
    parts = [" ".join((_SCRIPTS, *scripts)), *(f"{name} {sources}" for name, sources in _PARTS)]
    if ancestors is not None:
        parts.append(" ".join(("frame-ancestors 'self'", *sorted(ancestors))))
    return "; ".join(parts)
