"""Video where no direct path leads to the server: through coturn, over a network that drops out."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cut_network
import numpy as np
import pytest
from browser_steps import camera_runs
from cut_network import RELAY_TO_SERVER, RELAY_TO_VISITOR, SERVER, TURN_PORT
from playwright.sync_api import expect

from core.live.trouble import explain
from core.load.figures import read_seen
from core.serving.process import free_port, running, wait_until
from core.synthetic.phantoms import draw
from scripts import drive, fake_camera
from scripts.phone import lan_addresses
from tests.at_the_end import remarks

pytestmark = [pytest.mark.browser, pytest.mark.webrtc, pytest.mark.needs("turnserver")]

SECRET = "north"
PORT = 8501
# In the visitor's network, and nobody's: what is sent there goes nowhere.
NOBODY = "10.77.1.99"
CUT_S = 7.0


@dataclass
class Place:
    """A server that is observed, behind a relay.

    Attributes:
        network: None where this machine lets nobody make networks: then all are on this computer.
        url: of the page, for a visitor.
        folder: with what each process printed.
        visitor: what stands before a visitor's command.
        how: the visitor's options.
    """

    network: cut_network.Network | None
    url: str
    folder: Path
    visitor: tuple[str, ...] = ()
    how: list[str] = field(default_factory=list)

    def seen(self):
        """The verdicts so far."""
        return read_seen((self.folder / "seen").read_text())

    def turn_log(self):
        return (self.folder / "turn.log").read_text(errors="replace")

    def wait_for(self, more, since=0):
        """Wait until there are so many verdicts more than there were; the limit only ends what never ends."""
        until = time.monotonic() + 90
        while len(self.seen()) < since + more:
            assert time.monotonic() < until, (self.folder / "server.log").read_text()[-2000:]
            time.sleep(0.1)


@pytest.fixture(scope="module")
def place(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("relay")
    (folder / "seen").touch()
    with ExitStack() as stack:
        if cut_network.can_be_made():
            network = stack.enter_context(cut_network.network())
            before, lent, reached = network.inside(network.relay), RELAY_TO_SERVER, SERVER
            relay, turn_port, address, port = RELAY_TO_VISITOR, TURN_PORT, SERVER, PORT
            url = stack.enter_context(cut_network.proxy(network, PORT, folder / "proxy.log"))
            serving = network.inside(network.server)
            found = Place(network, url, folder, network.inside(network.visitor))
        else:
            remarks(request.config).lacking.append(
                "The relay was tested without networks of its own, by a visitor that sends to it alone: this "
                "machine lets nobody make networks (ip netns, as root)."
            )
            relay, before, serving = lan_addresses()[0], (), ()
            lent = reached = relay
            turn_port, address = free_port(), "127.0.0.1"
            port = free_port(turn_port)
            found = Place(None, f"http://127.0.0.1:{port}", folder, how=["--relay"])
        stack.enter_context(
            cut_network.relay(before, relay, turn_port, lent, reached, SECRET, folder / "turn.log")
        )
        environment = {
            "RETAKE_LIVE": "server",
            "RETAKE_STREAMS": "10",
            "RETAKE_DATA": str(folder / "data"),
            "RETAKE_THREADS": "1",
            "RETAKE_ICE_SERVERS": f"stun:{NOBODY}:{TURN_PORT}",
            "RETAKE_TURN_URL": f"turn:{relay}:{turn_port}",
            "RETAKE_TURN_SECRET": SECRET,
        }
        options = [f"--server.port={port}", f"--server.address={address}", "--server.headless=true"]
        command = ["-m", "core.load.observed", str(folder / "seen"), "run", "serve.py", *options]
        log = stack.enter_context((folder / "server.log").open("wb"))
        environment = {**os.environ, **environment}
        command = [*serving, sys.executable, *command]
        started = running(command, cwd=drive.ROOT, env=environment, stdout=log, stderr=log)
        server = stack.enter_context(started)
        health = f"{found.url}/_stcore/health"
        answers = wait_until(server, lambda: _asked(found, health) == "ok", drive.START_WITHIN_S)
        assert answers, (folder / "server.log").read_text()
        yield found
        assert "Traceback" not in (folder / "server.log").read_text()


def _asked(place, url):
    """What a visitor gets at an address; nothing where it leads nowhere."""
    fetch = f"import urllib.request as r; print(r.urlopen({url!r}, timeout=5).read().decode(), end='')"
    asked = subprocess.run([*place.visitor, sys.executable, "-c", fetch], capture_output=True, text=True)
    return asked.stdout


@contextmanager
def a_visitor(place):
    """Without a browser: the load bench's."""
    address = place.url.replace("http", "ws") + "/_stcore/stream"
    command = [sys.executable, "-m", "core.load.visitor", address, str(time.monotonic()), *place.how]
    with running(
        [*place.visitor, *command],
        cwd=drive.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout.readline().strip() == "ready"
        process.stdin.write(json.dumps({"streams": 1}) + "\n")
        process.stdin.flush()
        yield


def test_a_camera_reaches_the_server_through_the_relay_alone_and_outlives_a_gap(place):
    if place.network:
        assert _asked(place, f"http://{SERVER}:{PORT}/_stcore/health") == "", "there is no direct path"
    with a_visitor(place):
        place.wait_for(3)
        # By the name that Retake made up for an hour or two, and the password that goes with it.
        assert re.search(
            r"user <\d{10}:retake>: incoming packet ALLOCATE processed, success", place.turn_log()
        )
        assert "CHANNEL_BIND processed, success" in place.turn_log()
        if place.network:
            before = len(place.seen())
            place.network.cut()
            time.sleep(CUT_S)
            place.network.mend()
            place.wait_for(10, since=before)
            times = [one.at for one in place.seen()]
            assert max(later - one for one, later in pairwise(times)) > CUT_S / 2


@pytest.mark.needs("networks")
def test_a_browsers_camera_that_was_cut_off_is_said_to_be_and_starts_again(place, playwright, monkeypatch):
    spot = [fake_camera.Shot(draw("lesion", 3, (480, 640)).rgb, 3)]
    film = fake_camera.write(place.folder / "film.y4m", spot, np.random.default_rng(0))
    chromium = place.folder / "chromium"
    chromium.write_text(f'#!/bin/sh\nexec {" ".join(place.visitor)} {drive._executable()} "$@"\n')
    chromium.chmod(0o755)
    monkeypatch.setenv("RETAKE_CHROMIUM", str(chromium))
    # A page of another computer has the camera over HTTPS alone, which is not what is tested here.
    plain = [f"--unsafely-treat-insecure-origin-as-secure={place.url}"]
    with drive.chromium(playwright, place.folder / "profile", camera=film, more=plain) as context:
        page = context.pages[0]
        page.goto(place.url)
        interrupted = page.get_by_role("paragraph").filter(has_text=explain("interrupted"))
        start = page.frame_locator("iframe[title*='webrtc']").get_by_role("button", name="Start camera")
        start.click()
        camera_runs(page)
        place.network.cut()
        time.sleep(CUT_S)
        place.network.mend()
        expect(interrupted).to_be_visible()
        start.click()
        camera_runs(page)
        expect(interrupted).to_be_hidden()
