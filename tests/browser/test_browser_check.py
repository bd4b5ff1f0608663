import io
import re
from pathlib import Path

import pytest
from browser_steps import hand_in, unfold
from PIL import Image
from playwright.sync_api import expect

from core.lesion.taxonomy import LABELS
from core.photo import MAX_BYTES
from core.synthetic.phantoms import draw
from scripts import drive

pytestmark = pytest.mark.browser

PAGES = ("", "check", "about")


def photo(long_side=1280):
    """A drawn photograph as a JPEG."""
    out = io.BytesIO()
    Image.fromarray(draw("lesion", 11, (long_side * 3 // 4, long_side), tone=0.3).rgb).save(out, "JPEG")
    return out.getvalue()


def open_sample(page, name):
    page.get_by_text("Samples", exact=True).click()
    page.get_by_role("button", name=name, exact=True).click()


def test_a_corrupt_file_gets_its_sentence_and_the_next_one_is_checked(browse):
    page = browse("check", size=drive.PHONE)
    whole = photo()

    hand_in(page, "broken.jpg", whole[: len(whole) // 2])
    expect(page.get_by_role("alert")).to_contain_text("broken.jpg")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("damaged|incomplete|corrupt|cut off"))

    page.get_by_role("button", name="Clear").click()
    hand_in(page, "whole.jpg", whole)
    expect(page.get_by_text("What was checked")).to_be_visible()
    expect(page.get_by_role("img", name="Your photo", exact=True)).to_be_visible()


def test_every_chosen_file_has_its_row_in_the_language_of_the_visit(browse, servers):
    page = browse("check?lang=de", url=servers("classical").url)
    good, large = photo(640), bytes(MAX_BYTES + 1)
    names = {"a.jpg": good, "b.jfif": good, "ohne-endung": good, "film.mov": large}
    files = [{"name": name, "mimeType": "", "buffer": data} for name, data in names.items()]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text(re.compile(r"\d von 4 Fotos pass"))).to_be_visible()
    page.get_by_test_id("stDataFrame").hover()
    expect(page.get_by_role("button", name="CSV")).to_have_count(1)

    page.get_by_role("button", name="Weitere Fotos hinzufügen").click()
    expect(page.locator("input[type=file]")).to_be_attached()
    page.get_by_test_id("stFileUploaderDropzone").evaluate(
        """(zone, size) => {
          const handed = new DataTransfer();
          handed.items.add(new File([new Uint8Array(size)], "gross.png"));
          const how = { dataTransfer: handed, bubbles: true, cancelable: true };
          zone.dispatchEvent(new DragEvent("drop", how));
        }""",
        len(large),
    )
    expect(page.get_by_text(re.compile(r"\d von 5 Fotos pass"))).to_be_visible()


def test_a_clear_sample_shows_predictions_and_where_the_network_looked(browse, servers):
    page = browse("check", url=servers("classical").url)
    open_sample(page, "A clear photo")

    expect(page.get_by_text("This photo works")).to_be_visible()
    page.get_by_text("Show all 10").click()
    expect(page.locator("ol.rt-list li")).to_have_count(len(LABELS))
    expect(page.get_by_text("It is not a medical device").first).to_be_visible()

    heat = page.get_by_role("img", name=re.compile("coloured where the network looked for"))
    coloured = heat.get_attribute("src")
    strength = page.get_by_role("slider", name="Strength of the colours").last
    strength.focus()
    strength.press("Home")
    expect(heat).not_to_have_attribute("src", coloured)

    unfold(page, "Why this and not that?")
    page.get_by_role("button", name="Show the pictures").press("Enter")
    expect(page.get_by_text("pip install -r requirements.txt")).to_be_visible()
    # Photo and heat map for each of the two classes: they need no torch.
    expect(page.locator("[class*='st-key-rt-why-'] img")).to_have_count(4)


def test_a_poor_sample_shows_what_to_do_and_predicts_nothing(browse, servers):
    page = browse("check", url=servers("classical").url, size=drive.PHONE)
    open_sample(page, "Blurred")

    expect(page.get_by_text("Not quite there yet")).to_be_visible()
    expect(page.get_by_text("appears once a photo passes")).to_be_visible()
    expect(page.locator("ol.rt-list li")).to_have_count(0)

    page.get_by_role("button", name="Use this photo anyway").click()
    expect(page.get_by_text("did not pass the check")).to_be_visible()
    expect(page.locator("ol.rt-list li")).to_have_count(0)
    page.get_by_role("button", name="Show it all the same").click()
    expect(page.locator("ol.rt-list li")).not_to_have_count(0)


def test_the_report_is_one_page_that_needs_nothing_else(browse, servers, tmp_path):
    page = browse("check", url=servers("classical").url)
    open_sample(page, "A clear photo")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    saved = tmp_path / "report.html"
    download.value.save_as(saved)

    asked = []
    page.context.on("request", lambda request: asked.append(request.url))
    report = page.context.new_page()
    report.goto(saved.as_uri())
    expect(report.get_by_text("It is not a medical device").first).to_be_visible()
    assert report.locator("img").count() >= 2
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert "<script" not in Path(saved).read_text(encoding="utf-8")


def test_as_it_ships_a_sample_is_judged_and_explained(browse):
    page = browse("check")
    open_sample(page, "Cut off")

    # Which way the network decides is its own affair; both ways lead to what it was asked for.
    anyway = page.get_by_role("button", name="Use this photo anyway")
    heading = page.get_by_role("heading", name="What it looks most like")
    expect(anyway.or_(heading).first).to_be_visible()
    if anyway.is_visible():
        anyway.click()
    classes = page.locator("ol.rt-list li")
    withheld = page.get_by_role("button", name="Show it all the same")
    expect(withheld.or_(classes).first).to_be_visible()
    if withheld.is_visible():
        withheld.click()
    expect(classes).not_to_have_count(0)
    page.locator("[class*='st-key-check-where-']").get_by_text("Framing", exact=True).click()
    expect(page.get_by_role("img", name="where the network looked to judge framing")).to_be_visible()


@pytest.mark.parametrize("size", [drive.PHONE, drive.DESKTOP], ids=["phone", "desktop"])
def test_no_page_is_wider_than_its_screen(browse, server, size):
    page = browse(size=size)
    for path in PAGES:
        page.goto(f"{server.url}/{path}")
        expect(page.get_by_text("It is not a medical device").first).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
