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
    photo_guide.folded()


layout.inside_frame(main)
