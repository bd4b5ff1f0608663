"""Tries that were not used, as small pictures with what was wrong; and the first beside the photo kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from core.data_uri import data_uri
from core.i18n import _

MOST: Final = 6


@dataclass(frozen=True)
class Tried:
    """One try that was not used; in memory alone.

    Attributes:
        jpeg: a small picture of it.
        advice: what was wrong, as the person was told.
    """

    jpeg: bytes
    advice: str


def strip(tries: Sequence[Tried]) -> str:
    """The newest few tries as HTML, oldest first; empty without any."""
    if not tries:
        return ""
    first = max(0, len(tries) - MOST)
    items = "".join(
        f'<li><img alt="{escape(_("Try {number}, not used").format(number=number))}" '
        f'src="{data_uri(tried.jpeg)}"><span>{number}. {escape(tried.advice)}</span></li>'
        for number, tried in enumerate(tries[first:], first + 1)
    )
    return f'<ol class="rt-tries" aria-label="{escape(_("Your tries so far"))}">{items}</ol>'


def comparison(before: Tried, after: bytes) -> str:
    """The first try beside the photo that was used (a JPEG), as HTML."""
    figures = (
        (before.jpeg, f"{_('Your first try')}: {before.advice}"),
        (after, _("The photo that was used")),
    )
    # The words below a picture are its name.
    inside = "".join(
        f'<figure><img alt="" src="{data_uri(jpeg)}"><figcaption>{escape(advice)}</figcaption></figure>'
        for jpeg, advice in figures
    )
    return f'<section class="rt-compare"><h2>{escape(_("Before and after"))}</h2>{inside}</section>'
