"""Front door: page setup, language, navigation. Nothing else."""

import streamlit as st

from core.i18n import _
from core.ui import layout, session

st.set_page_config(page_title="Retake", page_icon=layout.page_icon(), layout="centered")
session.apply_language()

pages = [
    st.Page("pages/practise.py", title=_("Practise"), icon=":material/photo_camera:", default=True),
    st.Page("pages/check.py", title=_("Check"), icon=":material/fact_check:", url_path="check"),
    st.Page("pages/compare.py", title=_("Compare"), icon=":material/balance:", url_path="compare"),
    st.Page("pages/how_good.py", title=_("How good?"), icon=":material/query_stats:", url_path="how_good"),
    st.Page("pages/designer.py", title=_("Designer"), icon=":material/tune:", url_path="designer"),
    st.Page("pages/studies.py", title=_("Studies"), icon=":material/groups:", url_path="studies"),
    st.Page("pages/operator.py", title=_("Server"), icon=":material/monitor_heart:", url_path="operator"),
    st.Page("pages/about.py", title=_("About"), icon=":material/info:", url_path="about"),
]
# Its participants come by a link, and find no way from it to the other pages.
study = st.Page("pages/take-part.py", title=_("Take part"), icon=":material/science:", url_path="take-part")
page = st.navigation([*pages, study], position="hidden")
layout.run(page, pages)
