"""Links to a study: their addresses, their QR codes, and the way back to a recruiting panel."""

import io
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import segno

from core.spreadsheet import csv_of
from core.study.design import Completion
from core.study.store.links import Link

PARAMETER: Final = "study"
"""What the token is called in a link's address."""
PAGE: Final = "take-part"
_CARDS: Final = (
    "body{font:11pt sans-serif}ul{list-style:none;padding:0;display:grid;gap:6mm;"
    "grid-template-columns:repeat(3,1fr)}li{border:1px dashed #888;padding:4mm;text-align:center;"
    "break-inside:avoid}svg{width:40mm;height:40mm}p{margin:2mm 0 0;overflow-wrap:anywhere}"
)
_FILLED: Final = re.compile(r"\{([A-Za-z][A-Za-z0-9_]{0,39})\}")


def address_of(link: Link, server: str, panel: Completion | None = None) -> str:
    """The address that participants open.

    Args:
        server: where the app is, such as ``https://retake.example/app``.
        panel: the completion whose parameters a recruiting panel is to fill in: each stands at the end as
            ``NAME={{%NAME%}}``, the form in which Prolific and others want it.
    """
    scheme, host, path, _query, _fragment = urlsplit(server)
    address = urlunsplit((scheme, host, f"{path.rstrip('/')}/{PAGE}", urlencode({PARAMETER: link.token}), ""))
    return address + "".join(f"&{name}={{{{%{name}%}}}}" for name in (panel.passed_on if panel else ()))


def qr_svg(address: str, scale: float = 4.0) -> str:
    """A QR code of an address as an SVG image, black on white with its quiet zone.

    Args:
        scale: pixels a module.
    """
    out = io.BytesIO()
    segno.make(address, micro=False).save(out, kind="svg", scale=scale, light="#fff", xmldecl=False)
    return out.getvalue().decode("utf-8")


def batch_csv(links: Iterable[Link], server: str) -> bytes:
    """A batch for a mail merge, as CSV: its label, the link's id, its arm and address."""
    rows = [(link.label, link.link_id, link.arm or "", address_of(link, server)) for link in links]
    return csv_of(("batch", "link", "arm", "address"), rows)


def cards_html(links: Iterable[Link], server: str, title: str) -> str:
    """A page to print and cut: a card for each link, with its QR code, its batch and its id.

    The arm is not on it: who hands out the cards, and who gets one, need not know it.
    """
    cards = "".join(
        f"<li>{qr_svg(address_of(link, server))}<p>{escape(link.label)} <code>{escape(link.link_id)}</code>"
        for link in links
    )
    return (
        f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title><style>{_CARDS}</style>'
        f"<h1>{escape(title)}</h1><ul>{cards}</ul>"
    )


def completion_url(completion: Completion, panel: Mapping[str, str]) -> str:
    """Where a participant goes at the end, "" for nowhere.

    ``{NAME}`` in the address becomes what the panel gave for it, percent-encoded ("" where it gave nothing);
    parameters that are passed on and stand nowhere in it are added to its query.
    """
    if completion.url is None:
        return ""
    named = set(_FILLED.findall(completion.url))

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        return quote(panel.get(name, ""), safe="") if name in completion.passed_on else match[0]

    scheme, host, path, query, fragment = urlsplit(_FILLED.sub(fill, completion.url))
    there = {name for name, _value in parse_qsl(query, keep_blank_values=True)} | named
    more = {name: panel[name] for name in completion.passed_on if name in panel and name not in there}
    query = "&".join(part for part in (query, urlencode(more)) if part)
    return urlunsplit((scheme, host, path, query, fragment))
