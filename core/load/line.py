"""A line between a browser and a server on one machine: as slow as it is told, and it notes what was asked for."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

_PIECE: Final = 16 * 1024


@dataclass
class Line:
    """One line, open.

    Attributes:
        url: where a browser enters it.
        asked: the paths of the requests that went through, in order.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)


@contextmanager
def line(port: int, mbit: float | None = None, round_trip_s: float = 0.0) -> Iterator[Line]:
    """Lead from a free port of this machine to another until the block ends.

    Args:
        port: the server's.
        mbit: megabits a second that come back from the server, all connections together; None for no limit.
        round_trip_s: how long what is sent to the server is on its way there and back.
    """
    laid = Line()
    loop = asyncio.new_event_loop()
    rate = None if mbit is None else mbit * 1e6 / 8
    free_at = 0.0

    async def forth(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE):
            if piece.startswith(b"GET "):
                laid.asked.append(piece.split(b" ", 2)[1].decode("latin-1"))
            await asyncio.sleep(round_trip_s)
            writer.write(piece)
            await writer.drain()

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal free_at
        while piece := await reader.read(_PIECE):
            if rate is not None:
                now = time.monotonic()
                free_at = max(now, free_at) + len(piece) / rate
                await asyncio.sleep(free_at - now)
            writer.write(piece)
            await writer.drain()

    async def led(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, thither = await asyncio.open_connection("127.0.0.1", port)
            ways = (forth(reader, thither), back(there, writer))
            _done, rest = await asyncio.wait(map(asyncio.ensure_future, ways), return_when="FIRST_COMPLETED")
            for way in rest:
                way.cancel()
            thither.close()
        writer.close()

    laid_out = threading.Event()
    over = asyncio.Event()

    async def lead() -> None:
        server = await asyncio.start_server(led, "127.0.0.1", 0)
        laid.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        laid_out.set()
        await over.wait()
        server.close()

    # A loop of its own: whoever drives a browser has one in this thread already.
    thread = threading.Thread(target=lambda: loop.run_until_complete(lead()), daemon=True)
    thread.start()
    laid_out.wait()
    try:
        yield laid
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
