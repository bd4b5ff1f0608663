"""Runs Streamlit with a checker that judges by colour: ``python tests/on_device_app.py -m streamlit ...``.

What a browser needs is published as ever, but with the modules of tests/browser/fake_engine in place of those
that know the network: no runtime and no network are needed.
"""

import faulthandler
import gzip
import hashlib
import os
import runpy
import shutil
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FAKE = ROOT / "tests" / "browser" / "fake_engine"
# Each process of pytest-xdist has its own: a server that starts writes over what another's visitors read.
NAME = f"retake/colours{os.environ.get('PYTEST_XDIST_WORKER', '')}"


def lay_out() -> str:
    """Put the modules where Streamlit serves them from; returns their address below the server's root."""
    from core.browser.publish import lay_out_page

    folder = ROOT / "static" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    lay_out_page(folder, {"runtime": {}, "networks": {"lesion": lay_out_second_network(folder)}})
    shutil.copytree(FAKE, folder, dirs_exist_ok=True)
    return f"app/static/{NAME}"


def lay_out_second_network(folder: Path) -> dict[str, str | int]:
    """Put something to fetch in place of the lesion classifier; returns what the modules are told of it."""
    network = b"the second network"
    packed = gzip.compress(network, mtime=0)
    (folder / "lesion.onnx.gz").write_bytes(packed)
    (folder / "lesion.json").write_text("{}", encoding="utf-8")
    return {"path": "lesion.onnx.gz", "bytes": len(packed), "sha256": hashlib.sha256(network).hexdigest()}


if __name__ == "__main__":
    import without_torch

    from core.ui import engines

    faulthandler.register(signal.SIGUSR1)  # prints what all threads are doing
    without_torch.hide()
    published = lay_out()
    engines.for_browsers = lambda: published
    del sys.argv[:2]  # this file, and -m
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
