"""Everything that a browser loads to check pictures itself, put where Streamlit serves it.

The folder's name is a digest of what it holds, so that an address never changes its meaning and may be kept
for ever. Large files lie there packed, for Streamlit would pack them anew for each visitor.

``python -m core.browser.publish`` does it beforehand, as set-up does; else the first visitor waits.
"""

import gzip
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import onnxruntime

from core.browser import card, markup, runtime, unfolded
from core.browser.runtime import STATIC, RuntimeMissingError
from core.i18n import _
from core.runtime.engine import Engine
from core.runtime.manifest import WEIGHTS_DIR, NetworkEntry, WeightsError, load_manifest
from core.runtime.weights import verify
from core.serving import policy

_LOG: Final = logging.getLogger(__name__)
_WEB: Final = Path(__file__).with_name("web")
_CARD, _NETWORK = "imageqx.json", "imageqx.onnx.gz"
# The classifier of lesions is fetched only when it is asked for.
_LESION_CARD, _LESION = "lesion.json", "lesion.onnx.gz"
# The markup as Streamlit is handed it, with its styles; and what a page without its server needs here.
_STAGE, _FILES = "stage.html", "files.json"
CONSTANTS: Final = Path(__file__).with_name("constants.json")
"""What the modules share with Python; they import it as a module, since not every browser imports JSON."""
_MODULE: Final = "constants.js"
# What there is to fetch beside the modules: known before any of it comes, so that all of it comes at once.
_PARTS: Final = "parts.js"
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
        network: ImageQX.
        lesion: the lesion classifier and what describes it, fetched only when asked for; 0 without one.
        runtime: ONNX Runtime as a browser without a usable graphics processor gets it.
        runtime_webgpu: the same with one.
        code: scripts, styles, and what describes the network.
    """

    base: str
    folder: Path
    network: int
    lesion: int
    runtime: int
    runtime_webgpu: int
    code: int

    @property
    def first_download(self) -> int:
        """All that a first visit fetches, without a graphics processor."""
        return self.network + self.runtime + self.code


def published(name: str = "imageqx", static: Path = STATIC, weights: Path = WEIGHTS_DIR) -> Published | None:
    """Publish a quality network of the manifest, unless that is done and nothing was taken away since.

    The lesion classifier called ``lesion`` goes with it, where the manifest has one.

    Returns:
        None where ONNX Runtime for browsers was not fetched, or the folder cannot be written to.

    Raises:
        WeightsError: the manifest or the network's file is missing or wrong.
        KeyError: the manifest has no such network.
    """
    if not runtime.present(static):
        return None
    networks = load_manifest(weights / "manifest.json").networks
    lesion = networks.get("lesion")
    entries = (networks[name].model_dump_json(), lesion.model_dump_json() if lesion else "")
    try:
        found = _publish(*entries, static, weights)
        if _whole(found.folder, lesion is not None):
            return found
        _publish.cache_clear()
        return _publish(*entries, static, weights)
    except (OSError, RuntimeMissingError):
        _LOG.exception("What browsers need to check pictures cannot be published in %s", static)
        return None


@lru_cache(maxsize=4)
def _publish(entry_json: str, lesion_json: str, static: Path, weights: Path) -> Published:
    entry = NetworkEntry.model_validate_json(entry_json)
    lesion = NetworkEntry.model_validate_json(lesion_json) if lesion_json else None
    shelf = static / "retake"
    folder = shelf / _digest(entry, lesion)
    if not _whole(folder, lesion is not None):
        shelf.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=shelf) as place:
            made = Path(place) / "made"
            made.mkdir()
            _fill(made, entry, lesion, static, weights)
            shutil.rmtree(folder, ignore_errors=True)
            try:
                made.rename(folder)
            except OSError:
                if not _whole(folder, lesion is not None):  # else another process was quicker
                    raise
    with suppress(OSError):  # a folder that was laid out beforehand may be read-only
        os.utime(folder)
        _forget_older(shelf, folder)
    return _described(folder)


def _digest(entry: NetworkEntry, lesion: NetworkEntry | None) -> str:
    # The runtime here optimises the graph that the one in browsers opens.
    digest = hashlib.sha256(f"{runtime.VERSION} {onnxruntime.__version__}".encode())
    # What makes the card counts as well as what goes into it, and the policy that is kept with a worker.
    modules = (card, markup, unfolded, policy)
    files = (Path(__file__), *(Path(str(module.__file__)) for module in modules), CONSTANTS)
    for file in (*files, *sorted(_WEB.iterdir())):
        digest.update(f"\n{file.name}\n".encode())
        digest.update(file.read_bytes())
    for facts in (card.imageqx_facts(entry), card.lesion_facts(lesion) if lesion else {}):
        digest.update(json.dumps(facts, sort_keys=True).encode())
    return digest.hexdigest()[:16]


def _fill(made: Path, entry: NetworkEntry, lesion: NetworkEntry | None, static: Path, weights: Path) -> None:
    if not runtime.sound(static):
        raise RuntimeMissingError("ONNX Runtime for browsers is damaged; fetch it again")
    for name in runtime.SHA256:
        _link(runtime.folder(static) / runtime.kept_as(name), made / runtime.kept_as(name))
    backends = {}
    for backend, binary in runtime.BINARIES.items():
        path = runtime.kept_as(binary)
        size = (made / path).stat().st_size
        backends[backend] = {"path": path, "bytes": size, "module": runtime.MODULES[backend]}
    network = verify(entry, weights)
    described = card.imageqx_card(Engine(network), entry) | {"unfolded": unfolded.unfolded(network)}
    (made / _CARD).write_text(json.dumps(described))
    networks = {"imageqx": _lay(network, made / _NETWORK, entry)}
    if lesion is not None:
        network = verify(lesion, weights)
        (made / _LESION_CARD).write_text(json.dumps(card.lesion_card(Engine(network), lesion)))
        networks["lesion"] = _lay(network, made / _LESION, lesion)
    lay_out_page(made, {"runtime": backends, "networks": networks})
    for file in made.iterdir():
        os.utime(file, (_AGED, _AGED))


def _lay(network: Path, packed: Path, entry: NetworkEntry) -> dict[str, Any]:
    """Pack a network's file, and say where it lies and what it must hold."""
    packed.write_bytes(gzip.compress(network.read_bytes(), 6, mtime=0))
    return {"path": packed.name, "bytes": packed.stat().st_size, "sha256": entry.sha256}


