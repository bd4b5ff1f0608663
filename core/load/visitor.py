"""A visitor without a browser: speaks Streamlit's protocol, and sends the film as streamlit-webrtc does.

Run as ``python -m core.load.visitor``, with one JSON object a line on standard input: ``{"streams": N}`` lets
visitors come or go until there are N. Another process than the bench's: Streamlit and aiortc are loaded here.
``--relay`` sends by way of a TURN relay alone, if the page names one.
"""

import asyncio
import contextlib
import fractions
import json
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import urljoin

import aiortc.rtcrtpreceiver
import av
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from core.live import gathering
from core.load.film import RATE, Film, shoot

_CLOCK: Final = 90_000


class Camera(MediaStreamTrack):
    """The film, at its own time: frame n of the loop is due n / RATE seconds after the loop began."""

    kind = "video"

    def __init__(self, film: Film, epoch: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._film, self._epoch, self._clock = film, epoch, clock
        self._next = -1

    async def recv(self) -> "av.Packet[Any]":
        """The next packet, when it is due; the first is a key frame."""
        if self._next < 0:
            self._next = int((self._clock() - self._epoch) * RATE) + 1
            self._next += -self._next % RATE
        await asyncio.sleep(max(0.0, self._epoch + self._next / RATE - self._clock()))
        packet = av.Packet(self._film.packets[self._next % len(self._film.packets)])
        packet.pts, packet.time_base = self._next * _CLOCK // RATE, fractions.Fraction(1, _CLOCK)
        self._next += 1
        return packet


def _configuration(given: dict[str, Any] | None, by_relay: bool) -> RTCConfiguration:
    """The page's own STUN and TURN servers, as a browser is told them; none by default."""
    servers = (given or {}).get("iceServers") or []
    return RTCConfiguration(
        [RTCIceServer(one["urls"], one.get("username"), one.get("credential")) for one in servers],
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if by_relay else RTCIceTransportPolicy.ALL,
    )


class _Blind:
    """Decodes nothing: the bench counts frames and never looks at them."""

    def decode(self, encoded_frame: object) -> list[object]:
        """No frames."""
        return []


class Visitor:
    """One page with a camera; :meth:`run` until it is cancelled."""

    def __init__(self, address: str, film: Film, epoch: float, by_relay: bool = False) -> None:
        self._address, self._film, self._epoch, self._by_relay = address, film, epoch, by_relay
        self._socket: ClientConnection | None = None
        self._page = ""
        self._camera = ""
        self._value: dict[str, Any] = {"playing": False, "sdpOffer": "", "iceCandidates": {}}
        self._connection: RTCPeerConnection | None = None
        self._refreshing: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waits_at = ""

    async def run(self) -> None:
        """Visit: open the page, start the camera, run what the page asks to have run."""
        try:
            async with connect(self._address, subprotocols=["streamlit"], max_size=None) as socket:  # type: ignore[list-item]
                self._socket = socket
                await self._rerun()
                async for data in socket:
                    message = ForwardMsg()
                    message.ParseFromString(data if isinstance(data, bytes) else data.encode())
                    await self._handle(message)
        finally:
            for task in (*self._refreshing.values(), *self._tasks):
                task.cancel()
            if self._connection is not None:
                await self._connection.close()

    async def _rerun(self, fragment: str = "") -> None:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.page_script_hash, rerun.fragment_id, rerun.is_auto_rerun = self._page, fragment, bool(fragment)
        if self._camera:
            rerun.widget_states.widgets.add(id=self._camera, json_value=json.dumps(self._value))
        assert self._socket is not None
        await self._socket.send(message.SerializeToString())

    async def _handle(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
        elif kind == "navigation":
            self._page = message.navigation.page_script_hash  # another one, and the camera is let go
        elif kind == "stop_auto_rerun":
            for fragment in list(self._refreshing):
                self._refreshing.pop(fragment).cancel()
        elif kind == "auto_rerun":
            auto = message.auto_rerun
            if auto.fragment_id in self._refreshing:
                self._refreshing[auto.fragment_id].cancel()
            self._refreshing[auto.fragment_id] = asyncio.ensure_future(
                self._refresh(auto.fragment_id, auto.interval)
            )
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            if element.WhichOneof("type") == "component_instance":
                part = element.component_instance
                if part.component_name.endswith("webrtc_streamer"):
                    await self._drawn(part.id, json.loads(part.json_args))
            elif element.WhichOneof("type") == "bidi_component":
                given = json.loads(element.bidi_component.json or "null")
                if isinstance(given, dict):
                    self._wait_at(given.get("changes"), message.delta.fragment_id)

    def _wait_at(self, address: str | None, fragment: str) -> None:
        """The hint was drawn: as the page's script does, wait to be told that there is another."""
        if address and address != self._waits_at:
            self._waits_at = address
            self._later(self._wait(urljoin(self._address, address), fragment))

    async def _wait(self, address: str, fragment: str) -> None:
        with contextlib.suppress(OSError, WebSocketException):
            async with connect(address) as socket:
                async for _changed in socket:
                    await self._rerun(fragment)

    async def _refresh(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            await self._rerun(fragment)

    async def _drawn(self, part: str, arguments: dict[str, Any]) -> None:
        """The camera's frame was drawn: start it, or take the server's answer."""
        self._camera = part
        if self._connection is None:
            self._connection = RTCPeerConnection(
                _configuration(arguments.get("rtc_configuration"), self._by_relay)
            )
            self._later(self._offer(self._connection))
        answer = arguments.get("sdp_answer_json")
        waiting = self._connection.signalingState == "have-local-offer"
        if answer and waiting:
            given = json.loads(answer)
            await self._connection.setRemoteDescription(RTCSessionDescription(given["sdp"], given["type"]))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _offer(self, connection: RTCPeerConnection) -> None:
        connection.addTrack(Camera(self._film, self._epoch))

        @connection.on("connectionstatechange")
        async def changed() -> None:
            if connection.connectionState == "connected":
                self._value = {"playing": True, "sdpOffer": "", "iceCandidates": {}}
                await self._rerun()

        await connection.setLocalDescription(await connection.createOffer())
        offer = connection.localDescription
        self._value |= {"sdpOffer": {"type": offer.type, "sdp": offer.sdp}}
        await self._rerun()


async def visit(address: str, epoch: float, orders: asyncio.StreamReader, by_relay: bool = False) -> None:
    """Let visitors come and go as ordered, until there are no more orders."""
    gathering.bound()  # a browser does not wait for these servers at all
    vars(aiortc.rtcrtpreceiver)["get_decoder"] = lambda codec: _Blind()
    film = shoot()
    print("ready", flush=True)
    visitors: list[asyncio.Task[None]] = []
    while line := await orders.readline():
        wanted = json.loads(line)["streams"]
        while len(visitors) < wanted:
            visitors.append(asyncio.ensure_future(Visitor(address, film, epoch, by_relay).run()))
        while len(visitors) > wanted:
            visitors[0].cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await visitors.pop(0)
        print(len(visitors), flush=True)
    for left in visitors:
        left.cancel()
    await asyncio.gather(*visitors, return_exceptions=True)


async def _main(address: str, epoch: float, by_relay: bool) -> None:
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    await visit(address, epoch, orders, by_relay)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2]), "--relay" in sys.argv[3:]))
