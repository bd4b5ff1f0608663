"""A visitor without a browser runs its page when it is told to, as the page's script does."""

import asyncio
import json

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.server import serve

from core.load.visitor import Visitor

WAIT_S = 30  # only ends a test that would never end


def drawn(data, fragment="the hint's"):
    """A component was drawn in a fragment, with this data."""
    message = ForwardMsg()
    message.delta.fragment_id = fragment
    message.delta.new_element.bidi_component.component_name = "retake_banner"
    message.delta.new_element.bidi_component.json = json.dumps(data)
    return message.SerializeToString()


@pytest.mark.parametrize("other", [None, {"changes": ""}, ["changes"]])
def test_it_waits_where_the_hint_says_and_runs_the_hints_fragment(other):
    runs, asked = [], []

    async def answer(socket):
        asked.append(socket.request.path)
        if socket.request.path == "/live/changes/token":
            for _change in range(2):
                await socket.send("changed")
            await socket.wait_closed()
            return
        runs.append((await socket.recv(), ""))  # the first run of the page
        await socket.send(drawn(other))
        for _run in range(2):  # drawn again by each run, and waited for once
            await socket.send(drawn({"changes": "/live/changes/token"}))
        for _change in range(2):
            message = BackMsg()
            message.ParseFromString(await socket.recv())
            runs.append(message.rerun_script.fragment_id)

    async def visit():
        async with serve(
            answer, "127.0.0.1", 0, select_subprotocol=lambda _end, offered: (*offered, None)[0]
        ) as server:
            port = server.sockets[0].getsockname()[1]
            visitor = Visitor(f"ws://127.0.0.1:{port}/_stcore/stream", None, 0.0)
            await asyncio.wait_for(visitor.run(), WAIT_S)

    asyncio.run(visit())
    assert runs[1:] == ["the hint's", "the hint's"]
    assert asked == ["/_stcore/stream", "/live/changes/token"]
