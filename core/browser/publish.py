"""Everything that a browser loads to check pictures itself, put where Streamlit serves it.

The folder's name is a digest of what it holds, so that an address never changes its meaning and may be kept
for ever. Large files lie there packed, for Streamlit would pack them anew for each visitor.

``python -m core.browser.publish`` does it beforehand, as set-up does; else the first visitor waits.
"""

import base64
import gzip
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.browser import markup, runtime
from core.browser.runtime import STATIC, RuntimeMissingError
from core.explain.closed_form import ImageQXHead
from core.i18n import _
from core.runtime.engine import Engine
from core.runtime.manifest import WEIGHTS_DIR, NetworkEntry, WeightsError, load_manifest
from core.runtime.onnx_file import initialiser_names
from core.runtime.preprocess import square_batch
from core.runtime.weights import verify

_LOG: Final = logging.getLogger(__name__)
_WEB: Final = Path(__file__).with_name("web")
_CARD, _NETWORK = "imageqx.json", "imageqx.onnx.gz"
# The markup as Streamlit is handed it, with its styles; and what a page without its server needs here.
_STAGE, _FILES = "stage.html", "files.json"
# Streamlit does not say how long a file may be kept. Browsers then keep it for a tenth of its age: what is
# named by its contents may be old.
_AGED: Final = 946_684_800  # 2000-01-01
# A page that was opened before an update may still fetch what it named.
_KEPT_S: Final = 24 * 3600


@dataclass(frozen=True)
class Published:
    """Where browsers find everything, and how much they fetch; all sizes in bytes, as they are sent.

    Attributes:
        base: address from the root of the app, with a slash at its end and none at its beginning.
        folder: where that is on disk.
        network: the network.
        runtime: ONNX Runtime as a browser without a usable graphics processor gets it.
        runtime_webgpu: the same with one.
        code: scripts, styles, and what describes the network.
    """

    base: str
    folder: Path
    network: int
    runtime: int
    runtime_webgpu: int
    code: int

    @property
    def first_download(self) -> int:
        """All that a first visit fetches, without a graphics processor."""
        return self.network + self.runtime + self.code


def published(name: str = "imageqx", static: Path = STATIC, weights: Path = WEIGHTS_DIR) -> Published | None:
    """Publish a network of the manifest, unless that is done already and nothing was taken away since.

    Returns:
        None where ONNX Runtime for browsers was not fetched, or the folder cannot be written to.

    Raises:
        WeightsError: the manifest or the network's file is missing or wrong.
        KeyError: the manifest has no such network.
    """
    if not runtime.present(static):
        return None
    entry = load_manifest(weights / "manifest.json").networks[name]
    try:
        found = _publish(entry.model_dump_json(), static, weights)
        if _whole(found.folder):
            return found
        _publish.cache_clear()
        return _publish(entry.model_dump_json(), static, weights)
    except (OSError, RuntimeMissingError):
        _LOG.exception("What browsers need to check pictures cannot be published in %s", static)
        return None


@lru_cache(maxsize=4)
def _publish(entry_json: str, static: Path, weights: Path) -> Published:
    entry = NetworkEntry.model_validate_json(entry_json)
    shelf = static / "retake"
    folder = shelf / _digest(entry)
    if not _whole(folder):
        shelf.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=shelf) as place:
            made = Path(place) / "made"
            made.mkdir()
            _fill(made, entry, static, weights)
            shutil.rmtree(folder, ignore_errors=True)
            try:
                made.rename(folder)
            except OSError:
                if not _whole(folder):  # else another process was quicker
                    raise
    os.utime(folder)
    _forget_older(shelf, folder)
    return _described(folder)


