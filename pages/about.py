"""What Retake is, what happens to photos, and how well its networks did."""

import streamlit as st

from core.ui import layout
from core.words import _


def main() -> None:
    st.title(_("About Retake"), anchor=False)


layout.inside_frame(main)
