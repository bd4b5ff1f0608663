"""The left half of the Designer page: everything that can be changed.

Streamlit may say that a field changed when it only came back to the page: nothing must follow from that.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from core.designer.fields import (
    assessor_name,
    condition_name,
    field_name,
    option_name,
    point_name,
    section_name,
    shot_name,
)
from core.designer.limits import Limits, limits_of
from core.guidance.conditions import PICTURE_KEYS, WORDED_KEYS
from core.guidance.preset import PresetError
from core.guidance.preset_content import content_of, from_yaml
from core.guidance.preset_schema import COLOUR, SHOTS
from core.guidance.wording import MOST_LETTERS, MOST_WORDS, house_languages
from core.i18n import LANGUAGES, _
from core.quality import registry
from core.quality.labels import EXPLANATIONS
from core.text.markdown import plain
from core.ui import designer_draft as drafts
from core.ui import designer_phone, engines
from core.ui.designer_views import Views, choice, pick

_POINTS: Final = ("lenient", "balanced", "strict")
_SPOT: Final = "spot"
_EDITOR_HEIGHT: Final = 420


def editor() -> None:
    """The chosen section, with its fields."""
    sections: Views = {
        "words": (_("Wording"), _wording),
        "thresholds": (_("Thresholds"), _thresholds),
        "order": (_("Order"), _order),
        "timing": (_("Timing"), lambda: _part("timing")),
        "shutter": (_("Shutter"), lambda: _parts("gate", "photo", "camera")),
        "overlay": (_("Overlay"), _overlay),
        "yaml": (_("YAML"), _yaml),
    }
    pick(_("What to change"), sections, "designer-section")()


def _field(
    steps: Sequence[str],
    draw: Callable[..., Any],
    label: str,
    shown: Any,
    under: str = "",
    blank: bool = False,
    **more: Any,
) -> None:
    """Draw one field; what a person enters goes into the draft at once.

    Args:
        shown: what stands in it at first.
        under: another word here makes it another field, which starts from ``shown`` again.
        blank: whether it may be emptied.
        more: for ``draw``.
    """
    key = f"designer-{drafts.draft().round}-{'/'.join(filter(None, (under, *steps)))}"
    if blank:
        # Streamlit lets a field be emptied only where it starts empty: its value is set anew in every run.
        st.session_state[key] = shown
    draw(
        label,
        value=None if blank else shown,
        key=key,
        on_change=_entered,
        args=(tuple(steps), key, shown),
        **more,
    )


def _entered(steps: tuple[str, ...], key: str, shown: Any) -> None:
    now, value = drafts.value(steps), st.session_state[key]
    # What a person did not set does not become set by being looked at.
    if value != (shown if now is None else now):
        drafts.change(steps, value)


# ---------------------------------------------------------------- wording


def _wording() -> None:
    made = drafts.draft()
    for name, label, options, format_name in (
        ("language", _("Language"), list(LANGUAGES), LANGUAGES.__getitem__),
        ("condition", _("When"), list(WORDED_KEYS), condition_name),
    ):
        widget = f"designer-{name}"
        shown = getattr(made, name)
        choice(
            label, shown, options, format_func=format_name, key=widget, on_change=_looked, args=(name, widget)
        )
    language, key = made.language, made.condition
    shown = words_of(key, language)
    own = drafts.value(("prompts", language, key)) is not None
    for part, draw, label in (
        ("text", st.text_input, _("Prompt on screen")),
        ("spoken", st.text_area, _("What a screen reader says")),
    ):
        widget = f"designer-{made.round}-{language}-{key}-{part}"
        draw(label, value=shown[part], key=widget, on_change=_worded, args=(language, key, part, widget))
    shown = words_of(key, language)
    counted = _("{words} words, {letters} characters.").format(
        words=len(shown["text"].split()), letters=len(shown["text"])
    )
    if language == "en":
        counted += " " + _("At most {words} words and {letters} characters.").format(
            words=MOST_WORDS, letters=MOST_LETTERS
        )
    st.caption(counted)
    if language not in (*house_languages(), *drafts.draft().worked.prompts.languages):
        st.caption(_("Nobody has put words into this language yet: people are shown the English ones."))
    if own:
        st.button(
            _("Take Retake's own words again"),
            key="designer-words-back",
            icon=":material/undo:",
            on_click=drafts.remove,
            args=(("prompts", language, key),),
        )
    with st.expander(_("All prompts in this language")):
        # A table's cells are Markdown, and a draft may come from anybody's link.
        rows = [(condition_name(name), plain(words_of(name, language)["text"])) for name in WORDED_KEYS]
        st.table(
            {_("When"): [row[0] for row in rows], _("Prompt"): [row[1] for row in rows]},
            border="horizontal",
            hide_index=True,
            alt=_("All prompts in this language"),
        )


def _looked(name: str, widget: str) -> None:
    setattr(drafts.draft(), name, st.session_state[widget])


def words_of(key: str, language: str) -> dict[str, str]:
    """Text and spoken words for a condition as they stand in the draft, right or wrong."""
    prompt = drafts.draft().worked.prompt(key, language).model_dump()
    own = drafts.value(("prompts", language, key))
    return {**prompt, **own} if isinstance(own, Mapping) else prompt


def _worded(language: str, key: str, part: str, widget: str) -> None:
    words, entered = words_of(key, language), st.session_state[widget].strip()
    # Both halves are set: a prompt is never half the house's.
    if entered != words[part]:
        drafts.change(("prompts", language, key), {**words, part: entered})


# ---------------------------------------------------------------- thresholds


def _thresholds() -> None:
    _field(
        ("operating_point",),
        choice,
        field_name(("operating_point",)),
        drafts.value(("operating_point",)),
        options=_POINTS,
        format_func=point_name,
        help=_("Measured sets of thresholds that came with the network. Each can be overruled below."),
    )
    _field(
        ("healthy_skin_passes",),
        st.toggle,
        field_name(("healthy_skin_passes",)),
        bool(drafts.value(("healthy_skin_passes",))),
    )
    _field(
        ("second_opinion",),
        st.toggle,
        field_name(("second_opinion",)),
        bool(drafts.value(("second_opinion",))),
        help=_("Measured in the picture itself; the stricter of both counts."),
    )
    _assessor()
    which = st.selectbox(
        _("For"),
        [_SPOT, *SHOTS],
        format_func=lambda name: _("A photo of the spot") if name == _SPOT else shot_name(name),
        key="designer-shot",
    )
    where = ("thresholds",) if which == _SPOT else ("shots", which, "thresholds")
    st.caption(
        _(
            "From this probability on a fault counts. Further left refuses more photos; at 1 the fault "
            "never counts."
        )
    )
    held = _inherited(which)
    for name in EXPLANATIONS:
        steps = (*where, name)
        own = drafts.value(steps)
        from_point = round(float(held[name]), 2)
        shown = own if isinstance(own, int | float) else from_point
        _field(
            steps,
            st.slider,
            condition_name(name),
            float(min(max(shown, 0.0), 1.0)),
            under="" if own is not None else str(drafts.value(("operating_point",))),
            min_value=0.0,
            max_value=1.0,
            step=0.01,
        )
        if own is not None:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.caption(_("Set here; else {value:.2f}.").format(value=from_point))
                st.button(
                    _("Undo"),
                    key=f"designer-threshold-back-{'/'.join(steps)}",
                    type="tertiary",
                    on_click=drafts.remove,
                    args=(steps,),
                )


def _assessor() -> None:
    steps = ("assessor",)
    _field(
        steps,
        choice,
        field_name(steps),
        drafts.value(steps),
        options=(None, *registry.names()),
        format_func=assessor_name,
    )
    name = drafts.draft().worked.assessor
    if name is not None and not registry.ENTRIES[name].in_browser:
        st.caption(_("No browser can run these checks: the picture is checked on the server."))


def _inherited(which: str) -> Mapping[str, float]:
    """The thresholds that hold where the draft sets none."""
    point = drafts.value(("operating_point",))
    base = dict(engines.rule(point if point in _POINTS else "balanced", drafts.draft().worked).thresholds)
    if which != _SPOT:
        own = drafts.value(("thresholds",))
        base |= own if isinstance(own, Mapping) else {}
    return base


# ---------------------------------------------------------------- order


def _order() -> None:
    st.markdown(_("When several things are wrong, the first of these is said."))
    order = [key for key in drafts.value(("priority",)) or () if key in PICTURE_KEYS]
    with st.container(key="rt-order", gap="xsmall"):
        for place, key in enumerate(order):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(f"{place + 1}. {condition_name(key)}", width="stretch")
                _mover(order, place, -1)
                _mover(order, place, 1)
    merged = drafts.value(("merge",))
    if merged is None:
        return
    key = f"designer-{drafts.draft().round}-merge"
    st.multiselect(
        _("Say only “{prompt}” for").format(
            prompt=plain(words_of("adjust", drafts.draft().language)["text"])
        ),
        PICTURE_KEYS,
        [name for name in PICTURE_KEYS if merged.get(name) == "adjust"],
        format_func=condition_name,
        key=key,
        on_change=_merged,
        args=(key,),
        help=_("For people whom changing words hurry: the same photos pass, but one prompt stands for many."),
    )


def _mover(order: list[str], place: int, by: int) -> None:
    name = condition_name(order[place])
    words = _("Move up: {name}") if by < 0 else _("Move down: {name}")
    st.button(
        words.format(name=name),
        key=f"designer-move-{order[place]}-{by}",
        icon=":material/arrow_upward:" if by < 0 else ":material/arrow_downward:",
        disabled=not 0 <= place + by < len(order),
        on_click=_move,
        args=(order[place], by),
    )


def _move(key: str, by: int) -> None:
    order = list(drafts.value(("priority",)))
    place = order.index(key)
    order[place], order[place + by] = order[place + by], order[place]
    drafts.change(("priority",), order)


def _merged(key: str) -> None:
    others = {name: choice for name, choice in drafts.value(("merge",)).items() if choice != "adjust"}
    drafts.change(("merge",), others | dict.fromkeys(st.session_state[key], "adjust"))


# ---------------------------------------------------------------- numbers and switches


def _parts(*names: str) -> None:
    for name in names:
        if isinstance(drafts.value((name,)), Mapping):
            st.markdown(f"**{section_name(name)}**")
            _part(name)


def _overlay() -> None:
    """What is drawn, and beside it a phone that shows it at once."""
    made = drafts.draft()
    with st.container(key="rt-overlay"):
        with st.container(key="rt-overlay-fields"):
            _parts("overlay", "refine", "feedback")
        with st.container(key="rt-overlay-phone"):
            designer_phone.phone(made.worked, made.language)


def _part(name: str) -> None:
    """All settings of one part, by the limits that the schema gives them."""
    for steps, limits in limits_of(name).items():
        _setting(steps, limits)


def _setting(steps: tuple[str, ...], limits: Limits) -> None:
    value = drafts.value(steps)
    label = field_name(steps)
    if limits.kind is bool:
        _field(steps, st.toggle, label, bool(value))
        return
    if limits.options:
        names = {option: option_name(steps, option) for option in limits.options}
        _field(steps, choice, label, value, options=limits.options, format_func=names.get)
        return
    if limits.kind is str:
        shown = value if isinstance(value, str) and re.fullmatch(COLOUR, value) else "#ffffff"
        _field(steps, st.color_picker, label, shown)
        return
    unit = {"ms": _("milliseconds"), "s": _("seconds")}.get(steps[-1].rpartition("_")[2])
    if unit:
        label = f"{label} ({unit})"
    number = limits.kind(value) if isinstance(value, int | float) else None
    more: dict[str, Any] = {"blank": True, "placeholder": _("never")} if limits.optional else {}
    if limits.kind is float:
        more["format"] = "%g"
    _field(
        steps,
        st.number_input,
        label,
        number,
        min_value=limits.low,
        max_value=limits.high,
        step=limits.step,
        **more,
    )


# ---------------------------------------------------------------- YAML


def _yaml() -> None:
    made = drafts.draft()
    st.caption(
        _(
            "The whole draft as a file. What you leave out is as in balanced. Nothing changes until you "
            "press the button below."
        )
    )
    key = f"designer-{made.round}-yaml"
    st.text_area(
        _("Preset as YAML"), drafts.text(), key=key, height=_EDITOR_HEIGHT, on_change=_typed, args=(key,)
    )
    if made.yaml_problem:
        st.error(_listed(made.yaml_problem), icon=":material/error:")
    with st.container(horizontal=True):
        st.button(
            _("Use this text"), key="designer-yaml-use", icon=":material/check:", on_click=_use, args=(key,)
        )
        if made.yaml is not None:
            st.button(
                _("Throw this text away"),
                key="designer-yaml-drop",
                icon=":material/undo:",
                on_click=drafts.lay,
                args=(made.content,),
            )


def _typed(key: str) -> None:
    if st.session_state[key] != drafts.text():
        drafts.draft().yaml = st.session_state[key]


def _use(key: str) -> None:
    made = drafts.draft()
    made.yaml = st.session_state[key]
    try:
        preset = from_yaml(made.yaml, "draft.yaml")
    except PresetError as error:
        lines = made.yaml.splitlines()
        made.yaml_problem = "\n".join(_quoted(problem, lines) for problem in error.message.splitlines())
        return
    drafts.lay(content_of(preset))


def _quoted(problem: str, lines: Sequence[str]) -> str:
    """One mistake with the line that it speaks of, which a text field does not number."""
    number = next((int(word.rstrip(":")) for word in problem.split() if word.rstrip(":").isdigit()), 0)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    return f"{problem} › {line}" if line else problem


def _listed(problems: str) -> str:
    """Several mistakes as a list, with nothing in them that Markdown would read."""
    lines = (f"- {plain(line)}" for line in problems.splitlines())
    return "\n".join(lines)
