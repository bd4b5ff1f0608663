import streamlit as st

from core.ui import (
    embedded,
    layout,
    photo_guide,
    practise_device,
    practise_series,
    practise_server,
    practise_way,
    steps,
)
from core.words import _


def main() -> None:
    steps.follow()
    choice = practise_way.choice()
    way = practise_device if choice.way == "device" else practise_server
    if not way.page():
        return
    if not embedded.on():
        with st.container(key="practise-way-box"):
            practise_series.picker()
            practise_way.picker(choice)
    with st.expander(_("How to take a photo that helps"), icon=":material/help:", key="practise-guide"):
        photo_guide.section()


layout.inside_frame(main)
