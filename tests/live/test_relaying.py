"""Frames that nobody takes are dropped, not queued, on the way through streamlit-webrtc."""

import asyncio

import av
import pytest
from aiortc import MediaStreamTrack
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError
from streamlit.config import get_option

from core.live import relaying


class Frames(MediaStreamTrack):
    """Brings frames 0, 1, ... without a pause, then waits until it is ended."""

    kind = "video"

    def __init__(self, count):
        super().__init__()
        self.count, self.brought, self.over = count, 0, asyncio.Event()

    async def recv(self):
        await asyncio.sleep(0)
        if self.brought == self.count:
            await self.over.wait()
            raise MediaStreamError
        frame = av.VideoFrame(16, 16, "yuv420p")
        frame.pts, self.brought = self.brought, self.brought + 1
        return frame


def test_who_is_slow_gets_the_newest_frame_and_the_end():
    async def slow():
        source = Frames(20)
        taken = MediaRelay().subscribe(source)
        first = (await taken.recv()).pts
        while source.brought < 20:
            await asyncio.sleep(0)
        for _turn in range(5):
            await asyncio.sleep(0)
        last = (await taken.recv()).pts
        source.over.set()
        with pytest.raises(MediaStreamError):
            await taken.recv()
        return first, last

    relaying.newest_only()
    relaying.newest_only()  # as each run of a page may
    first, last = asyncio.run(slow())
    assert first < 5
    assert last == 19


def test_no_full_collection_holds_up_the_cameras_after_each_run_of_a_page():
    assert get_option("runner.postScriptGC") is False