def lay_out_page(folder: Path, parts: Mapping[str, Any] | None = None) -> None:
    """Put everything of the page into a folder: scripts, styles and markup, without runtime and network.

    The runtime's own scripts, where they lie there already, are among what a page without its server needs.

    Args:
        folder: where.
        parts: what else lies there: ``runtime`` (``path``, ``bytes`` and ``module`` by what it runs on) and
            ``networks`` (``path``, ``bytes`` and ``sha256`` of what they hold unpacked, by name).
    """
    for file in _WEB.iterdir():
        shutil.copyfile(file, folder / file.name)
    (folder / _STAGE).write_text(f"<style>{markup.css()}</style>{markup.html()}", encoding="utf-8")
    constants = CONSTANTS.read_text(encoding="utf-8").strip()
    (folder / _MODULE).write_text(f"export default {constants};\n", encoding="utf-8")
    parts_json = json.dumps(parts or {"runtime": {}, "networks": {}})
    (folder / _PARTS).write_text(f"export default {parts_json};\n", encoding="utf-8")
    scripts = sorted(file.name for file in folder.iterdir() if file.suffix in (".js", ".mjs"))
    (folder / _FILES).write_text(json.dumps([_STAGE, *scripts]), encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _whole(folder: Path, lesion: bool) -> bool:
    names = {file.name for file in _WEB.iterdir()} | {_CARD, _NETWORK, _STAGE, _FILES, _MODULE, _PARTS}
    names |= {_LESION_CARD, _LESION} if lesion else set()
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
    lesion = sizes.get(_LESION, 0) + sizes.get(_LESION_CARD, 0)
    return Published(
        base=f"app/static/retake/{folder.name}/",
        folder=folder,
        network=network,
        lesion=lesion,
        runtime=backends["wasm"],
        runtime_webgpu=backends["webgpu"],
        code=sum(sizes.values()) - sum(backends.values()) - network - lesion,
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
