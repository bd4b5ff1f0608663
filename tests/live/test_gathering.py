"""A STUN or TURN server that never answers, and how long a camera's connection waits for it."""

import asyncio
import socket

import pytest
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection

from core.live import gathering


@pytest.fixture
def silent():
    """A server that takes everything and answers nothing, as behind a firewall that drops packets."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taking:
        taking.bind(("127.0.0.1", 0))
        taking.setblocking(False)
        yield taking


def received(taking):
    """How many packets came from each address."""
    counts = {}
    while True:
        try:
            _data, sender = taking.recvfrom(2000)
        except BlockingIOError:
            return counts
        counts[sender] = counts.get(sender, 0) + 1


async def answered(server):
    """The candidates that a connection offers which may ask one server."""
    connection = RTCPeerConnection(RTCConfiguration([server]))
    connection.addTransceiver("video")
    try:
        await connection.setLocalDescription(await connection.createOffer())
        return [line for line in connection.localDescription.sdp.splitlines() if "candidate:" in line]
    finally:
        await connection.close()


@pytest.mark.parametrize("kind", ["stun", "turn"])
def test_a_camera_is_answered_without_a_server_that_says_nothing(silent, kind):
    gathering.bound()
    gathering.bound()
    server = RTCIceServer(f"{kind}:127.0.0.1:{silent.getsockname()[1]}", "name", "password")
    candidates = asyncio.run(answered(server))
    assert candidates, "this computer's own addresses are offered all the same"
    # It asks at once, after half a second, and after one and a half; the next time would be after 3.5.
    counts = received(silent)
    assert counts, "it was asked"
    assert max(counts.values()) <= 3
