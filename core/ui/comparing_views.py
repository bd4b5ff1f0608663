"""What the Compare page shows: one photo side by side, tables and curves of many, and the operating point."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import streamlit as st

from core.compare import export, operating
from core.compare.answers import Judge
from core.compare.export import Compared
from core.compare.operating import OperatingPoint
from core.compare.tables import curves, curves_title, tables
from core.compare.words import costs, in_one_sentence
from core.designer import saving
from core.explain.overlay import overlay
from core.guidance.points import shown_places
from core.guidance.preset import Preset
from core.guidance.preset_content import content_of, yaml_of
from core.i18n import _, in_sentence, in_this_language, ngettext
from core.photo import Photo
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import Explains
from core.reports.plots import figure
from core.reports.svg import words
from core.reports.tables import STYLE
from core.text import bars
from core.text.markdown import plain
from core.text.wording import place_name, points_of, quality_name, say
from core.ui import preset_saving, session
from core.ui.comparing import Compare, Item
from core.ui.designer_draft import label

_SHOWN_LONG_SIDE: Final = 640
_SAVED_KEY: Final = "compare-saved"


@contextmanager
def progress(total: int) -> Iterator[Callable[[int, str], None]]:
    """A bar while photos are judged; none for a single one."""
    bar = st.progress(0.0, _("Checking")) if total > 1 else None

    def told(done: int, name: str) -> None:
        if bar is not None:
            sentence = _("Checking {name}, {number} of {total}")
            bar.progress(done / total, sentence.format(name=plain(name), number=done + 1, total=total))

    yield told
    if bar is not None:
        bar.empty()


# ---------------------------------------------------------------- one photo


def one_photo(item: Item, who: Sequence[Judge]) -> None:
    """The verdicts on one photo side by side (one below the other on a phone), with the maps there are."""
    photo, verdicts, preset = item.photo, item.compared.verdicts, session.preset()
    if photo is None:
        return
    st.markdown(f"**{in_one_sentence(verdicts)}**")
    found = {judge.name: points_of(verdicts[judge.name], preset, judge.rule.thresholds) for judge in who}
    places = {name: shown_places(verdicts[name], points) for name, points in found.items()}
    target = _target(photo, places)
    with st.container(key="rt-judges"):
        for judge in who:
            with st.container(gap="small"):
                st.subheader(f"`{judge.name}`", anchor=False)
                _picture(photo, judge, _shown(target, places[judge.name]))
                saying = say(verdicts[judge.name], preset, judge.rule.thresholds)
                st.html(bars.verdict_line(saying) + bars.explanation_list(found[judge.name], preset))
                st.caption(
                    _("{milliseconds} ms").format(milliseconds=f"{verdicts[judge.name].milliseconds:.0f}")
                )


def _target(photo: Photo, places: Mapping[str, Sequence[str]]) -> str | None:
    """Which point is to be shown in the photo: the first that anybody wants improved, at first.

    Args:
        places: by assessor, what it can show a place of.
    """
    offered = [key for key in (*EXPLANATIONS, "poor_quality") if any(key in one for one in places.values())]
    if not offered:
        return None
    return st.pills(
        _("Show me where"),
        offered,
        format_func=place_name,
        default=offered[0],
        key=f"compare-where-{photo.sha256[:8]}",
        help=_("Colours the parts of the photo that the network looked at for this point."),
        wrap=True,
    )


def _shown(target: str | None, places: Sequence[str]) -> str | None:
    """What one assessor shows where ``target`` was asked for: that, or all that it knows a place of.

    None where it saw nothing of the kind: a map of what is not there would still be brightest somewhere.
    """
    if target in places:
        return target
    return "poor_quality" if target is not None and "poor_quality" in places else None


def _picture(photo: Photo, judge: Judge, target: str | None) -> None:
    if target is None or not isinstance(judge.assessor, Explains):
        shown = session.held(("compared", photo.sha256), lambda: photo.jpeg(_SHOWN_LONG_SIDE))
        st.image(shown, width="stretch", alt=_("Your photo"))
        if target is not None:
            st.caption(_("This assessor cannot show where it looked."))
        return
    explainer = judge.assessor
    seen = session.held((judge.name, target, photo.sha256), lambda: explainer.explain(photo.small, target))
    name = in_sentence(place_name(target))
    alt = _("Your photo, coloured where the network looked to judge {point}").format(point=name)
    st.image(overlay(photo.small, seen.heatmap), width="stretch", alt=f"{judge.name}: {alt}")
    if seen.blank:
        st.caption(_("No place in the photo stands out for this point: it is judged over all of it."))


# ---------------------------------------------------------------- many photos


def summary(compared: Compare) -> None:
    """How many photos the assessors agree on, in a sentence."""
    passes = [answers.passes for answers in compared.answers.values()]
    count = len(compared.identities)
    agreed = int(sum(len({bool(one[place]) for one in passes}) == 1 for place in range(count)))
    sentence = ngettext(
        "On {agreed} of {total} photos all assessors say the same: it passes, or it does not.",
        "On {agreed} of {total} photos all assessors say the same: they pass, or they do not.",
        agreed,
    )
    st.markdown(f"**{sentence.format(agreed=agreed, total=count)}**")
    if count < 30:
        st.caption(_("With so few photos the figures are rough: look at the intervals."))


def figures(compared: Compare) -> None:
    """The tables of figures, and a curve of each assessor where labels allow it."""
    drawn = "".join(table.html() for table in tables(compared.report))
    plots = "".join(figure(plot, inline=False) for plot in curves(compared.report))
    if plots:
        drawn += f'<p class="ev-note">{words(curves_title())}</p><div class="ev-plots many">{plots}</div>'
    st.html(f"<style>{STYLE}</style>{drawn}")


def rows(photos: Sequence[Compared], compared: Compare) -> list[dict[str, str]]:
    """Rows for the screen: picture, each assessor's answer, what raters found, and the file."""
    found = []
    for photo in photos:
        row = {"picture": photo.thumbnail}
        row |= {name: export.answer(photo.verdicts[name]) for name in compared.answers}
        if compared.truth is not None:
            known = compared.labels.by_photo.get(photo.name)
            row["raters"] = quality_name(known.quality) if known else ""
        found.append(row | {"file": photo.name})
    return found


