import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from core.photo import PhotoError, read_photo
from core.synthetic.phantoms import draw

# For the tests to write such files; the app only reads them, in a process of its own.
pillow_heif.register_heif_opener()


@pytest.fixture(scope="session")
def drawn():
    """A drawn photograph: uint8 RGB, 480 x 640 x 3."""
    rgb = draw("lesion", 7, (480, 640), tone=0.3, lesion_class="pigmented_macula").rgb
    rgb.setflags(write=False)
    return rgb


@pytest.fixture
def encode():
    """Encodes pixels as a file of some kind."""

    def encode(rgb: np.ndarray, kind: str, **options) -> bytes:
        out = io.BytesIO()
        Image.fromarray(rgb).save(out, kind, **options)
        return out.getvalue()

    return encode


@pytest.fixture
def outcome():
    """What comes of a file: ``"read"``, or the code of its refusal."""

    def outcome(data: bytes) -> str:
        try:
            read_photo(data)
        except PhotoError as error:
            return error.code
        return "read"

    return outcome
