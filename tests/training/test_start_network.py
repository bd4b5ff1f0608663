"""weights/start: the network that the next training of ImageQX begins with."""

import torch

from core.networks.build import build
from core.runtime.manifest import WEIGHTS_DIR, load_manifest
from core.runtime.weights import verify
from training.networks.export import initialise

START = WEIGHTS_DIR / "start"


def test_the_start_is_the_file_its_entry_names_and_trains_on():
    entry = load_manifest(START / "manifest.json").networks["imageqx"]
    path = verify(entry, START)
    assert path.stat().st_size < 9e6
    net = build("imageqx")
    before = net.trunk[0][0].weight.detach().clone()
    initialise(net, str(path))
    assert not torch.equal(net.trunk[0][0].weight, before)
    with torch.inference_mode():
        quality, explanations, places, features = net.eval()(
            torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64)
        )
    assert quality.shape == (1, len(entry.labels))
    assert explanations.shape == (1, len(entry.explanations))
    assert places.shape == (1, 1, 2, 2)
    assert features.shape == (1, 1280, 2, 2)
