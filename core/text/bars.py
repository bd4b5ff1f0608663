"""Verdict line and bar lists as HTML, made of escaped words and numbers."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from core.guidance.points import Point, State
from core.guidance.preset import Preset
from core.i18n import _, language, percent
from core.lesion.taxonomy import Taxonomy
from core.text.wording import VerdictText, about_bars, beside, explanation_name, point_word


def verdict_line(text: VerdictText) -> str:
    """The verdict with its sign (a tick or an arrow round, so that colour is not alone in saying it)."""
    kind, sign = ("good", "✓") if text.good else ("ask", "↻")
    return (
        f'<div class="rt-verdict {kind}"><span class="rt-sign" aria-hidden="true">{sign}</span>'
        f"<div><b>{escape(text.headline)}</b><p>{escape(text.advice)}</p></div></div>"
    )


_KINDS: Final[Mapping[State, str]] = {"fault": "fix", "nearly": "near", "fine": "fine", "unjudged": "rest"}


def explanation_list(points: Iterable[Point], preset: Preset) -> str:
    """The five points: name, how each stands, and a bar with a line from where a fault counts.

    A bar that would say something else than the word is left out.
    """
    points = list(points)
    rows = "".join(_explanation(point, preset) for point in points)
    legend = bar_legend() if any(point.measured for point in points) else ""
    return f'<ul class="rt-list">{rows}</ul>{legend}'


def _explanation(point: Point, preset: Preset) -> str:
    kind = _KINDS[point.state]
    note = ""
    if point.to_improve:
        note = f'<p class="rt-note">{escape(preset.prompt(point.condition, language()).text)}</p>'
    return (
        f'<li><div class="rt-row"><span class="rt-name">{escape(explanation_name(point.key))}</span>'
        f'<span class="rt-{kind}-word">{escape(point_word(point.state))}</span></div>'
        f"{_bar(point, kind) if point.measured else ''}"
        f"{note}</li>"
    )


def _bar(point: Point, kind: str) -> str:
    return (
        f'<div class="rt-bar {kind}" aria-hidden="true"><i style="width:{point.share:.1%}"></i>'
        f'<u style="inset-inline-start:{point.threshold:.1%}"></u></div>'
    )


def bar_legend() -> str:
    """What the bars and the lines across them mean."""
    return (
        '<div class="rt-legend rt-bars"><span class="rt-bar" aria-hidden="true"><i></i><u></u></span>'
        f"<span>{escape(about_bars())}</span></div>"
    )


def class_list(labels: Iterable[str], probabilities: Iterable[float], taxonomy: Taxonomy) -> str:
    """Lesion classes with a bar each, in the order given (best first): lay words, then the term.

    A class that was learnt from few photos says so.
    """
    rows = []
    for place, (label, share) in enumerate(zip(labels, probabilities, strict=True)):
        rows.append(
            f'<li><div class="rt-row"><span><span class="rt-name">{escape(taxonomy.lay_name(label))}</span> '
            f'<span class="rt-term">{escape(beside(label, taxonomy))}</span></span>'
            f'<span class="rt-value">{percent(share)}</span></div>'
            f'<div class="rt-bar{" rest" if place else ""}" aria-hidden="true">'
            f'<i style="width:{share:.1%}"></i></div></li>'
        )
    return f'<ol class="rt-list">{"".join(rows)}</ol>'


def heat_legend() -> str:
    """What the colours of a heat map mean; they are those of ``core.explain.overlay``."""
    return (
        f'<div class="rt-legend"><span>{escape(_("looked at less"))}</span><i></i>'
        f"<span>{escape(_('looked at most'))}</span></div>"
    )
