"""A study's design on the Studies page: made, edited, tried, frozen, and opened for participants."""

import json
from functools import partial
from typing import Final

import streamlit as st
import yaml

from core.i18n import _
from core.study import drafting
from core.study.access import RESEARCHER
from core.study.design import StudyDesign
from core.study.drafting import Content
from core.study.export import slug
from core.study.store.studies import StudySummary, Version
from core.text.markdown import plain
from core.ui import session, studies_access, studies_consent
from core.ui.studies_fields import Fields, starting_content
from core.ui.study_preview import start_preview
from core.ui.study_store import store

_CONTENT_KEY: Final = "rt_studies_content"
_PRESSED_KEY: Final = "studies-pressed"


def new_study() -> str:
    """The form for a new study; returns its id once it is made, else ""."""
    st.header(_("Make a study"), anchor=False)
    st.markdown(
        _(
            "A title is enough: everything else is filled in, with one task, the standard coach, two short "
            "questionnaires and no photo kept. Look into the folds and change what you like."
        )
    )
    content = _content(starting_content)
    fields = Fields(content)
    fields.draw()
    design, faults = drafting.checked(content)
    fit = design is None or studies_consent.fit_to_open(design)
    with st.container(horizontal=True):
        opened = st.button(_("Open for participants"), type="primary", key="studies-make-open")
        saved = st.button(_("Save as a draft"), key="studies-make-draft")
        if design is not None:
            _preview(design)
    if opened and not fit:
        studies_consent.ask_first()
    elif (opened or saved) and design is not None:
        who = studies_access.identity()
        study_id = store().create(design, "" if who == RESEARCHER else who)
        studies_access.audit("created_study", study_id)
        if opened:
            store().open(study_id)
            studies_access.audit("opened_study", study_id)
            if design.allocation.kind != "fixed":
                store().add_links(study_id)
        return study_id
    if _was_pressed(opened or saved):
        fields.tell(faults)
    return ""


def design(summary: StudySummary) -> None:
    """The design of a study that is there; a researcher who may not edit it only reads it."""
    study_id = summary.study_id
    versions = store().versions(study_id)
    if not studies_access.may(study_id, "edit"):
        _frozen(versions, study_id)
        st.code(_yaml(store().draft(study_id)), language="yaml", wrap_lines=True)
        return
    _state(summary)
    if versions:
        st.info(
            _(
                "Version {version} is frozen and stays as it is. What you change here becomes version "
                "{next}; whoever has begun goes on with the version they met."
            ).format(version=versions[-1].version, next=versions[-1].version + 1),
            icon=":material/lock:",
        )
    content = _content(lambda: store().draft(study_id).model_dump(mode="json"))
    fields = Fields(content)
    fields.draw()
    made, faults = drafting.checked(drafting.next_consent(content, versions[-1].design if versions else None))
    pressed = st.button(_("Save"), type="primary", icon=":material/save:", key="studies-save")
    if pressed and made is not None:
        store().edit(study_id, made)
        studies_access.audit("edited_study", study_id)
        st.session_state["studies-said"] = _("Saved.")
        st.rerun()
    if _was_pressed(pressed):
        fields.tell(faults)
    elif made is not None and made != store().draft(study_id):
        st.caption(_("There are changes that are not saved yet."))
    said = st.session_state.pop("studies-said", "")
    if said:
        st.success(said, icon=":material/check:")
    if made is not None:
        with st.container(horizontal=True):
            _preview(made)
            _downloads(made, study_id)
    _frozen(versions, study_id)


