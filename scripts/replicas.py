"""Two servers on one PostgreSQL behind nginx, on this computer: ``python -m scripts.replicas``.

nginx runs deploy/nginx-replicas.conf, on a port of its own and without HTTPS, as a process without rights.
Where ``RETAKE_DATABASE_URL`` names no database, scripts/with_postgres.sh starts one that ends with this. All
else is what an operator would set: one folder, one secret for cookies, one passphrase, alike for all servers.
"""

import argparse
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from core.errors import UserFacingError
from core.serving import process
from core.study.access import VARIABLE as PASSPHRASE
from core.study.database import VARIABLE, open_database
from scripts import drive
from scripts.setup_env import ROOT, find_tool

CONFIGURATION: Final = ROOT / "deploy" / "nginx-replicas.conf"
COOKIE_SECRET: Final = "STREAMLIT_SERVER_COOKIE_SECRET"  # noqa: S105, a setting's name
_PORTS: Final = ("8501", "8502")
BY_SCRIPT: Final = "RETAKE_TEST_POSTGRES"
"""Where scripts/with_postgres.sh leaves the address."""
_USERS: Final = ("www-data", "nginx", "nobody")
"""Who runs nginx, where root starts this: the first that this system knows."""
_START_S: Final = 20.0
_AROUND: Final = """\
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 512; }}
http {{
    {temporary}
    include {server};
}}
"""
_TEMPORARY: Final = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class ReplicasError(UserFacingError):
    """They cannot be run so; ``message`` says why and what to do."""


def configuration(port: int, ports: Sequence[int], text: str | None = None) -> str:
    """deploy/nginx-replicas.conf for this computer alone: plain HTTP, at these ports.

    Args:
        port: nginx's own.
        ports: of the two servers.
        text: in place of the file.
    """
    text = CONFIGURATION.read_text(encoding="utf-8") if text is None else text
    for old, new in zip(_PORTS, ports, strict=True):
        text = text.replace(f":{old}", f":{new}")
    text, found = re.subn(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", text)
    assert found == 1, "the file listens once"
    return re.sub(r"^ *(ssl_\w+|server_name|add_header Strict-Transport-Security) .*\n", "", text, flags=re.M)


@contextmanager
def nginx(port: int, ports: Sequence[int]) -> Iterator[Path]:
    """nginx in front of two servers until the block ends; yields the file with all that it prints.

    Args:
        port: of this computer alone, where it listens.
        ports: of the two servers.

    Raises:
        ReplicasError: there is no nginx, or it does not start.
    """
    program = find_tool("nginx")
    if program is None:
        raise ReplicasError("There is no nginx here. Debian, Ubuntu: sudo apt-get install nginx-light")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "server.conf").write_text(configuration(port, ports), encoding="utf-8")
        temporary = "\n    ".join(f"{kind}_temp_path {kind};" for kind in _TEMPORARY)
        around = _AROUND.format(temporary=temporary, server=folder / "server.conf")
        (folder / "nginx.conf").write_text(around, encoding="utf-8")
        rights = _without_rights(folder)
        log = folder / "log"
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
        with (
            log.open("wb") as out,
            process.running(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, **rights) as started,
        ):
            listens = partial(socket.create_connection, ("127.0.0.1", port), 1)
            connection = process.wait_until(started, listens, _START_S)
            if connection is None:
                raise ReplicasError(f"nginx did not start ({process.last_line(log)}).")
            connection.close()
            yield log


def _without_rights(folder: Path) -> Mapping[str, Any]:
    """How a process is started that could not do more than anybody's, and whose folder this is."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return {}
    import pwd  # Windows has none

    known = {one.pw_name: one for one in pwd.getpwall()}
    user = next(known[name] for name in _USERS if name in known)
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own until the block ends; yields its address.

    Raises:
        ReplicasError: there is none here, or it does not start.
    """
    # It lives as long as this process holds the other end of its standard input.
    tell = ["sh", "-c", f'echo "${BY_SCRIPT}"; exec cat >/dev/null']
    server = subprocess.Popen(
        [str(ROOT / "scripts" / "with_postgres.sh"), *tell],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for this process, which then lets go of the other
    )
    assert server.stdin
    assert server.stdout
    try:
        url = server.stdout.readline().strip()
        if not url:
            raise ReplicasError("No PostgreSQL was started, for the reason above.")
        yield url
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


def alike(environment: Mapping[str, str]) -> dict[str, str]:
    """What all servers must have alike: two secrets, made up where this environment does not name them."""
    made = {COOKIE_SECRET: secrets.token_hex(32), PASSPHRASE: secrets.token_urlsafe(9)}
    return {name: environment.get(name) or value for name, value in made.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Run them until Ctrl-C; 0, or 1 with a sentence."""
    parser = argparse.ArgumentParser(description="Two servers on one PostgreSQL behind nginx.")
    parser.add_argument("--port", type=int, default=8500, help="where nginx listens (%(default)s)")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if not process.is_free(args.port):
            message = f"Port {args.port} cannot be had: it is in use, or not yours."
            raise ReplicasError(f"{message} Choose another with --port.")
        _run(args.port)
    except UserFacingError as error:
        print(error.message, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _run(port: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        environment = alike(os.environ)
        if not os.environ.get(VARIABLE):
            # Neither outlives this.
            environment |= {VARIABLE: stack.enter_context(postgres()), "RETAKE_DATA": str(folder / "data")}
        open_database(environment.get(VARIABLE)).close()  # one sentence here, where it is not there
        servers, ports = [], []
        for number in (1, 2):
            ports.append(process.free_port())
            serving = drive.serve(folder / f"log-{number}", environment, port=ports[-1])
            servers.append(stack.enter_context(serving))
        stack.enter_context(nginx(port, ports))
        print(f"Retake: http://127.0.0.1:{port} (passphrase of the Studies page: {environment[PASSPHRASE]})")
        for number, server in enumerate(servers, 1):
            print(f"Server {number} is process {server.pid}; what its visitors see: kill -9 {server.pid}")
        print("Ctrl-C ends all of it.", flush=True)
        _watch({number: server.pid for number, server in enumerate(servers, 1)})


def _watch(there: dict[int, int]) -> None:
    """Tell of each server (by number, with its process) that ends, until none is left."""
    while there:
        for number, pid in tuple(there.items()):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                del there[number]
                print(f"Server {number} ended; {len(there)} left.", flush=True)
        time.sleep(0.5)
    raise ReplicasError("No server is left, and nginx ends as well.")


if __name__ == "__main__":
    sys.exit(main())
