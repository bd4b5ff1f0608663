"""Links, frames and codes that the Designer hands out."""

from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
import segno

from core.browser.choice import choose
from core.designer.address import MOST_LETTERS, capture_query, embed_snippet, qr_svg

PLAIN = "https://retake.example/?preset=my-clinic@3"


def test_what_is_left_out_is_not_asked_for():
    assert capture_query("my-clinic@3") == "preset=my-clinic@3"


def test_every_option_is_one_that_the_page_reads():
    query = parse_qs(capture_query("my-clinic", "de", three=True, way="server", embed=True))
    assert query == {
        "embed": ["true"],
        "preset": ["my-clinic"],
        "lang": ["de"],
        "photos": ["3"],
        "live": ["server"],
    }
    assert choose(fixed="", asked=query["live"][0], picked=None, lacking=None).way == "server"


def test_a_frame_keeps_its_address_whatever_is_in_it():
    address = PLAIN + '&lang=de&x="><script>'
    found = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.setdefault(tag, dict(attrs))

    Reader().feed(embed_snippet(address, 'A "photo" & more'))
    assert set(found) == {"iframe"}
    assert found["iframe"]["src"] == address
    assert found["iframe"]["title"] == 'A "photo" & more'
    assert found["iframe"]["allow"] == "camera", "without it browsers give a frame no camera"


@pytest.mark.parametrize("address", [PLAIN, f"{PLAIN}&lang=ar&photos=3&live=device"])
def test_a_code_says_the_address(address):
    svg = qr_svg(address)
    assert svg is not None
    assert svg.startswith("<svg")
    # The same code as pixels, as a camera would have it.
    matrix = np.array(list(segno.make(address, error="m", micro=False).matrix_iter(scale=8, border=4)))
    said, *_rest = cv2.QRCodeDetector().detectAndDecode(np.where(matrix, 0, 255).astype(np.uint8))
    assert urlsplit(said) == urlsplit(address)


def test_a_link_that_no_camera_could_read_has_no_code():
    assert qr_svg(PLAIN + "x" * MOST_LETTERS) is None
