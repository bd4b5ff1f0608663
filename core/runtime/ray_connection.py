"""This process joins a Ray cluster; every way in which that fails is one sentence, soon.

Ray itself waits for half a minute where nothing answers, and then ends the process. Whoever reaches a
cluster may run any code there, so that its token is asked for on both sides unless ``RAY_AUTH_MODE`` says
otherwise.
"""

import importlib
import os
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from core.i18n import _
from core.runtime.manifest import WeightsError

ADDRESS_VARIABLE: Final = "RETAKE_RAY_ADDRESS"
RAYS_OWN_VARIABLE: Final = "RAY_ADDRESS"
HERE: Final = "auto"
"""The address of whichever Ray runs on this machine."""
OWN: Final = "local"
"""The address that stands for a new Ray of this process alone."""
_RAYS_OWN: Final = {
    "RAY_AUTH_MODE": "token",
    # A thread that is left over when Ray has ended must not start, or join, another one.
    "RAY_ENABLE_AUTO_CONNECT": "0",
}
_TOKEN_FILE: Final = "~/.ray/auth_token"  # noqa: S105, where it is, not what
_QUIET: Final = ("RAY_BACKEND_LOG_LEVEL", "fatal")
_ROOT: Final = Path(__file__).resolve().parents[2]
_PASSED: Final = ("RETAKE_THREADS", "RETAKE_DEBUG")
_PATIENCE_S: Final = 3.0
_lock: Final = threading.Lock()


class EngineError(WeightsError):
    """Networks cannot be run where they should be; ``message`` says what to do, for a person to read.

    Attributes:
        code: ``"ray_missing"``, ``"ray_unreachable"``, ``"ray_not_joined"``, ``"ray_networks"``
            or ``"ray_failed"``.
    """


def address_setting(environment: Mapping[str, str] = os.environ) -> str | None:
    """The cluster's address: ``RETAKE_RAY_ADDRESS``, else Ray's own ``RAY_ADDRESS``; None without either."""
    return environment.get(ADDRESS_VARIABLE) or environment.get(RAYS_OWN_VARIABLE) or None


def before_ray() -> None:
    """Set, where they are not, the variables that Ray reads when it is imported."""
    for name, value in _RAYS_OWN.items():
        os.environ.setdefault(name, value)
    if not os.environ.get("RETAKE_DEBUG"):
        os.environ.setdefault(*_QUIET)  # what is wrong is told in a sentence


def package(name: str = "ray") -> Any:
    """A module of Ray.

    Raises:
        EngineError: it is not installed.
    """
    before_ray()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        message = _("This needs the package {package}, which is not installed. Add it with: {command}")
        command = "pip install -r requirements-ray.txt"
        raise EngineError(
            "ray_missing", message.format(package=error.name or "ray", command=command)
        ) from error


def workers_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables of Ray's processes: every machine has Retake in the same folder, and runs networks itself."""
    passed = {name: environment[name] for name in _PASSED if name in environment}
    return {"PYTHONPATH": str(_ROOT), "RETAKE_ENGINE": "", **passed}


def connect(address: str | None, **options: Any) -> None:
    """Join a cluster, once in a process; may be called from any thread.

    Args:
        address: ``host:port``, ``HERE`` or ``OWN``; that of this machine where none is given.
        options: further ones for ``ray.init``.

    Raises:
        EngineError: Ray is not installed, or does not answer there.
    """
    ray, where = package(), address or HERE
    with _lock:
        if ray.is_initialized():
            return
        if where not in (HERE, OWN) and not answers(where):
            raise _nobody(where)
        try:
            ray.init(
                address=where,
                runtime_env={"env_vars": workers_environment()},
                log_to_driver=False,
                logging_level="ERROR",
                **options,
            )
        except ConnectionError as error:
            raise (_nobody(where) if where == HERE else _not_let_in(where, error)) from error
        except (Exception, SystemExit) as error:  # it ends the process where its own waiting was in vain
            raise _not_let_in(where, error) from error


def _nobody(address: str) -> EngineError:
    message = _("No Ray answers at {address}. Start it there, or correct {variable}.")
    if address == HERE:
        message = _("No Ray runs on this computer. Start it, or set {variable}.")
    return EngineError("ray_unreachable", message.format(address=address, variable=ADDRESS_VARIABLE))


def _not_let_in(address: str, error: BaseException) -> EngineError:
    message = _(
        "Ray at {address} could not be joined ({reason}). This computer needs its versions of Python and "
        "Ray, its token ({token}), and to be part of the cluster (ray start)."
    )
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return EngineError("ray_not_joined", message.format(address=address, reason=reason, token=_TOKEN_FILE))


def answers(address: str, patience_s: float = _PATIENCE_S) -> bool:
    """Whether something at ``host:port`` speaks gRPC, as a head of Ray does, within so many seconds."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or not port:
        return False
    try:
        socket.create_connection((host, port), patience_s).close()
    except OSError:
        return False
    grpc = package("grpc")
    channel = grpc.insecure_channel(parts.netloc)
    try:
        grpc.channel_ready_future(channel).result(timeout=patience_s)
    except grpc.FutureTimeoutError:
        return False
    finally:
        channel.close()
    return True
