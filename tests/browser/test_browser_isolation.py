"""Two people at once: whatever either sees is of their own photo."""

import base64
import io

import cv2
import numpy as np
import pytest
from browser_steps import hand_in, settled
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def jpeg(rgb):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=95)
    return out.getvalue()


def seen(page):
    """Every picture on the page that is large enough to be a photo or a heat map, as uint8 grey."""
    drawn = page.evaluate(
        """async () => {
          const large = [...document.images].filter((one) => one.naturalWidth >= 200);
          await Promise.all(large.map((one) => one.decode()));
          return large.map((one) => {
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [one.naturalWidth, one.naturalHeight];
            canvas.getContext("2d").drawImage(one, 0, 0);
            return canvas.toDataURL("image/png");
          });
        }"""
    )
    with_header = [np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8) for url in drawn]
    return [cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) for data in with_header]


def likeness(picture, rgb):
    """Correlation of two pictures, both shrunk to 48 x 48."""
    small = [
        cv2.resize(one, (48, 48), interpolation=cv2.INTER_AREA).astype(float).ravel()
        for one in (picture, rgb)
    ]
    return np.corrcoef(*small)[0, 1]


def test_two_visitors_in_step_see_their_own_pictures_alone(browse, server, good):
    photos = [good, np.ascontiguousarray(good[::-1, ::-1])]
    pages = [browse("check", url=server.url) for _visitor in photos]
    for number, (page, rgb) in enumerate(zip(pages, photos, strict=True)):
        hand_in(page, f"visitor{number}.jpg", jpeg(rgb))
    for page in pages:
        expect(page.get_by_role("img", name="Your photo", exact=True)).to_be_visible()
        anyway = page.get_by_role("button", name="Use this photo anyway")
        lesions = page.locator("ol.rt-list li").first
        expect(anyway.or_(lesions).first).to_be_visible()
    for page in pages:
        settled(page)
    for number, page in enumerate(pages):
        pictures = seen(page)
        assert len(pictures) >= 2, "a photo and a heat map"
        for picture in pictures:
            own, other = (
                likeness(picture, cv2.cvtColor(photos[k], cv2.COLOR_RGB2GRAY)) for k in (number, 1 - number)
            )
            assert own > other
