"""The right half of the Designer page: what the draft does, beside the preset that it is compared with."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import streamlit as st
from PIL import Image

from core.designer import pictures, refusal_rates
from core.designer.fields import condition_name
from core.designer.replay import (
    Analysis,
    Frame,
    Step,
    analyse,
    figures,
    intervals,
    merged_condition_of,
    replay,
)
from core.guidance.conditions import OPEN_KEYS
from core.guidance.preset import Preset
from core.i18n import _
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import Assessor
from core.reports import story
from core.reports.plots import figure
from core.reports.svg import words
from core.reports.tables import STYLE, Figure, Table
from core.reports.timeline import Lane, timeline
from core.text.markdown import plain
from core.ui import designer_draft as drafts
from core.ui import engines, language, preset_choice, session
from core.ui.designer_views import Views, pick

SCORES: Final = refusal_rates.FILE
_FILM_THUMBS: Final = 10
_GO_KEY: Final = "designer-go"


@dataclass(frozen=True)
class _Row:
    """One row of drawn pictures: what was seen in them, and all of them side by side as a JPEG."""

    name: str
    looks: tuple[Analysis, ...]
    jpeg: bytes


@dataclass(frozen=True)
class _Film:
    frames: tuple[Frame, ...]
    thumbs: tuple[bytes, ...]


def preview() -> None:
    """The chosen view of what the draft does."""
    views: Views = {
        "strip": (_("Drawn photos"), _strip_view),
        "film": (_("Sample video"), _film_view),
        "shares": (_("Refused photos"), _shares_view),
        "camera": (_("Camera"), _camera_view),
    }
    draw = pick(_("What it does"), views, "designer-view")
    if drafts.draft().problems:
        st.caption(_("Until the draft works, this shows it as it last did."))
    draw()


# ---------------------------------------------------------------- drawn photos


def _strip_view() -> None:
    made = drafts.draft()
    now, then = made.worked, made.before
    with st.spinner(_("Looking at drawn photos, this once")):
        # The same looks twice, unless the draft lets another judge.
        rows, before = _strip(now), _strip(then)
    rule, old = drafts.rule(now), drafts.rule(then)
    judged = {
        row.name: [
            (merged_condition_of(look, now, rule), merged_condition_of(then_look, then, old))
            for look, then_look in zip(row.looks, row_before.looks, strict=True)
        ]
        for row, row_before in zip(rows, before, strict=True)
    }
    everything = [pair for pairs in judged.values() for pair in pairs]
    st.markdown(
        _("**{passing} of {all} drawn photos pass** with this draft, {before} with {name}.").format(
            passing=sum(key == "ready" for key, _old in everything),
            all=len(everything),
            before=sum(key == "ready" for _new, key in everything),
            name=drafts.label(then),
        )
    )
    for row in rows:
        with st.container(gap="xxsmall"):
            st.markdown(f"**{_row_name(row.name)}**")
            st.image(row.jpeg, width="stretch", alt=_row_name(row.name))
            cells = (_cell(key, old_key, now, made.language) for key, old_key in judged[row.name])
            st.html(f'<ol class="rt-strip">{"".join(cells)}</ol>')
    st.caption(_("Drawn by this project, from mild on the left to severe on the right: nobody's skin."))


def _row_name(name: str) -> str:
    return {
        "dark": _("Too dark"),
        "bright": _("Too bright"),
        "plain": _("Nothing wrong, no spot, no skin"),
    }.get(name) or condition_name(name)


def _cell(key: str, before: str, preset: Preset, language: str) -> str:
    good = key == "ready"
    text = _("Passes") if good else preset.prompt(key, language).text
    sign = "✓" if good else "✗"
    was = ""
    if key != before:
        then = _("passes") if before == "ready" else condition_name(before)
        label = _("before: {what}").format(what=then)
        was = f'<span class="rt-was">{words(label)}</span>'
    kind = ("good" if good else "ask") + (" changed" if was else "")
    return f'<li class="{kind}"><i aria-hidden="true">{sign}</i> {words(text)}{was}</li>'


def _strip(preset: Preset) -> Sequence[_Row]:
    return _strip_of(_assessor(preset), partial(engines.assessor, preset))


@st.cache_resource(show_spinner=False, max_entries=3)
def _strip_of(assessor: str, _opened: Callable[[], Assessor]) -> Sequence[_Row]:
    judge, rows = _opened(), []
    for name in pictures.ROWS:
        drawn = [pictures.picture(name, place) for place in range(pictures.SEVERITIES)]
        side_by_side = np.hstack([pictures.thumbnail(rgb) for rgb in drawn])
        rows.append(_Row(name, tuple(analyse(judge, rgb) for rgb in drawn), _jpeg(side_by_side)))
    return rows


def _assessor(preset: Preset) -> str:
    """Tells who judges from others: what is kept of one is of no use with another."""
    entry = engines.assessor_entry(preset)
    kind = type(engines.assessor(preset)).__qualname__
    weights = entry.network and engines.manifest().networks[entry.network].sha256
    return f"{kind}/{weights or entry.name}"


def _jpeg(rgb: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=82)
    return out.getvalue()


# ---------------------------------------------------------------- sample video


def _film_view() -> None:
    made = drafts.draft()
    now, then = made.worked, made.before
    with st.spinner(_("Watching the sample video, this once")):
        film, before = _film(now), _film(then)
    end = pictures.FILM_SECONDS
    steps = replay(film.frames, now, drafts.rule(now))
    old = replay(before.frames, then, drafts.rule(then))
    st.markdown(_film_description(steps, old, end, drafts.label(then)))
    name = _("as with {preset}").format(preset=drafts.label(then)) if drafts.edits() else ""
    plot = timeline(
        "designer-timeline",
        _("Prompts over time"),
        _lanes(steps, old if name else (), now, made.language, end),
        end,
        pictures=film.thumbs,
        compared=name,
    )
    st.html(f"<style>{STYLE}</style>{figure(plot, inline=False)}")
    with st.expander(_("The same in words")):
        for interval in intervals(steps, end):
            st.markdown(
                _("{start} to {end} s: {prompt}").format(
                    start=f"{interval.start:.1f}",
                    end=f"{interval.end:.1f}",
                    prompt=plain(now.prompt(interval.key, made.language).text),
                )
            )
    st.caption(
        _(
            "A drawn spot, filmed as a person would: from far, at the edge, shaking, steady, in a shadow, "
            "steady again. The network looked at each picture once; the draft decides what is made of it."
        )
    )


def _film_description(steps: Sequence[Step], old: Sequence[Step], end: float, before: str) -> str:
    new, then = figures(steps, end), figures(old, end)
    never = _("never")

    def seconds(value: float | None) -> str:
        return never if value is None else _("after {seconds} s").format(seconds=f"{value:.1f}")

    return "\n".join(
        "- " + line
        for line in (
            _("**Shutter first unlocked:** {now} ({before}: {then})").format(
                now=seconds(new.first_open), before=before, then=seconds(then.first_open)
            ),
            _("**Unlocked in all:** {now} s ({before}: {then} s)").format(
                now=f"{new.open_seconds:.1f}", before=before, then=f"{then.open_seconds:.1f}"
            ),
            *(
                [
                    _("**The photo takes itself:** {now} ({before}: {then})").format(
                        now=seconds(new.first_taken), before=before, then=seconds(then.first_taken)
                    )
                ]
                if new.first_taken is not None or then.first_taken is not None
                else []
            ),
            _("**Prompts one after another:** {now} ({before}: {then})").format(
                now=new.prompts, before=before, then=then.prompts
            ),
        )
    )


def _lanes(
    steps: Sequence[Step], old: Sequence[Step], preset: Preset, language: str, end: float
) -> list[Lane]:
    shown, before = intervals(steps, end), intervals(old, end)
    seen = dict.fromkeys([interval.key for interval in shown])
    seen |= dict.fromkeys(key for step in steps for key in (step.raw, step.shown))
    seen |= dict.fromkeys(interval.key for interval in before)
    order = sorted(seen, key=lambda key: key in OPEN_KEYS)  # the shutter's lanes lie lowest
    lanes = []
    for key in order:
        label = preset.prompt(key, language).text
        if key in OPEN_KEYS:
            label = _("{prompt} (shutter unlocked)").format(prompt=label)
        lanes.append(
            Lane(
                label,
                [step.moment for step in steps if step.raw == key],
                [(interval.start, interval.end) for interval in shown if interval.key == key],
                [(interval.start, interval.end) for interval in before if interval.key == key],
            )
        )
    return lanes


def _film(preset: Preset) -> _Film:
    return _film_of(_assessor(preset), partial(engines.assessor, preset))


@st.cache_resource(show_spinner=False, max_entries=3)
def _film_of(assessor: str, _opened: Callable[[], Assessor]) -> _Film:
    judge, frames, kept = _opened(), [], []
    every = int(pictures.FILM_SECONDS * pictures.RATE) // _FILM_THUMBS
    for number, (moment, rgb) in enumerate(pictures.film()):
        frames.append(Frame(moment, analyse(judge, rgb)))
        if number % every == every // 2:
            kept.append(_jpeg(pictures.thumbnail(rgb, 96)))
    return _Film(tuple(frames), tuple(kept[:_FILM_THUMBS]))


# ---------------------------------------------------------------- refused photos


@st.cache_resource(show_spinner=False, max_entries=2)
def _stored(path: str, changed: int) -> refusal_rates.Stored | None:
    return refusal_rates.load(SCORES)


def _shares_view() -> None:
    if engines.assessor_entry(drafts.draft().worked).name != refusal_rates.ASSESSOR:
        st.info(_("There are no stored answers of the checks that run here, only of ImageQX."))
        return
    try:
        stored = _stored(str(SCORES), SCORES.stat().st_mtime_ns if SCORES.is_file() else 0)
    except refusal_rates.ScoresError as error:
        st.error(error.message, icon=":material/query_stats:")
        return
    if stored is None or not stored.sections:
        st.info(
            _(
                "No stored answers came with this network. Whoever runs this app can make them with "
                "`python -m core evaluate imageqx --data DIR --out DIR` and copy the file "
                "`imageqx_scores.npz` that it writes into the folder `weights`."
            ),
            icon=":material/query_stats:",
        )
        return
    shipped = engines.manifest().networks.get("imageqx")
    if shipped is not None and shipped.sha256 != stored.sha256:
        st.warning(
            _("These answers are of other weights than the ones in use here."), icon=":material/warning:"
        )
    made = drafts.draft()
    sections = sorted(stored.sections, key=lambda name: name != "left_out")
    section = st.segmented_control(
        _("Photos from"),
        sections,
        format_func=story.photo_set_name,
        default=sections[0],
        required=True,
        key="designer-photos",
    )
    scores = stored.sections[section or sections[0]]
    now = {rate.kind: rate for rate in refusal_rates.refused(scores, drafts.rule(made.worked))}
    then = {rate.kind: rate for rate in refusal_rates.refused(scores, drafts.rule(made.before))}
    before = drafts.label(made.before)
    for kind, sentence in (
        ("good", _("Of 100 good photos this draft refuses about {now} ({before}: {then}).")),
        ("faulty", _("Of 100 faulty photos it refuses about {now} ({before}: {then}).")),
    ):
        message = sentence.format(now=_hundred(now[kind]), before=before, then=_hundred(then[kind]))
        st.markdown(f"**{message}**")
    st.info(story.simulated({}), icon=":material/experiment:")
    head = (_("Photos"), _("How many"), _("Refused by this draft"), _("By {preset}").format(preset=before))
    names = {"good": _("Good photos of a spot"), "faulty": _("Faulty photos")}
    names |= {kind: condition_name(kind) for kind in ("healthy_skin", "no_skin")}
    general = tuple((names[kind], now[kind].n, _figure(now[kind]), _figure(then[kind])) for kind in names)
    by_fault = tuple(
        (condition_name(kind), now[kind].n, _figure(now[kind]), _figure(then[kind])) for kind in EXPLANATIONS
    )
    note = _("Below each share: its 95% interval. Benchmark {name}.").format(name=stored.benchmark)
    tables = (
        Table(_("Refused, by kind of photo"), head, general, note),
        Table(_("Refused, of the faulty photos by fault"), head, by_fault),
    )
    st.html(f"<style>{STYLE}</style>" + "".join(table.html() for table in tables))


def _hundred(share: refusal_rates.Share) -> str:
    return "–" if share.share is None else f"{100 * share.share:.0f}"


def _figure(share: refusal_rates.Share) -> Figure:
    return Figure(share.share, share.around, percent=True)


# ---------------------------------------------------------------- camera


def _camera_view() -> None:
    if st.session_state.pop(_GO_KEY, False):
        st.switch_page("pages/practise.py", query_params=language.remembered() or None)
    made = drafts.draft()
    trying = preset_choice.tried() is not None
    if trying:
        st.success(
            _(
                "The Practise page uses this draft in this visit, and follows every change that you make "
                "here. Nobody else sees it."
            ),
            icon=":material/videocam:",
        )
    else:
        st.markdown(
            _(
                "Take the draft to the Practise page and see its prompts on your own camera. Only this visit "
                "uses it, until you say otherwise."
            )
        )
    with st.container(horizontal=True):
        st.button(
            _("Go to the camera") if trying else _("Try it on the camera"),
            key="designer-try",
            type="primary",
            icon=":material/photo_camera:",
            disabled=bool(made.problems),
            on_click=_go_to_the_camera,
        )
        if trying:
            st.button(
                _("Stop using it"),
                key="designer-stop",
                icon=":material/stop:",
                on_click=preset_choice.try_out,
                args=(None,),
            )
    if made.problems:
        st.caption(_("First put right what is listed above."))


def _go_to_the_camera() -> None:
    preset_choice.try_out(drafts.draft().worked)
    note = {"note": "design_tried", "preset": preset_choice.variant()}
    session.event_log().add("note_added", page="designer", properties=note)
    # Kept until the page is turned: a newer run may end the one after this press before it gets there.
    st.session_state[_GO_KEY] = True
