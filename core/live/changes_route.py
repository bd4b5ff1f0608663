"""Where a camera page's browser waits to be told that something changed: a WebSocket, without Streamlit.

A WebSocket and not an answer that stays open, for a server that is asked to end closes the one by itself and
would wait for the other.
"""

import asyncio
from contextlib import suppress
from typing import Final

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.live.changes import known

PATH: Final = "live/changes"
_UNKNOWN: Final = 1008


async def changes(socket: WebSocket) -> None:
    """Send ``changed`` with every change of the stream that the token names; refuse an unknown one."""
    of = known(socket.path_params["token"])
    if of is None:
        await socket.close(_UNKNOWN)
        return
    await socket.accept()
    with of.listening() as changed:

        async def tell() -> None:
            while True:
                await changed.wait()
                changed.clear()
                await socket.send_text("changed")

        async def leave() -> None:
            while True:
                await socket.receive_text()  # nothing is expected, and nothing is done with it

        tasks = {asyncio.ensure_future(one) for one in (tell(), leave())}
        try:
            ended, _running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                with suppress(WebSocketDisconnect, RuntimeError):
                    task.result()
        finally:
            for task in tasks:
                task.cancel()


def route() -> WebSocketRoute:
    """For ``streamlit.starlette.App``; below whatever path the app is served."""
    return WebSocketRoute(f"/{{base:path}}{PATH}/{{token}}", changes)
