"""How this server does, for whoever runs it."""

import streamlit as st

from core.i18n import _
from core.study.faults import StudyError
from core.text.markdown import plain
from core.ui import layout, operator


def main() -> None:
    st.title(_("This server"), anchor=False)
    try:
        operator.page()
    except StudyError as error:
        st.error(plain(error.message), icon=":material/database:")


layout.inside_frame(main)
