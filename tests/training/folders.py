"""Data folders as the commands take them, made up for tests."""

import csv
import hashlib

import cv2
import numpy as np

from core.synthetic.phantoms import draw
from training.data.splits import rule


def write_manifest(folder, entries, fields=None):
    """manifest.csv with these rows; the columns are ``fields``, or every field that a row has."""
    fields = fields or list(dict.fromkeys(name for entry in entries for name in entry))
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fields, restval="")
        writer.writeheader()
        writer.writerows(entries)


def write_phantom(folder, group, number, size, slug, masked):
    """Draw a phantom into a folder, its mask too when ``masked``; returns its row of the manifest."""
    name = f"{group}{number}"
    phantom = draw(group, number, size=size, lesion_extent=0.3)
    cv2.imwrite(str(folder / f"{name}.jpg"), phantom.rgb[..., ::-1])
    mask = f"{name}.png" if masked and phantom.mask.any() else ""
    if mask:
        cv2.imwrite(str(folder / mask), phantom.mask.astype(np.uint8) * 255)
    return {
        "path": f"{name}.jpg",
        "group": group,
        "label": phantom.lesion_class or group,
        "slug": slug,
        "split_key": f"{slug}/{name}",
        "width": size[1],
        "height": size[0],
        "mask": mask,
    }


def key_for(split: str, start: int) -> tuple[str, int]:
    """A split key that the committed rule puts on the wanted side."""
    while True:
        key = f"drawn-{start}"
        share = int.from_bytes(hashlib.sha256(f"{rule()['salt']}:{key}".encode()).digest()[:4], "big") % 100
        start += 1
        if (share < rule()["validation_percent"]) == (split == "validation"):
            return key, start
