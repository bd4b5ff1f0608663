"""Verdict line and bar lists as HTML, made of escaped words and numbers."""

from collections.abc import Iterable, Mapping
from html import escape

from core.guidance.preset import Preset
from core.lesion.taxonomy import Taxonomy
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import Verdict
from core.ui.wording import Saying, beside, explanation_name
from core.words import _, language, percent


def verdict_line(saying: Saying) -> str:
    """The verdict with its sign (a tick or an arrow round, so that colour is not alone in saying it)."""
    kind, sign = ("good", "✓") if saying.good else ("ask", "↻")
    return (
        f'<div class="rt-verdict {kind}"><span class="rt-sign" aria-hidden="true">{sign}</span>'
        f"<div><b>{escape(saying.headline)}</b><p>{escape(saying.advice)}</p></div></div>"
    )


def explanation_list(verdict: Verdict, thresholds: Mapping[str, float], preset: Preset) -> str:
    """The five explanations: name, fine or not, and a bar with a mark where the fault would begin.

    Args:
        thresholds: probability (0-1) per explanation from which it counts as a fault.
    """
    return f'<ul class="rt-list">{"".join(_explanations(verdict, thresholds, preset))}</ul>'


def _explanations(verdict: Verdict, thresholds: Mapping[str, float], preset: Preset) -> Iterable[str]:
    for key in EXPLANATIONS:
        fault = key in verdict.flagged
        word = _("To improve") if fault else _("Fine")
        advice = f'<p class="rt-note">{escape(preset.prompt(key, language()).text)}</p>' if fault else ""
        share, mark = verdict.explanations[key], thresholds[key]
        yield (
            f'<li><div class="rt-row"><span class="rt-name">{escape(explanation_name(key))}</span>'
            f'<span class="{"rt-fix-word" if fault else "rt-fine-word"}">{escape(word)}</span></div>'
            f'<div class="rt-bar{" fix" if fault else ""}" aria-hidden="true">'
            f'<i style="width:{share:.1%}"></i><u style="inset-inline-start:{mark:.1%}"></u></div>'
            f"{advice}</li>"
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