def _state(summary: StudySummary) -> None:
    """Open, pause, close, freeze."""
    study_id = summary.study_id
    opens = summary.state != "open" or summary.draft_differs
    fit = not opens or studies_consent.fit_to_open(store().draft(study_id))
    with st.container(key="rt-study-actions", horizontal=True):
        if opens:
            label = (
                _("Give participants the new version")
                if summary.state == "open"
                else _("Open for participants")
            )
            pressed = st.button(
                label, type="primary", key="studies-open", on_click=_do, args=("open", study_id)
            )
        if summary.state == "open":
            st.button(_("Pause"), key="studies-pause", on_click=_do, args=("pause", study_id))
        if summary.state in ("open", "paused"):
            st.button(_("Close"), key="studies-close", on_click=_do, args=("close", study_id))
        if summary.draft_differs:
            st.button(
                _("Freeze"),
                icon=":material/lock:",
                key="studies-freeze",
                on_click=_do,
                args=("freeze", study_id),
                help=_(
                    "Fixes design and analysis plan, with a hash and the date, before anybody takes part."
                ),
            )
        if studies_access.may_create():
            st.button(_("Copy this study"), key="studies-copy", on_click=_do, args=("copy", study_id))
    if opens and pressed and not fit:
        studies_consent.ask_first()
    said = st.session_state.pop("studies-done", "")
    if said:
        st.success(said, icon=":material/check:")


def _do(what: str, study_id: str) -> None:
    if not studies_access.may(study_id, "edit") or (what == "copy" and not studies_access.may_create()):
        return
    it, said = store(), ""
    if what == "open":
        if not studies_consent.confirmed(it.draft(study_id)):
            return
        said = _("Open: people can take part in version {version}.").format(version=it.open(study_id).version)
    elif what == "pause":
        it.pause(study_id)
        said = _("Paused: nobody new may begin; those who have begun go on.")
    elif what == "close":
        it.close(study_id)
        said = _("Closed: nobody new may begin.")
    elif what == "freeze":
        said = _("Frozen as version {version}.").format(version=it.freeze(study_id).version)
    elif what == "copy":
        who = studies_access.identity()
        it.copy(study_id, "" if who == RESEARCHER else who)
        said = _("Copied, without its sessions, links and people. The copy is in the list.")
    studies_access.audit(
        {"copy": "copied_study", "freeze": "froze_study"}.get(what, f"{what}_study"), study_id
    )
    st.session_state["studies-done"] = said


def _frozen(versions: tuple[Version, ...], study_id: str) -> None:
    """Each frozen version with what a preregistration names."""
    if not versions:
        return
    st.subheader(_("Preregistration"), anchor=False)
    st.caption(_("The hash is of the whole design with its analysis plan: quote it with the date."))
    for one in reversed(versions):
        st.markdown(
            _("Version {version}, frozen {date}").format(
                version=one.version, date=f"{one.frozen_at:%Y-%m-%d %H:%M} UTC"
            )
        )
        st.code(one.hash, language=None, wrap_lines=True)
        with st.container(horizontal=True):
            _downloads(one.design, study_id, f"-v{one.version}")


def _downloads(made: StudyDesign, study_id: str, suffix: str = "") -> None:
    name = f"study-{slug(study_id)}{suffix}"
    whole = json.dumps(made.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"
    for kind, data in (("json", whole), ("yaml", _yaml(made))):
        st.download_button(
            _("Download as {format}").format(format=kind.upper()),
            data=data,
            file_name=f"{name}.{kind}",
            mime=f"application/{kind}",
            icon=":material/download:",
            on_click="ignore",
            key=f"studies-file-{name}-{kind}",
        )


def _yaml(made: StudyDesign) -> str:
    return yaml.safe_dump(made.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)


def _preview(made: StudyDesign) -> None:
    """A link to the design as its participants would meet it, one an arm; nothing of it is stored."""
    front = str(st.context.url or "").partition("?")[0].rstrip("/").removesuffix("studies")
    within = made.allocation.kind == "latin_square"
    for arm in (None,) if within or len(made.arms) == 1 else (one.name for one in made.arms):
        where = session.held(("preview", made.hash, arm), partial(start_preview, made, arm))
        words = _("Try it: nothing is stored") if arm is None else _("Try “{arm}”: nothing is stored")
        st.link_button(words.format(arm=plain(arm or "")), f"{front}{where}", icon=":material/visibility:")


def _content(make: object) -> Content:
    if _CONTENT_KEY not in st.session_state:
        st.session_state[_CONTENT_KEY] = make()  # type: ignore[operator]
    return st.session_state[_CONTENT_KEY]


def _was_pressed(pressed: bool) -> bool:
    """Whether what is wrong is to be told: from the first press on."""
    if pressed:
        st.session_state[_PRESSED_KEY] = True
    return bool(st.session_state.get(_PRESSED_KEY))
