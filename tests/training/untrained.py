"""A network as `core train` leaves it, but for the training."""

import torch
from made_up_entry import IMAGEQX, made_up_entry

from core.networks.build import build
from core.runtime.manifest import save_entry
from core.runtime.weights import sha256_of
from training.networks.export import export


def write_imageqx(folder, **parts):
    """Write an ImageQX network with these optional parts, and its manifest; returns the folder."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    path = folder / "imageqx.onnx"
    export(build("imageqx", **parts).eval(), "imageqx", path, 224)
    facts = {"file": path.name, "sha256": sha256_of(path), "bytes": path.stat().st_size, "detail": True}
    save_entry("imageqx", made_up_entry(**IMAGEQX | facts), folder)
    return folder
