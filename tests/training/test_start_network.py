"""weights/start: the network that the next lesion training begins with."""

import torch

from core.runtime.manifest import WEIGHTS_DIR, load_manifest
from core.runtime.weights import verify
from core.training.export import build, initialise

START = WEIGHTS_DIR / "start"


def test_the_start_is_the_file_its_entry_names_and_trains_on():
    entry = load_manifest(START / "manifest.json").networks["lesion"]
    path = verify(entry, START)
    assert path.stat().st_size < 9e6
    net = build("lesion", entry.provenance["arch"])
    initialise(net, str(path))
    with torch.inference_mode():
        logits, features = net.eval()(torch.zeros(1, 3, 64, 64))
    assert logits.shape == (1, len(entry.labels))
    assert features.shape == (1, 2024, 2, 2)
    # The standardisation of the head's inputs came with it.
    assert float(net.scale.weight.detach().std()) > 0.01
