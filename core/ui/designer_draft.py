"""The draft that is edited on the Designer page: one a visit, kept while other pages are looked at.

What was changed is kept in the server's memory too, under a random name in the address (``?draft=``): whoever
loads the page again goes on where they were.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import streamlit as st

from core.designer.diff import Difference, changes
from core.designer.link import LinkError, from_link
from core.guidance.preset import Preset, PresetError
from core.guidance.preset_content import Content, Problem, at, checked, content_of, drop, put, yaml_of
from core.i18n import _, language
from core.quality.verdict import PassRule
from core.ui import engines, preset_choice
from core.ui.draft_store import DraftStore
from core.yaml_limits import MOST_CHARACTERS

DESIGN_QUERY: Final = "design"
START: Final = "balanced"
DRAFT_QUERY: Final = "draft"
_KEY: Final = "rt_design"
_NAME_KEY: Final = "rt_design_kept_as"
_LAST_KEY: Final = "rt_design_kept"
_ASIDE_KEY: Final = "rt_design_aside"


@dataclass
class Draft:
    """What is being edited.

    Attributes:
        opened: ``NAME@VERSION`` of the preset that it came from; empty for one from a link or a file.
        start: what "undo" goes back to.
        before: the preset that everything is compared with.
        content: as edited, possibly wrong at the moment.
        worked: the newest version of it that was right.
        round: changes whenever the fields must be drawn anew from the content.
        yaml: text in the editor that is not part of the draft (yet); None when there is none.
        yaml_problem: what is wrong with that text.
        address: the last address that was taken in.
        note: a sentence to show once.
        name, about: what was entered to save it under; None where nothing was.
        language, condition: which prompt is looked at.
        problems: what is wrong with the content.
    """

    opened: str
    start: Content
    before: Preset
    content: Content
    worked: Preset
    round: int = 0
    yaml: str | None = None
    yaml_problem: str = ""
    address: tuple[str, str] = ("", "")
    note: str = ""
    name: str | None = None
    about: str | None = None
    language: str = "en"
    condition: str = "blurry"
    problems: tuple[Problem, ...] = field(default_factory=tuple)


def shipped() -> Preset:
    """The preset that a draft from elsewhere is compared with."""
    return preset_choice.shipped()[START]


def bases() -> dict[str, Content]:
    """What links are relative to: the content of each preset that ships, by name."""
    return {name: content_of(preset) for name, preset in preset_choice.shipped().items()}


def draft() -> Draft:
    """This visit's draft; the first call opens what the address asks for, else ``balanced``."""
    asked = (
        str(st.query_params.get(DESIGN_QUERY, "")),
        str(st.query_params.get(preset_choice.QUERY, "")),
    )
    if _KEY not in st.session_state:
        st.session_state[_KEY] = _brought_back(asked) or _opened(shipped())
    made: Draft = st.session_state[_KEY]
    if any(asked) and asked != made.address:
        made.address = asked
        _from_address(*asked)
    return st.session_state[_KEY]


@st.cache_resource(show_spinner=False)
def _store() -> DraftStore[Draft]:
    return DraftStore(secrets.token_bytes)


def _brought_back(address: tuple[str, str]) -> Draft | None:
    """The draft that the address names, as it was when the page was left; None where it is kept no more."""
    name = str(st.query_params.get(DRAFT_QUERY, ""))
    kept = _store().find(name) if name else None
    if kept is None:
        return None
    made = replace(kept, address=address, note="")
    # The name goes on being carried, but what is changed from here on gets one of its own: a copied address
    # lets two people start from the same draft, and neither writes into the other's.
    st.session_state[_LAST_KEY] = _state(made)
    st.session_state[_NAME_KEY] = (name, False)
    return made


def remember() -> None:
    """Keep the draft for the next load of the page, where anything of it would be lost."""
    made = draft()
    last = st.session_state.get(_LAST_KEY)
    untouched = made.content == made.start and made.yaml is None and made.name is None and made.about is None
    if _state(made) == last or (last is None and untouched and made.opened == label(shipped())):
        return
    name, own = st.session_state.get(_NAME_KEY, ("", False))
    kept = made if len(made.yaml or "") <= MOST_CHARACTERS else replace(made, yaml=None)
    name = _store().keep(replace(kept), name if own else "")
    st.session_state[_LAST_KEY] = _state(made)
    st.session_state[_NAME_KEY] = (name, True)
    # Only after a change: set again in every run, the address would hold back a person who presses Back.
    if st.query_params.get(DRAFT_QUERY) != name:
        st.query_params[DRAFT_QUERY] = name


