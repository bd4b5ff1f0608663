"""How well the networks did, on which photos, and what that cannot show."""

import streamlit as st

from core.i18n import _
from core.ui import layout, quality_tables


def main() -> None:
    st.title(_("How good is it?"), anchor=False)
    check, kind = st.tabs([_("The photo check"), _("The kind of skin change")])
    with check:
        quality_tables.photo_check()
    with kind:
        quality_tables.lesion_classifier()


layout.inside_frame(main)
