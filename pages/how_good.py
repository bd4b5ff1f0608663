"""How well the networks did, on which photos, and what that cannot show."""

import streamlit as st

from core.ui import layout, quality_tables
from core.words import _


def main() -> None:
    st.title(_("How good is it?"), anchor=False)
    # One section for each network.
    st.header(_("The photo check"), anchor=False)
    quality_tables.photo_check()


layout.inside_frame(main)
