"""The Share tab of the Designer page: a draft's link; a preset's link with its options, code and frame."""

import streamlit as st

from core.browser.choice import WAYS, name_of
from core.designer.address import capture_query, embed_snippet, qr_svg
from core.designer.link import LinkError, link_of
from core.i18n import LANGUAGES, _
from core.text.drawings import picture
from core.ui import designer_draft as drafts


def share(page: str) -> None:
    """Draw the tab.

    Args:
        page: the Designer page's own address, without a query.
    """
    made = drafts.draft()
    if made.problems:
        st.caption(_("First put right what is listed above."))
    elif drafts.edits() or not made.opened:
        _draft(page, made)
    else:
        _preset(page.removesuffix("designer").rstrip("/"), made.opened)


def _draft(page: str, made: drafts.Draft) -> None:
    try:
        link = link_of(made.content, drafts.bases())
    except LinkError as error:
        st.warning(error.message, icon=":material/link_off:")
        return
    st.markdown(_("Whoever opens this link finds this draft here, to look at and go on with."))
    _link(f"{page}?{drafts.DESIGN_QUERY}={link}")
    st.caption(_("The link holds what differs from balanced, in the address itself."))
    st.caption(_("Save the draft to get a link to the camera, and a frame for another page."))


def _preset(front: str, name: str) -> None:
    browser, person = _("As in the browser"), _("The person chooses")
    photos = {False: _("One photo"), True: _("Three photos: far, near, close up")}
    with st.container(key="rt-share", horizontal=True):
        language = st.selectbox(
            _("Language"),
            ["", *LANGUAGES],
            format_func=lambda code: LANGUAGES.get(code, browser),
            key="designer-share-language",
        )
        three = st.selectbox(
            _("What to take"), [False, True], format_func=photos.__getitem__, key="designer-share-photos"
        )
        way = st.selectbox(
            _("Where the picture is checked"),
            ["", *WAYS],
            format_func=lambda way: name_of(way) if way else person,
            key="designer-share-way",
        )
    st.markdown(_("Whoever opens this link uses **{name}**.").format(name=name))
    _link(f"{front}/?{capture_query(name, language, three, way)}")
    st.caption(_("Leave out the @ and the number to always use the newest version."))
    st.markdown(_("This shows the camera alone in a frame of another page:"))
    inside = f"{front}/?{capture_query(name, language, three, way, embed=True)}"
    st.code(embed_snippet(inside, _("Take a photo")), language="html", wrap_lines=True)
    st.caption(_("How that page is told what came of it stands in docs/embedding.md."))


def _link(address: str) -> None:
    """An address to copy, and as a code to point a phone at."""
    st.code(address, language=None, wrap_lines=True)
    svg = qr_svg(address)
    if svg is None:
        st.caption(_("This link is too long for a QR code."))
    else:
        code = picture(svg, _("QR code of this link"))
        st.html(f'<div class="rt-qr">{code}</div>')
