"""A line between a browser and a server on one machine: as slow as it is told; it notes what is asked."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, cast

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
    rate = None if mbit is None else mbit * 1e6 / 8
    free_at = 0.0
    laid_out = threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()
    ways: set[asyncio.Task[None]] = set()
    led_now: set[asyncio.Task[None]] = set()

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
        this = cast("asyncio.Task[None]", asyncio.current_task())
        led_now.add(this)
        with suppress(OSError):
            there, thither = await asyncio.open_connection("127.0.0.1", port)
            both = [asyncio.ensure_future(forth(reader, thither)), asyncio.ensure_future(back(there, writer))]
            ways.update(both)
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for way in both:
                way.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            ways.difference_update(both)
            thither.close()
        writer.close()
        led_now.discard(this)

    async def lead() -> None:
        server = await asyncio.start_server(led, "127.0.0.1", 0)
        laid.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        laid_out.set()
        await over.wait()
        server.close()
        for way in ways:
            way.cancel()
        if led_now:
            await asyncio.wait(led_now)

    # A loop of its own: whoever drives a browser has one in this thread already.
    thread = threading.Thread(target=loop.run_until_complete, args=(lead(),), daemon=True)
    thread.start()
    laid_out.wait()
    try:
        yield laid
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