def downloads(every: Sequence[Compared], compared: Compare) -> None:
    """The comparison as a CSV of all files, and as one HTML page."""
    names = list(compared.answers)
    photos = [one for one in every if one.verdicts]
    disputed = [photos[place] for place in compared.order]
    labels = compared.labels.by_photo
    with st.container(horizontal=True):
        st.download_button(
            _("Download the table (CSV)"),
            data=export.csv(every, names, labels),
            file_name="retake-compare.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="compare-csv",
        )
        st.download_button(
            _("Download the report"),
            data=in_this_language(partial(export.html, compared.report, disputed, labels, datetime.now(UTC))),
            file_name="retake-compare.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            key="compare-html",
            help=_("One page with the pictures in it, to print or to keep."),
        )


# ---------------------------------------------------------------- operating point


def operating_point(compared: Compare, preset: Preset) -> None:
    """Choose an assessor and how strict it is, by what that costs on the labelled photos, and save it."""
    st.subheader(_("How strict should it be?"), anchor=False)
    if compared.truth is None or not (compared.report["good"] and compared.report["bad"]):
        st.markdown(
            _("With labels of good photos and of bad ones you can choose here, and save what you chose.")
        )
        return
    name = st.segmented_control(
        _("Assessor"),
        list(compared.answers),
        default=next(iter(compared.answers)),
        required=True,
        key="compare-assessor",
    ) or next(iter(compared.answers))
    answers, truth = compared.answers[name], compared.truth
    found = operating.points(answers, truth)
    used = operating.as_judged(answers, truth)
    place = _slider(found, operating.nearest(found, used), name)
    point = found[place]
    left, right = st.columns([2, 3], gap="medium")
    with left:
        (plot,) = curves(_only(compared, name), {name: (point.alarms, point.found)})
        st.html(f'<style>{STYLE}</style><div class="ev-plots many">{figure(plot, inline=False)}</div>')
    with right:
        st.markdown("\n\n".join(f"**{sentence}**" for sentence in costs(point)))
        now = " ".join(costs(used))
        st.caption(_("With the preset in use, {preset}: {costs}").format(preset=label(preset), costs=now))
        _save(preset, name, point)


def _only(compared: Compare, name: str) -> dict[str, Any]:
    return {**compared.report, "assessors": {name: compared.report["assessors"][name]}}


def _slider(found: Sequence[OperatingPoint], start: int, name: str) -> int:
    if len(found) < 2:
        return 0
    return st.select_slider(
        _("From lenient to strict"),
        range(len(found)),
        value=start,
        format_func=lambda place: f"{place + 1}/{len(found)}",
        key=f"compare-point-{name}-{len(found)}",
        help=_("Moves the thresholds of all explanations together. What is refused for its class stays so."),
    )


def _save(preset: Preset, name: str, point: OperatingPoint) -> None:
    saved_as = _free_name(name)
    description = _("{assessor}, chosen on the Compare page on {good} good and {bad} bad photos.").format(
        assessor=name, good=point.good, bad=point.bad
    )
    made = operating.preset_at(preset, name, point, saved_as, description)
    st.caption(
        _("The preset holds the assessor and its thresholds, without the second opinion: as measured here.")
    )
    with st.container(horizontal=True):
        if preset_saving.allowed():
            st.button(
                _("Save as a preset"),
                key="compare-save",
                type="primary",
                icon=":material/save:",
                on_click=_keep,
                args=(made,),
            )
        st.download_button(
            _("Download as a file (YAML)"),
            data=yaml_of(content_of(made)),
            file_name=f"{saved_as}.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
            key="compare-yaml",
        )
    if not preset_saving.allowed():
        sentence = _(
            "Saving is off, since other computers reach this server. Whoever runs Retake can turn it on "
            "with {variable}."
        )
        st.caption(sentence.format(variable=f"`{saving.VARIABLE}=1`"))
    message = st.session_state.pop(_SAVED_KEY, None)
    if message is not None:
        good, sentence, kept = message
        (st.success if good else st.error)(sentence, icon=":material/save:" if good else ":material/error:")
        preset_saving.owner_link(kept, page="designer")


def _free_name(assessor: str) -> str:
    """The first name that is free or this visitor's own."""
    number, name = 1, f"my-{assessor}"
    while preset_saving.fault_of(name):
        number += 1
        name = f"my-{assessor}-{number}"
    return name


def _keep(made: Preset) -> None:
    kept, why = preset_saving.save(made) if preset_saving.allowed() else (None, "")
    if kept is None:
        st.session_state[_SAVED_KEY] = (False, plain(why), "")
        return
    note = {"note": "design_saved", "preset": label(kept)}
    session.event_log().add("note_added", page="compare", properties=note)
    sentence = _("Saved as {name}. The Designer lists it, and {link} at the end of an address uses it.")
    link = f"`?preset={kept.name}`"
    st.session_state[_SAVED_KEY] = (True, sentence.format(name=label(kept), link=link), kept.name)
