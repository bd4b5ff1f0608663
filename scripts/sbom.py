"""Writes a bill of materials in CycloneDX 1.6: what a release consists of, with versions and SHA-256.

::

    python -m scripts.sbom [FILE]       dist/sbom.cdx.json unless named

It lists the packages of requirements.lock (those of requirements-serve.lock are required, the rest optional),
torch and torchvision without a version, since the lock leaves them open, what browsers are handed of ONNX
Runtime, and the networks in weights/. The same tree gives the same file, byte for byte.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from core.browser import runtime
from core.runtime.manifest import MANIFEST_NAME, WEIGHTS_DIR, load_manifest
from scripts.lock import OPEN, asked_for, needs, pins
from scripts.setup_env import FULL, ROOT, SERVE, lock_of

PLACE: Final = ROOT / "dist" / "sbom.cdx.json"
# Where a package's page is; its files' hashes stand in the lock.
_INDEX: Final = "https://pypi.org/simple"
# Assessors that are no ONNX file, and so have no entry in the manifest.
_BESIDE_THE_MANIFEST: Final = ("classical.npz",)


class SbomError(Exception):
    """The bill cannot be written; the message says why."""


def version(root: Path = ROOT) -> str:
    """Retake's version, which stands in pyproject.toml alone."""
    project: dict[str, str] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["version"]


def file_hashes(lock: str) -> dict[str, list[str]]:
    """Name to the SHA-256 of all files, as the text of a lock file has them."""
    blocks = re.findall(r"^([^\s#=]+)==\S+ \\\n((?:    --hash=.*\n)+)", lock, re.M)
    return {name: re.findall(r"sha256:([0-9a-f]{64})", digests) for name, digests in blocks}


def licences(of: Mapping[str, Any]) -> list[dict[str, Any]]:
    """CycloneDX's ``licenses`` of a package's metadata: its expression, else its classifiers; maybe none."""
    expression = of.get("License-Expression")
    if expression:
        return [{"expression": expression}]
    classifiers = of.get_all("Classifier", []) if hasattr(of, "get_all") else []
    names = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License :: ")]
    return [{"license": {"name": name}} for name in sorted(set(names) - {"OSI Approved"})]


def packages(root: Path = ROOT) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Components and dependencies of what pip installs.

    Raises:
        SbomError: what requirements.txt asks for is not installed here in the versions of requirements.lock,
            or the lock has what nothing asks for.
    """
    lock = (root / lock_of(FULL)).read_text(encoding="utf-8")
    versions, digests = pins(lock), file_hashes(lock)
    serving = pins((root / lock_of(SERVE)).read_text(encoding="utf-8"))
    roots = {canonicalize_name(asked.name): asked for asked in asked_for(root / FULL)}
    try:
        edges = needs(roots.values())
    except metadata.PackageNotFoundError as error:
        raise SbomError(f"{error.name} is not installed: run `make test` first.") from error
    for name in sorted({*versions, *edges}):
        here, held = metadata.version(name) if name in edges else "not needed", versions.get(name, "nowhere")
        if here != held:
            raise SbomError(f"requirements.lock has {name} {held}, and here it is {here}: run `make lock`.")
    components = []
    for name in sorted({*versions, *(OPEN & set(roots))}):
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": name,
            "name": name,
            "scope": "required" if name in serving else "optional",
        }
        if found := licences(metadata.metadata(name)):
            component["licenses"] = found
        if name in OPEN:
            component["purl"] = f"pkg:pypi/{name}"
            component["properties"] = [{"name": "retake:requirement", "value": str(roots[name])}]
        else:
            component |= {"version": versions[name], "purl": f"pkg:pypi/{name}@{versions[name]}"}
            hashes = [{"alg": "SHA-256", "content": digest} for digest in digests[name]]
            component["externalReferences"] = [
                {"type": "distribution", "url": f"{_INDEX}/{name}/", "hashes": hashes}
            ]
        components.append(component)
    listed = {component["name"] for component in components}
    graph = {"retake": set(roots)} | {name: edges.get(name, set()) for name in sorted(listed)}
    return components, [{"ref": name, "dependsOn": sorted(on & listed)} for name, on in graph.items()]


def browser_files() -> dict[str, Any]:
    """ONNX Runtime for browsers: the npm package, and each file that is kept of it."""
    kind, encoded = runtime.INTEGRITY.split("-", 1)
    package = base64.b64decode(encoded).hex()
    return {
        "type": "library",
        "bom-ref": "onnxruntime-web",
        "name": "onnxruntime-web",
        "version": runtime.VERSION,
        "purl": f"pkg:npm/onnxruntime-web@{runtime.VERSION}",
        "licenses": [{"license": {"id": "MIT"}}],
        "hashes": [{"alg": {"sha512": "SHA-512"}[kind], "content": package}],
        "components": [
            {"type": "file", "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}
            for name, digest in sorted(runtime.SHA256.items())
        ],
    }


def networks(weights: Path = WEIGHTS_DIR) -> Iterator[dict[str, Any]]:
    """Every network of the manifest, and the assessors beside it.

    Raises:
        SbomError: a file is missing, or is not the one that the manifest names.
    """
    entries = {
        name: (entry.file, entry.sha256)
        for name, entry in load_manifest(weights / MANIFEST_NAME).networks.items()
    }
    entries |= {Path(file).stem: (file, "") for file in _BESIDE_THE_MANIFEST}
    for name, (file, expected) in sorted(entries.items()):
        try:
            digest = hashlib.sha256((weights / file).read_bytes()).hexdigest()
        except OSError as error:
            raise SbomError(f"weights/{file} cannot be read: {error}") from error
        if expected and digest != expected:
            raise SbomError(f"weights/{file} is not the file that the manifest names.")
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"weights/{file}",
            "name": name,
            "version": digest[:12],
            "description": "Sources, licences, limits: weights/MODEL_CARD.md",
            "hashes": [{"alg": "SHA-256", "content": digest}],
        }


def build(root: Path = ROOT) -> dict[str, Any]:
    """The whole bill, ready to be written as JSON.

    Raises:
        SbomError: a part cannot be listed.
    """
    components, dependencies = packages(root)
    shipped = [browser_files(), *networks(root / WEIGHTS_DIR.name)]
    dependencies[0]["dependsOn"] += [component["bom-ref"] for component in shipped]
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "retake",
                "name": "retake",
                "version": version(root),
                "licenses": [{"license": {"id": "MIT"}}],
            }
        },
        "components": components + shipped,
        "dependencies": dependencies,
    }
    stamp = commit_time(root)
    if stamp:
        bill["metadata"]["timestamp"] = stamp
    # The same bill has the same number.
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bill, sort_keys=True))}"
    return bill


def commit_time(root: Path = ROOT) -> str:
    """When the commit at hand was made, ISO 8601; empty outside a repository."""
    command = ["git", "-C", str(root), "log", "-1", "--format=%cI"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the bill; 0, or 1 with a sentence."""
    words = sys.argv[1:] if argv is None else argv
    place = Path(words[0]) if words else PLACE
    try:
        bill = build()
    except SbomError as error:
        print(error, file=sys.stderr)
        return 1
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    print(f"{place}: {len(bill['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
