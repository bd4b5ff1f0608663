"""Three networks of this machine's own: a visitor and a server that reach each other through a relay alone.

The visitor's and the server's network end at the relay's, which forwards nothing: there are a TURN relay
(coturn) and a proxy for the page, as where a firewall lets no video pass.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from core.serving.process import running
from scripts.setup_env import ROOT, find_tool

CONFIGURATION = ROOT / "deploy" / "turnserver.conf"

VISITOR, SERVER = "10.77.1.2", "10.77.2.2"
RELAY_TO_VISITOR, RELAY_TO_SERVER = "10.77.1.1", "10.77.2.1"
TURN_PORT = 3478
# A proxy for TCP: listens at one address, and connects to another.
_PROXY = """
import asyncio, sys
here, port, there = sys.argv[1], int(sys.argv[2]), sys.argv[3]
async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
async def serve(reader, writer):
    try:
        out_reader, out_writer = await asyncio.open_connection(there, port)
    except OSError:
        return writer.close()
    await asyncio.gather(pump(reader, out_writer), pump(out_reader, writer))
async def main():
    async with await asyncio.start_server(serve, here, port) as server:
        await server.serve_forever()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Network:
    """Names of the three networks, and how a command is run in one of them."""

    visitor: str
    relay: str
    server: str

    def inside(self, name: str) -> tuple[str, ...]:
        """What stands before a command that shall run in a network."""
        return ("ip", "netns", "exec", name)

    def cut(self) -> None:
        """What the visitor sends from here on arrives nowhere, and nothing arrives there; nobody is told."""
        # Each side sends to a card that is not there: no route goes, as it would with the link.
        for name, address, device in self._ends():
            nobody = ("lladdr", "02:00:00:00:00:99", "nud", "permanent")
            _ip("-n", name, "neigh", "replace", address, *nobody, "dev", device)

    def mend(self) -> None:
        """The visitor's network is there again."""
        for name, address, device in self._ends():
            _ip("-n", name, "neigh", "del", address, "dev", device)

    def _ends(self) -> tuple[tuple[str, str, str], ...]:
        return (self.relay, VISITOR, "visitor"), (self.visitor, RELAY_TO_VISITOR, "wire")


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def can_be_made() -> bool:
    """Whether this machine lets this process make networks."""
    try:
        with network():
            return True
    except (RuntimeError, OSError):
        return False


@contextmanager
def network() -> Iterator[Network]:
    """The three networks until the block ends.

    Raises:
        RuntimeError: this machine lets nobody make any.
    """
    end = token_hex(3)
    made = Network(*(f"retake-{name}-{end}" for name in ("visitor", "relay", "server")))
    with ExitStack() as stack:
        for name in (made.visitor, made.relay, made.server):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
            _ip("-n", name, "link", "set", "lo", "up")
        switch = ("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")
        subprocess.run([*made.inside(made.relay), *switch], check=True)
        for name, here, there in (
            (made.visitor, VISITOR, RELAY_TO_VISITOR),
            (made.server, SERVER, RELAY_TO_SERVER),
        ):
            far = "visitor" if name == made.visitor else "server"
            _ip("-n", name, "link", "add", "wire", "type", "veth", "peer", "name", far, "netns", made.relay)
            _ip("-n", name, "addr", "add", f"{here}/24", "dev", "wire")
            _ip("-n", name, "link", "set", "wire", "up")
            _ip("-n", made.relay, "addr", "add", f"{there}/24", "dev", far)
            _ip("-n", made.relay, "link", "set", far, "up")
        # The server asks the relay at the address that the visitor knows.
        _ip("-n", made.server, "route", "add", "default", "via", RELAY_TO_SERVER)
        yield made


@contextmanager
def relay(
    before: Sequence[str], address: str, port: int, relayed: str, server: str, secret: str, log: Path
) -> Iterator[None]:
    """coturn, as deploy/turnserver.conf sets it up, until the block ends.

    Args:
        before: what stands before the command.
        address, port: where it listens.
        relayed: the address that it lends.
        server: the one address among private ones that may be reached through it.
        secret: that it shares with Retake.
        log: for all that it prints.
    """
    program = find_tool("turnserver")
    if program is None:
        raise RuntimeError("There is no coturn here. Debian, Ubuntu: sudo apt-get install coturn")
    text = CONFIGURATION.read_text(encoding="utf-8")
    for operators, here in (
        ("listening-port=3478", f"listening-port={port}\nlistening-ip={address}\nrelay-ip={relayed}"),
        ("static-auth-secret=PUT-A-LONG-SECRET-HERE", f"static-auth-secret={secret}"),
        ("#allowed-peer-ip=10.0.0.5", f"allowed-peer-ip={server}"),
    ):
        assert text.count(operators) == 1, operators
        text = text.replace(operators, here)
    configuration = log.with_suffix(".conf")
    configuration.write_text(text, encoding="utf-8")
    options = [
        *("-c", str(configuration), "--verbose", "--log-file=stdout", "--simple-log"),
        *("--pidfile", str(log.with_suffix(".pid")), "--userdb", str(log.with_suffix(".db"))),
    ]
    with _running([*before, program, *options], log):
        yield


@contextmanager
def _running(command: Sequence[str], log: Path) -> Iterator[None]:
    """Run a command until the block ends; all that it prints goes to a file."""
    with log.open("ab") as out, running(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL):
        yield


@contextmanager
def proxy(made: Network, port: int, log: Path) -> Iterator[str]:
    """The server's page at the relay's machine until the block ends; yields its address for the visitor."""
    where = [RELAY_TO_VISITOR, str(port), SERVER]
    with _running([*made.inside(made.relay), sys.executable, "-c", _PROXY, *where], log):
        yield f"http://{RELAY_TO_VISITOR}:{port}"
