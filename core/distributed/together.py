"""Several requests to one network, answered in one run of it."""

from collections.abc import Sequence

import numpy as np

from core.runtime.onnx_engine import Engine

Request = tuple[np.ndarray, ...]
"""What ``Engine.run`` takes: one batch for each input."""


def run_together(engine: Engine, requests: Sequence[Request]) -> list[dict[str, np.ndarray]]:
    """The answer to each request, as if each had been run alone; so they are where no batches are taken."""
    if len(requests) == 1 or not engine.takes_batches:
        return [engine.run(*request) for request in requests]
    answers = engine.run(*(np.concatenate(views) for views in zip(*requests, strict=True)))
    ends = np.cumsum([len(request[0]) for request in requests])[:-1]
    parts = {name: np.split(rows, ends) for name, rows in answers.items()}
    return [{name: parts[name][number] for name in parts} for number in range(len(requests))]
