"""The report of one photo: one HTML page with the pictures in it, to print or to keep. No Streamlit here."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

import numpy as np
from PIL import Image

from core.data_uri import data_uri
from core.explain import Explanation
from core.explain.overlay import overlay
from core.guidance.hint import condition
from core.guidance.points import Point, shown_places
from core.guidance.preset import Preset
from core.guidance.preset_schema import ShotName
from core.i18n import _, direction, language, percent
from core.lesion.abstain import NOT_PASSED
from core.lesion.prediction import Prediction
from core.lesion.taxonomy import Taxonomy, shipped
from core.photo import Photo
from core.quality.labels import QUALITY_CLASSES
from core.quality.verdict import Verdict
from core.text.wording import (
    about_class,
    about_shares,
    abstained,
    beside,
    disclaimer,
    explanation_name,
    place_name,
    point_word,
    points_of,
    quality_name,
    say,
)

PHOTO_LONG_SIDE: Final = 1200
_STYLE: Final = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1c2b2c; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } h2 { font-size: 1.2rem; margin: 1.8rem 0 .5rem; }
p { margin: .3rem 0; } .quiet { color: #4d5c5d; font-size: .9rem; overflow-wrap: anywhere; }
.verdict { border-inline-start: .4rem solid #8a4b00; background: #fbecd6; padding: .8rem 1rem;
  margin: 1rem 0; }
.verdict.good { border-color: #0b6560; background: #e2efec; }
.verdict b { font-size: 1.2rem; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; flex: 1 1 12rem; max-width: 22rem; }
figure img { width: 100%; border-radius: .5rem; display: block; }
figcaption { color: #4d5c5d; font-size: .9rem; margin-top: .3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; padding-block: .35rem; padding-inline: 0 .5rem;
  border-bottom: 1px solid #dbd7ce; }
td.number { text-align: end; font-variant-numeric: tabular-nums; }
.notice { border: 1px solid #8a4b00; padding: .8rem 1rem; border-radius: .5rem; margin-top: 1.8rem; }
@media print { main { max-width: none; padding: 0; } tr, figure, .notice, .verdict { break-inside: avoid; }
  h2 { break-after: avoid; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def build_report(
    photo: Photo,
    verdict: Verdict,
    preset: Preset,
    *,
    made: datetime,
    thresholds: Mapping[str, float],
    prediction: Prediction | None = None,
    explain: Callable[[str], Explanation] | None = None,
    lesion_map: Explanation | None = None,
    taxonomy: Taxonomy | None = None,
    no_map: str = "",
    overridden: bool = False,
    networks: Mapping[str, str] | None = None,
    shot: ShotName | None = None,
) -> bytes:
    """Make the report: UTF-8 HTML that loads nothing and runs nothing.

    Args:
        made: the time to print on it, with its zone.
        thresholds: probability (0-1) per explanation from which it counts as a fault.
        prediction: what the person was shown; None leaves the section out.
        explain: where the assessor looked for an explanation; asked only for one that is to be improved, and
            a blank map is left out.
        lesion_map: heat map of the prediction, to print beside the photo.
        taxonomy: the words for the prediction's classes; those of the shipped ones when None.
        no_map: why there is no heat map of the prediction.
        overridden: the photo did not pass and was used anyway.
        networks: SHA-256 of each network that answered, by name.
        shot: which of a series' shots the photo is, where it is one.
    """
    text = say(verdict, preset, thresholds, shot)
    points = points_of(verdict, preset, thresholds)
    title = _("Retake: report of one photo")
    taxonomy = taxonomy or shipped()
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet"><bdi>{escape(photo.name or _("Photo"))}</bdi> · '
        f'<bdi dir="ltr">{photo.width} × {photo.height} px</bdi> · '
        f'<bdi dir="ltr">{escape(made.strftime("%Y-%m-%d %H:%M %Z").strip())}</bdi></p>',
        f'<div class="verdict{" good" if text.good else ""}"><b>{escape(text.headline)}</b>'
        f"<p>{escape(text.advice)}</p></div>",
        _pictures(
            photo, _quality_map(verdict, points, condition(verdict, preset), explain), lesion_map, taxonomy
        ),
        _quality(verdict, points, preset),
    ]
    if prediction is not None:
        parts.append(_prediction(prediction, taxonomy, overridden, no_map))
    parts.append(f'<p class="notice"><strong>{escape(disclaimer())}</strong></p>')
    parts.append(_fine_print(photo, verdict, preset, networks or {}))
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    page = (
        f'<!doctype html><html lang="{language()}" dir="{direction()}"><head>{head}</head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    )
    return page.encode("utf-8")


def file_name(photo: Photo, suffix: str = "html") -> str:
    """A name for a file about the photo, made of the photo's with nothing in it that a file system minds."""
    stem = re.sub(r"[^\w-]+", "-", photo.name.rsplit(".", 1)[0]).strip("-")[:60]
    return f"retake-{stem or photo.sha256[:8]}.{suffix}"


