"""A study's links: to hand out, as QR codes and files; and disabled again."""

import streamlit as st

from core.i18n import _, ngettext
from core.study.design import StudyDesign
from core.study.faults import StudyError
from core.study.links import address_of, batch_csv, cards_html, qr_svg
from core.study.store.links import Link
from core.study.store.studies import StudySummary
from core.text.drawings import picture
from core.text.markdown import plain
from core.ui import studies_access
from core.ui.study_store import store

_MADE_KEY = "studies-made-links"


def links(summary: StudySummary) -> None:
    """Draw the links; researchers who may edit make and disable them."""
    study_id = summary.study_id
    design = store().draft(study_id)
    if summary.state != "open":
        st.warning(
            _("The study is not open: links lead nowhere until it is. Open it in its design."),
            icon=":material/lock:",
        )
    edits = studies_access.may(study_id, "edit")
    if edits:
        _maker(study_id, design)
    _made(design)
    known = store().links(study_id)
    for one in (link for link in known if link.kind == "open"):
        _open_link(study_id, one, design, edits)
    _single(study_id, [link for link in known if link.kind == "single"], edits)


def _maker(study_id: str, design: StudyDesign) -> None:
    with st.expander(_("Make links"), icon=":material/add_link:"):
        kinds = {
            "open": _("One link for everybody"),
            "single": _("Links for one participant each"),
        }
        kind = st.selectbox(_("Kind"), list(kinds), format_func=kinds.__getitem__, key="studies-link-kind")
        count = 1
        if kind == "single":
            count = st.number_input(_("How many"), 1, 1000, 10, key="studies-link-count")
        fixed = design.allocation.kind == "fixed"
        arms = [arm.name for arm in design.arms]
        arm = st.selectbox(
            _("Arm"),
            arms if fixed else [None, *arms],
            format_func=lambda one: one or _("By the study's allocation"),
            key="studies-link-arm",
        )
        label = st.text_input(_("Label"), key="studies-link-label", max_chars=200)
        if st.button(_("Make"), type="primary", key="studies-link-make"):
            try:
                made = store().add_links(study_id, kind, count=int(count), arm=arm, label=label)  # type: ignore[arg-type]
            except StudyError as error:
                st.error(plain(error.message))
                return
            studies_access.audit("made_links", study_id, f"{len(made)} {kind}")
            st.session_state[_MADE_KEY] = made if kind == "single" else ()


def _made(design: StudyDesign) -> None:
    """Single-use links just made: their addresses are known now alone."""
    made: tuple[Link, ...] = st.session_state.get(_MADE_KEY, ())
    if not made:
        return
    st.warning(
        _("These links can be seen now and never again: download them, or copy them."),
        icon=":material/visibility:",
    )
    words = ngettext("Download one link (CSV)", "Download {count} links (CSV)", len(made))
    st.download_button(
        words.format(count=len(made)),
        data=batch_csv(made, _server()),
        file_name="links.csv",
        mime="text/csv",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
        key="studies-links-csv",
    )
    server = _server()
    st.download_button(
        _("Cards with QR codes, to print"),
        data=lambda: cards_html(made, server, design.title).encode(),
        file_name="links.html",
        mime="text/html",
        icon=":material/print:",
        on_click="ignore",
        key="studies-links-cards",
    )
    if len(made) <= 3:
        for one in made:
            _address(one, design)


def _open_link(study_id: str, one: Link, design: StudyDesign, edits: bool) -> None:
    with st.container(border=True):
        arm = one.arm or _("by the study's allocation")
        state = _("disabled") if one.disabled else _("works for everybody")
        name = plain(one.label) or _("Open link")
        given = _("arm: {name}").format(name=plain(arm))
        st.markdown(f"**{name}** · {given} · {state}")
        if one.disabled:
            return
        _address(one, design)
        if edits:
            _disabler(study_id, one)


def _single(study_id: str, all_: list[Link], edits: bool) -> None:
    if not all_:
        return
    used = sum(link.used_at is not None for link in all_)
    words = _("Links for one participant each: {used} of {count} used").format(used=used, count=len(all_))
    with st.expander(words, icon=":material/link:"):
        for one in all_:
            state = (
                _("disabled")
                if one.disabled
                else _("used {date}").format(date=f"{one.used_at:%Y-%m-%d %H:%M}")
                if one.used_at
                else _("not used yet")
            )
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"`{one.link_id}` {plain(one.label)} · {plain(one.arm or '')} · {state}")
                if edits and not one.disabled and one.used_at is None:
                    _disabler(study_id, one)


def _disabler(study_id: str, one: Link) -> None:
    st.button(
        _("Disable"),
        icon=":material/link_off:",
        key=f"studies-disable-{one.link_id}",
        on_click=_disable,
        args=(study_id, one.link_id),
    )


def _disable(study_id: str, link_id: str) -> None:
    if studies_access.may(study_id, "edit"):
        store().disable_link(study_id, link_id)
        studies_access.audit("disabled_link", study_id, link_id)


def _address(one: Link, design: StudyDesign) -> None:
    """An address to copy, and as a code to point a phone at."""
    panel = design.completion if design.completion.passed_on else None
    st.code(address_of(one, _server(), panel), language=None, wrap_lines=True)
    code = picture(qr_svg(address_of(one, _server())), _("QR code of this link"))
    st.html(f'<div class="rt-qr">{code}</div>')


def _server() -> str:
    """Where the app is, as this browser reached it."""
    return str(st.context.url or "").partition("?")[0].rstrip("/").removesuffix("studies").rstrip("/")
