"""The networks as Ray Serve applications, one a network, for ``core.runtime.ray_engine`` to ask.

Whoever asks holds the assessors and the classifier themselves: only what a network is shown, and what it
answers, goes over the wire.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import ray
from ray import serve
from ray.serve.config import AutoscalingConfig

from core.distributed.together import Request, run_together
from core.i18n import _
from core.lesion.networks import default_name
from core.quality import registry
from core.quality.setting import asked_for
from core.runtime.manifest import MANIFEST_NAME, WEIGHTS_DIR, Manifest, load_manifest
from core.runtime.onnx_engine import Engine, threads_setting
from core.runtime.ray_connection import OWN, EngineError, address_setting, connect
from core.runtime.ray_engine import application
from core.runtime.weights import verify

MOST_TOGETHER: Final = 8
"""Requests answered in one run. None waits for others: a batch is what came while the last one ran."""
_WAITING: Final = 2.0  # requests a replica has on average before another replica is started


class Network:
    """One network of the weights manifest, in a process of its own."""

    def __init__(self, name: str, weights: Path = WEIGHTS_DIR) -> None:
        """Args are its name in the manifest, and the folder that holds it.

        Raises:
            WeightsError: it cannot be used.
        """
        entry = load_manifest(weights / MANIFEST_NAME).networks[name]
        self._engine = Engine(verify(entry, weights), threads_setting() or 1)
        self._sha256 = entry.sha256

    def about(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """The SHA-256 of its file, and the names of its inputs and outputs."""
        return self._sha256, self._engine.inputs, self._engine.outputs

    @serve.batch(max_batch_size=MOST_TOGETHER, batch_wait_timeout_s=0)  # type: ignore[untyped-decorator]
    async def run(self, requests: list[Request]) -> list[dict[str, Any]]:
        """What ``Engine.run`` answers to each."""
        return await asyncio.to_thread(run_together, self._engine, requests)


def at_hand(manifest: Manifest) -> frozenset[str]:
    """The networks that are always at hand: the assessor's that is set, and the lesion classifier that is.

    The others start when they are first asked, and end when they are not asked for a while.
    """
    wanted = {registry.ENTRIES[asked_for()].network, default_name(manifest)}
    return frozenset(name for name in manifest.networks if name in wanted)


def start(names: Sequence[str] = (), most: int | None = None) -> tuple[str, bool]:
    """Start the applications; those that run already are replaced without a pause.

    Args:
        names: of the networks; all of the manifest where none are given.
        most: replicas of each at most; the cluster's cores where not given.

    Returns:
        the cluster's address, and whether it is one that ends with this process.

    Raises:
        EngineError: Ray does not answer, or has too few cores.
        WeightsError: the manifest cannot be used.
        KeyError: the manifest has no such network.
    """
    manifest = load_manifest()
    chosen = {name: manifest.networks[name] for name in names or manifest.networks}
    always = at_hand(manifest) & frozenset(chosen)
    address = address_setting()
    # A Ray of our own has a place for each network, however few the cores.
    size = {} if address else {"num_cpus": max(os.cpu_count() or 1, len(chosen)), "include_dashboard": False}
    connect(address or OWN, **size)
    cores = int(ray.cluster_resources().get("CPU", 0))
    if cores < len(always):
        message = _("Ray has {cores} cores, and these networks need {count}. Add a machine to it.")
        raise EngineError("ray_unreachable", message.format(cores=cores, count=len(always)))
    deployment = serve.deployment(Network)
    serve.start(proxy_location="Disabled")  # asked by handles: no one needs HTTP
    targets = [
        serve.RunTarget(
            deployment.options(
                ray_actor_options={"num_cpus": threads_setting() or 1},
                max_ongoing_requests=4 * MOST_TOGETHER,
                autoscaling_config=AutoscalingConfig(
                    min_replicas=int(name in always),
                    max_replicas=max(most or cores, 1),
                    target_ongoing_requests=_WAITING,
                ),
            ).bind(name),
            name=application(name),
            route_prefix=None,
        )
        for name in chosen
    ]
    serve.run_many(targets)
    return str(ray.get_runtime_context().gcs_address), address is None
