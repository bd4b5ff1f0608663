"""Change the prompts and when they come, see at once what that does, and keep it as a preset."""

import streamlit as st

from core.i18n import _
from core.ui import designer_draft, designer_edit, designer_keep, designer_preview, layout


def main() -> None:
    st.html(layout.HERE / "designer.css")
    st.title(_("Designer"), anchor=False)
    st.markdown(
        _(
            "Change the words, limits and timing of the coach, and see at once what a person would meet. "
            "Nothing here changes anybody else's visit until you save it and share its link."
        )
    )
    designer_draft.remember()
    with st.container(key="rt-designer"):
        designer_keep.status()
        with st.container(key="rt-halves"):
            left, right = st.columns([5, 6], gap="large")
        with left, layout.calm("designer, fields"):
            designer_edit.editor()
        with right, layout.calm("designer, preview"):
            designer_preview.preview()
        st.divider()
        designer_keep.keep()


layout.inside_frame(main)
