"""The results of a study that nobody took part in: reached in one press, without signing in."""

from typing import Final

import streamlit as st

from core.i18n import _
from core.study.demo import demo_study
from core.study.records import StudyData
from core.ui.studies_results import results

QUERY: Final = "demo"


def opened() -> bool:
    """Whether this visit looks at the demo; its address says so, so it may be shared."""
    return QUERY in st.query_params


def button() -> None:
    """Open it."""
    st.button(
        _("See a demo study"),
        icon=":material/science:",
        key="studies-demo",
        on_click=_open,
    )


def demo() -> None:
    """The page."""
    st.button(_("Back"), icon=":material/arrow_back:", key="studies-demo-close", on_click=_close)
    data = _data()
    st.subheader(data.designs[1].title, anchor=False)
    results(data, "demo")


@st.cache_resource(show_spinner=False)
def _data() -> StudyData:
    return demo_study()


def _open() -> None:
    st.query_params[QUERY] = "1"


def _close() -> None:
    st.query_params.pop(QUERY, None)
