"""The app that public demos are: the network, eager, inside the callback, and a page that asks every 0.3 s.

``streamlit run core/load/naive_app.py -- REPORT``; the load bench alone does so, to compare with. The weights
are random: they make no difference to the time.
"""

import sys
import threading
import time
from pathlib import Path

import av
import streamlit as st
import torch
from streamlit_webrtc import WebRtcMode, webrtc_streamer

from core.load.film import number_of
from core.networks.build import build
from core.runtime.preprocess import detail_square, network_square, square_batch

ASK_EVERY_S = 0.3


class Newest:
    """The newest answer of one visit."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.values: list[float] = []


@st.cache_resource
def network() -> torch.nn.Module:
    """ImageQX as it is trained, with PyTorch's own number of threads."""
    return build("imageqx").eval()


def main(report: Path) -> None:
    """Draw the page."""
    net = network()
    newest = st.session_state.setdefault("newest", Newest())

    def callback(frame: av.VideoFrame) -> av.VideoFrame:
        rgb = frame.to_ndarray(format="rgb24")
        views = (network_square(rgb), detail_square(rgb))
        with torch.inference_mode():
            logits = net(*(torch.from_numpy(square_batch(view)) for view in views))[0]
        with newest.lock:
            newest.values = logits.flatten().softmax(0).tolist()
        number = number_of(rgb)
        if number is not None:
            with report.open("a") as lines:
                lines.write(f"{id(newest)} {number} {time.monotonic():.4f}\n")
        return av.VideoFrame.from_ndarray(rgb, format="rgb24")

    st.title("Is this photo good?")
    webrtc_streamer(
        key="camera",
        mode=WebRtcMode.SENDRECV,
        rtc_configuration={"iceServers": []},
        media_stream_constraints={"video": True, "audio": False},
        video_frame_callback=callback,
    )

    @st.fragment(run_every=ASK_EVERY_S)
    def answers() -> None:
        with newest.lock:
            values = list(newest.values)
        for number, value in enumerate(values):
            st.progress(value, text=f"class {number}: {value:.2f}")

    answers()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
