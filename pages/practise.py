import streamlit as st

from core.ui import (
    embedded,
    inference_mode,
    keep_here,
    layout,
    photo_guide,
    practise_device,
    practise_series,
    practise_server,
    steps,
)


def main() -> None:
    steps.follow()
    choice = inference_mode.choice()
    if choice.way == "server" and keep_here.held_back(choice.why):
        st.caption(choice.why)
        return
    way = practise_device if choice.way == "device" else practise_server
    if not way.page():
        return
    if not embedded.on():
        with st.container(key="practise-way-box"):
            if choice.way == "server" or not keep_here.wanted():
                practise_series.picker()
            inference_mode.picker(choice)
    photo_guide.folded()


layout.inside_frame(main)