def carried() -> dict[str, str]:
    """What the links to this page carry along, so that it can be loaded again after a look at another."""
    name, _own = st.session_state.get(_NAME_KEY, ("", False))
    return {DRAFT_QUERY: name} if name else {}


def _state(made: Draft) -> tuple[Any, ...]:
    return made.opened, made.content, made.yaml, made.name, made.about


def _from_address(design: str, name: str) -> None:
    try:
        if design:
            replace_draft(from_link(design, bases()), _("This draft came with the link."))
        else:
            open_preset(name)
    except (LinkError, PresetError) as error:
        st.session_state[_KEY].note = error.message


def open_preset(asked: str) -> None:
    """Edit another preset, by ``NAME`` or ``NAME@VERSION``.

    Raises:
        PresetError: there is none, or it cannot be used.
    """
    _replace(_opened(preset_choice.store().load(asked)))


def replace_draft(preset: Preset, note: str) -> None:
    """Edit a preset that came from elsewhere; it is compared with ``balanced``."""
    made = _opened(preset)
    made.opened, made.before, made.note = "", shipped(), note
    _replace(made)


def saved(preset: Preset) -> None:
    """The draft was saved as this preset: from now on it is compared with that."""
    _replace(_opened(preset), keep=False)


def undo() -> None:
    """Back to the draft as it was opened; what stands unused in the editor goes too."""
    made = draft()
    made.content, made.yaml, made.yaml_problem = made.start, None, ""
    made.round += 1
    refresh()


def change(steps: Sequence[str], value: Any) -> None:
    """Set one setting."""
    made = draft()
    made.content = put(made.content, steps, value)
    refresh()


def remove(steps: Sequence[str]) -> None:
    """Take one setting out, so that what it was set over shows again; fields are drawn anew."""
    made = draft()
    made.content = drop(made.content, steps)
    made.round += 1
    refresh()


def lay(content: Mapping[str, Any]) -> None:
    """Put another content in place of the draft's, as the editor does."""
    made = draft()
    made.content, made.yaml, made.yaml_problem = dict(content), None, ""
    made.round += 1
    refresh()


def refresh() -> None:
    """Check the content; where it works it is what the preview shows and, if it is tried, the camera uses."""
    made = draft()
    preset, made.problems = checked(made.content)
    if preset is not None:
        made.worked = preset
        if preset_choice.tried() is not None:
            preset_choice.try_out(preset)


def value(steps: Sequence[str]) -> Any:
    """A setting as it stands in the draft."""
    return at(draft().content, steps)


def edits() -> tuple[Difference, ...]:
    """What differs from the preset that the draft is compared with."""
    made = draft()
    return changes(content_of(made.before), made.content)


def text() -> str:
    """What the editor shows: unused text, else the draft."""
    made = draft()
    return yaml_of(made.content) if made.yaml is None else made.yaml


def rule(preset: Preset) -> PassRule:
    """The pass rule of a preset with the assessor that it asks for."""
    return preset.rule(engines.rule(preset.operating_point, preset))


def label(preset: Preset) -> str:
    """A preset with its version."""
    return f"{preset.name}@{preset.version}"


def _opened(preset: Preset) -> Draft:
    content = content_of(preset)
    return Draft(label(preset), content, preset, content, preset, language=language())


def put_aside() -> Draft | None:
    """The draft with unsaved changes that another one took the place of, if any."""
    return st.session_state.get(_ASIDE_KEY)


def bring_back() -> None:
    """Go on with the draft that was put aside."""
    aside: Draft | None = st.session_state.pop(_ASIDE_KEY, None)
    if aside is not None:
        _replace(aside)


def _replace(made: Draft, keep: bool = True) -> None:
    old: Draft | None = st.session_state.get(_KEY)
    if old is not None:
        made.round, made.address = old.round + 1, old.address
        made.language, made.condition = old.language, old.condition
        if keep and (old.content != old.start or old.yaml is not None):
            st.session_state[_ASIDE_KEY] = old
    st.session_state[_KEY] = made
    if preset_choice.tried() is not None:
        preset_choice.try_out(made.worked)