def _digest(entry: NetworkEntry) -> str:
    digest = hashlib.sha256(runtime.VERSION.encode())
    # What makes the card counts as well as what goes into it.
    for file in (Path(__file__), Path(markup.__file__), *sorted(_WEB.iterdir())):
        digest.update(f"\n{file.name}\n".encode())
        digest.update(file.read_bytes())
    digest.update(json.dumps(_facts(entry) | {"sha256": entry.sha256}, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _facts(entry: NetworkEntry) -> dict[str, Any]:
    wanted = {"labels", "explanations", "input_size", "mean", "std", "detail", "temperature"}
    opinion = entry.opinion.model_dump(mode="json", exclude={"provenance"}) if entry.opinion else None
    return entry.model_dump(mode="json", include=wanted) | {"opinion": opinion}


def _fill(made: Path, entry: NetworkEntry, static: Path, weights: Path) -> None:
    if not runtime.sound(static):
        raise RuntimeMissingError("ONNX Runtime for browsers is damaged; fetch it again")
    lay_out_page(made)
    for name in runtime.SHA256:
        _link(runtime.folder(static) / runtime.kept_as(name), made / runtime.kept_as(name))
    network = verify(entry, weights)
    (made / _NETWORK).write_bytes(gzip.compress(network.read_bytes(), 6, mtime=0))
    files = {"network": {"path": _NETWORK, "bytes": (made / _NETWORK).stat().st_size}}
    for backend, binary in runtime.BINARIES.items():
        path = runtime.kept_as(binary)
        size = (made / path).stat().st_size
        files[backend] = {"path": path, "bytes": size, "module": runtime.MODULES[backend]}
    card = _facts(entry) | {"files": files} | _tried(Engine(network), entry)
    (made / _CARD).write_text(json.dumps(card), encoding="utf-8")
    for file in made.iterdir():
        os.utime(file, (_AGED, _AGED))


def lay_out_page(folder: Path) -> None:
    """Put everything of the page into a folder: scripts, styles and markup, without runtime and network."""
    for file in _WEB.iterdir():
        shutil.copyfile(file, folder / file.name)
    (folder / _STAGE).write_text(f"<style>{markup.css()}</style>{markup.html()}", encoding="utf-8")
    needed = [_STAGE, *sorted(file.name for file in _WEB.iterdir() if file.suffix == ".js")]
    (folder / _FILES).write_text(json.dumps(needed), encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _tried(engine: Engine, entry: NetworkEntry) -> dict[str, Any]:
    """What asking the network shows: its answer to a made-up picture, its outputs, and its head, if ours."""
    count = entry.input_size**2 * 3
    squares = [np.arange(count) * times % over for times, over in ((7919, 251), (104729, 241))]
    shape = (entry.input_size, entry.input_size, 3)
    views = [
        square_batch(square.astype(np.uint8).reshape(shape), entry.mean, entry.std) for square in squares
    ]
    outputs = engine.run(*views[: 1 + entry.detail])
    answers = {name: outputs[name][0].astype(float).tolist() for name in ("logits", "explanations")}
    head = None
    if "features" in outputs and set(ImageQXHead.NAMES) <= initialiser_names(engine.path):
        weights = ImageQXHead(engine.initialisers(ImageQXHead.NAMES))
        channels = outputs["features"].shape[1]
        # What follows the map's own channels are those of the detail, which has no map.
        parts = {"explain": weights.explain[:, :channels], "direct": weights.direct[:, :channels]}
        parts["through"] = weights.through
        head = {"channels": channels} | {name: _packed(part) for name, part in parts.items()}
    return {"check": answers, "places": "places" in outputs, "head": head}


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def _whole(folder: Path) -> bool:
    names = {file.name for file in _WEB.iterdir()} | {_CARD, _NETWORK, _STAGE, _FILES}
    names |= {runtime.kept_as(name) for name in runtime.SHA256}
    return all((folder / name).is_file() for name in names)


def _forget_older(shelf: Path, current: Path) -> None:
    for folder in shelf.iterdir():
        try:
            if folder != current and time.time() - folder.stat().st_mtime > _KEPT_S:
                shutil.rmtree(folder)
        except OSError:  # gone already, or somebody else's: it may stay
            continue


def _described(folder: Path) -> Published:
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
    backends = {
        backend: sizes[runtime.kept_as(runtime.BINARIES[backend])] + sizes[runtime.MODULES[backend]]
        for backend in runtime.MODULES
    }
    network = sizes[_NETWORK]
    return Published(
        base=f"app/static/retake/{folder.name}/",
        folder=folder,
        network=network,
        runtime=backends["wasm"],
        runtime_webgpu=backends["webgpu"],
        code=sum(sizes.values()) - sum(backends.values()) - network,
    )


def main() -> int:
    """Publish and say so; 1 with a sentence where that cannot be done."""
    try:
        found = published()
    except WeightsError as error:
        print(error.message, file=sys.stderr)
        return 1
    if found is None:
        print(
            _("What browsers need to check pictures is not here: python -m core.browser.runtime"),
            file=sys.stderr,
        )
        return 1
    size = round(found.first_download / 1e6, 1)
    print(_("Ready for browsers: {size} MB at a first visit.").format(size=size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