def _quality_map(
    verdict: Verdict,
    points: Sequence[Point],
    condition: str | None,
    explain: Callable[[str], Explanation] | None,
) -> Explanation | None:
    """Where the assessor saw the condition shown, else the first of what else is to be improved."""
    wanted = {point.key for point in points if point.condition == condition}
    places = sorted(shown_places(verdict, points), key=lambda place: place not in wanted)
    return explain(places[0]) if explain is not None and places else None


def _pictures(
    photo: Photo, quality_map: Explanation | None, lesion_map: Explanation | None, taxonomy: Taxonomy
) -> str:
    figures = [_figure(photo.jpeg(PHOTO_LONG_SIDE), _("The photo"))]
    if quality_map is not None and not quality_map.blank:
        caption = _("Where the check looked for: {point}").format(point=place_name(quality_map.target))
        figures.append(_figure(_heated(photo, quality_map), caption))
    if lesion_map is not None:
        name = taxonomy.lay_name(lesion_map.target)
        caption = _("Where the network looked for: {name}").format(name=name)
        figures.append(_figure(_heated(photo, lesion_map), caption))
    return f'<div class="pictures">{"".join(figures)}</div>'


def _figure(jpeg: bytes, caption: str) -> str:
    words = escape(caption)
    image = f'<img src="{data_uri(jpeg)}" alt="{words}">'
    return f"<figure>{image}<figcaption>{words}</figcaption></figure>"


def _heated(photo: Photo, explanation: Explanation) -> bytes:
    picture: np.ndarray = overlay(photo.small, explanation.heatmap)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=88)
    return out.getvalue()


def _answer(point: Point, preset: Preset) -> str:
    if not point.to_improve:
        return point_word(point.state)
    words = _("Nearly fine: {prompt}") if point.state == "nearly" else _("To improve: {prompt}")
    return words.format(prompt=preset.prompt(point.condition, language()).text)


def _quality(verdict: Verdict, points: Sequence[Point], preset: Preset) -> str:
    rows = []
    for point in points:
        figures = (point.share, point.threshold) if point.measured else (None, None)
        cells = "".join(
            f"<td class=number>{'–' if figure is None else percent(figure)}</td>" for figure in figures
        )
        rows.append(
            f"<tr><th scope=row>{escape(explanation_name(point.key))}</th>"
            f"<td>{escape(_answer(point, preset))}</td>{cells}</tr>"
        )
    head = "".join(
        f"<th scope=col>{escape(word)}</th>"
        for word in (_("Point"), _("Answer"), _("Likelihood of a fault"), _("Counts from"))
    )
    classes = " · ".join(
        f"{escape(quality_name(name))} {percent(verdict.quality[name])}" for name in QUALITY_CLASSES
    )
    return (
        f"<h2>{escape(_('What was checked'))}</h2><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table><p class=quiet>{classes}</p>"
    )


def _prediction(prediction: Prediction, taxonomy: Taxonomy, overridden: bool, no_map: str) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(taxonomy.lay_name(label))}</th>"
        f"<td>{escape(beside(label, taxonomy))}</td><td class=number>{percent(share, 1)}</td></tr>"
        for label, share in zip(prediction.labels, prediction.probabilities, strict=True)
    )
    reason = NOT_PASSED if overridden else prediction.reason
    warning = "" if reason is None else f'<p class="notice">{escape(abstained(reason).opened)}</p>'
    best = prediction.labels[0]
    about = about_class(best, taxonomy)
    notes = [f"{taxonomy.lay_name(best)}: {about}" if about else "", no_map]
    notes.append(about_shares(len(prediction.labels)))
    return (
        f"<h2>{escape(_('What it looks most like'))}</h2>{warning}<table><tbody>{rows}</tbody></table>"
        + "".join(f"<p class=quiet>{escape(note)}</p>" for note in notes if note)
    )


def _fine_print(photo: Photo, verdict: Verdict, preset: Preset, networks: Mapping[str, str]) -> str:
    lines = [
        _("Photo SHA-256: {digest}").format(digest=photo.sha256),
        _("Assessor: {assessor}; preset: {preset}, version {version}").format(
            assessor=verdict.assessor, preset=preset.name, version=preset.version
        ),
    ]
    lines += [
        _("Network {name}: {digest}").format(name=name, digest=digest) for name, digest in networks.items()
    ]
    return "".join(f'<p class="quiet">{escape(line)}</p>' for line in lines)
