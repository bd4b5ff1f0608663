"""``python -m core serve-networks``: the networks on Ray, for apps with ``RETAKE_ENGINE=ray`` to ask."""

import argparse
import threading

from core.cli.numbers import count
from core.i18n import _
from core.runtime.manifest import load_manifest
from core.runtime.ray_connection import ADDRESS_VARIABLE, package


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``serve-networks`` to the command line."""
    parser = subparsers.add_parser(
        "serve-networks",
        help="run the networks on Ray",
        description="Runs the networks on the Ray cluster that RETAKE_RAY_ADDRESS or RAY_ADDRESS names, and "
        "leaves them there; without an address on a Ray of its own here, until it is interrupted.",
    )
    parser.add_argument("names", nargs="*", metavar="NETWORK", help="which ones (default: all)")
    parser.add_argument(
        "--replicas", type=count, metavar="N", help="of each at most (default: the cluster's cores)"
    )
    parser.set_defaults(usage_error=parser.error)


def run(args: argparse.Namespace) -> int:
    """Start the networks; returns 0, at once where the cluster goes on without this process."""
    known = load_manifest().networks
    for name in args.names:
        if name not in known:
            message = _("There is no network {name}; choose from: {known}.")
            args.usage_error(message.format(name=name, known=", ".join(known)))
    package("ray.serve")
    from core.distributed.deployments import start

    address, own = start(args.names, args.replicas)
    message = _("The networks are served. Apps ask them with RETAKE_ENGINE=ray {variable}={address}")
    print(message.format(variable=ADDRESS_VARIABLE, address=address), flush=True)
    if own:
        threading.Event().wait()
    return 0
