"""Usability studies: make one, invite people, watch it, and see what it shows."""

import streamlit as st

from core.i18n import _
from core.study.faults import StudyError
from core.text.markdown import plain
from core.ui import layout, studies_access, studies_demo, studies_list, studies_study


def main() -> None:
    st.html(layout.HERE / "designer.css")
    st.html(layout.HERE / "studies.css")
    st.title(_("Studies"), anchor=False)
    if studies_demo.opened():
        studies_demo.demo()
        return
    try:
        signed_in = studies_access.identity()
        if not signed_in:
            studies_list.welcome()
        elif studies_study.opened():
            studies_study.study()
        else:
            studies_list.studies()
    except StudyError as error:
        st.error(plain(error.message), icon=":material/database:")


layout.inside_frame(main)
