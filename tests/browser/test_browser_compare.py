import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from core.quality.registry import names
from core.synthetic.degrade import worsen
from core.synthetic.phantoms import draw
from scripts import drive
from tests.browser.browser_steps import settled

pytestmark = pytest.mark.browser

FAULTS = (None, "blurry", None, "bad_light", None, "low_resolution", None, "blurry", None, "bad_light")


def drawn(number, fault):
    """A drawn photo as a JPEG, good or with one fault."""
    phantom = draw("lesion", 30 + number, (480, 640), lesion_extent=0.4, centre=(0.5, 0.5), tone=0.1 * number)
    rgb = phantom.rgb
    if fault is not None:
        rgb = worsen(rgb, phantom.mask, fault, 1.0, np.random.default_rng(number))
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=92)
    return out.getvalue()


def files():
    """Ten drawn photos, and what a team's raters made of them: one name is of no photo here."""
    photos = [(f"photo-{number}.jpg", drawn(number, fault)) for number, fault in enumerate(FAULTS)]
    votes = ('{"lesion": 3, "poor_quality": 1}', '{"poor_quality": 4}')
    rows = [
        f'{name};"{votes[fault is not None].replace(chr(34), chr(34) * 2)}"'
        for (name, _data), fault in zip(photos, FAULTS, strict=True)
    ]
    table = "\n".join(["file;quality_votes", *rows, 'lost.jpg;"{""lesion"": 1}"']).encode()
    return [
        *({"name": name, "mimeType": "image/jpeg", "buffer": data} for name, data in photos),
        {"name": "labels.csv", "mimeType": "text/csv", "buffer": table},
    ]


def test_ten_photos_and_their_labels_lead_to_a_saved_preset(browse, run, tmp_path):
    with run(RETAKE_ALLOW_SAVING="1") as server:
        page = browse("compare", url=server.url, size=drive.PHONE)
        page.locator("input[type=file]").set_input_files(files())

        expect(
            page.get_by_text(re.compile(r"On \d+ of 10 photos all assessors say the same"))
        ).to_be_visible()
        expect(page.get_by_text("1 row names a photo that is not here: lost.jpg.")).to_be_visible()
        expect(page.get_by_role("region", name="Agreement")).to_contain_text("imageqx and raters")
        expect(page.get_by_text(re.compile(r"Of 100 good photos \d+ are sent back"))).not_to_have_count(0)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0

        before = page.get_by_text(re.compile(r"^Of 100 good photos")).first.inner_text()
        slider = page.get_by_role("slider", name="From lenient to strict")
        slider.focus()
        slider.press("End")
        expect(page.get_by_text(before, exact=True)).to_have_count(0)
        page.get_by_role("button", name="Save as a preset").click()
        expect(page.get_by_text("Saved as my-imageqx@1.")).to_be_visible()

        settled(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the report").click()
        saved = tmp_path / "compare.html"
        download.value.save_as(saved)
        asked = []
        page.context.on("request", lambda request: asked.append(request.url))
        report = page.context.new_page()
        report.goto(saved.as_uri())
        expect(report.get_by_role("heading", name="Most disputed first")).to_be_visible()
        assert report.locator("svg").count() == len(names())
        assert all(url.startswith(("file:", "data:")) for url in asked)
        report.close()

        # The tab finds its photos again when it is loaded anew; Clear lets them go.
        page.reload()
        expect(
            page.get_by_text(re.compile(r"On \d+ of 10 photos all assessors say the same"))
        ).to_be_visible()
        settled(page)
        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_label("Choose one photo or many")).to_be_visible()
        assert "Traceback" not in server.printed(), server.printed()


@pytest.mark.parametrize("size", [drive.PHONE, (844, 390)], ids=["upright", "sideways"])
def test_all_pages_stay_in_one_row(browse, size):
    page = browse("compare", size=size)
    expect(page.get_by_role("button", name="Compare on drawn samples")).to_be_visible()
    row = page.locator(".st-key-rt-nav")
    assert row.evaluate("row => row.scrollWidth - row.clientWidth") <= 0
    tops = row.locator("a").evaluate_all(
        "links => links.map(link => Math.round(link.getBoundingClientRect().top))"
    )
    assert len(tops) == 6
    assert len(set(tops)) == 1
