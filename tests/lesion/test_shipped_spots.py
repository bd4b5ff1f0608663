"""\"Crop to the spot\" with the network that ships, on drawn lesions whose outline is known."""

import numpy as np

from core.lesion.views import spot
from core.quality.imageqx import ImageQX
from core.runtime.engine import open_engine
from core.runtime.manifest import load_manifest
from core.synthetic.phantoms import draw

SIZE = (480, 640)
CLASSES = ("tumor", "pigmented_macula", "ulcer", "blister", "crust")


def crops(assessor, extent):
    """(share of the lesion that a crop keeps, share of the photo that it is) of each lesion with a crop."""
    rng = np.random.default_rng(9_500_000)
    off = max(0.0, min(0.2, 0.45 - extent / 2))
    found = []
    for number, label in enumerate(CLASSES * 2):
        centre = (0.5 + rng.uniform(-off, off), 0.5 + rng.uniform(-off, off))
        phantom = draw(
            "lesion", 9_500_000 + number, SIZE, lesion_extent=extent, centre=centre, lesion_class=label
        )
        box = spot(assessor.places(phantom.rgb), *SIZE)
        if box is not None:
            left, top, right, bottom = box.pixels(*SIZE)
            found.append((phantom.mask[top:bottom, left:right].sum() / phantom.mask.sum(), box.share))
    return found


def test_most_small_spots_are_found_whole_and_large_ones_left_alone():
    manifest = load_manifest()
    assessor = ImageQX(open_engine("imageqx", manifest, threads=1), manifest.networks["imageqx"])
    for extent in (0.2, 0.28):
        found = crops(assessor, extent)
        assert len(found) >= 7
        assert sum(kept >= 0.95 for kept, _share in found) >= 0.9 * len(found)
        assert max(share for _kept, share in found) <= 0.4
    assert len(crops(assessor, 0.75)) <= 1
