"""Retake in the frame of a page of another origin: who may frame it, and who is told the outcome."""

from urllib.parse import quote

import pytest
from device_steps import NOW
from playwright.sync_api import expect

from tests.other_sites import other_sites

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def outside():
    with other_sites(3) as sites:
        yield sites


@pytest.fixture(scope="module")
def server(run, outside):
    with run(RETAKE_EMBED_ORIGINS=" ".join(outside.urls[:2])) as running:
        yield running
        assert "Traceback" not in running.printed(), running.printed()


@pytest.fixture
def embed(open_page, server, outside):
    """Open a page around Retake; returns the page and the frame."""

    def go(where, named, more=""):
        outside.shown = f"{server.url}/?embed=true&preset=lenient&parent={quote(named, safe='')}{more}"
        page = open_page(server, where)
        return page, page.frame_locator("iframe[title=Photo]")

    return go


def take(page, frame):
    frame.get_by_role("button", name="Start camera").click()
    inside = page.frames[1]
    inside.wait_for_function(
        f"() => {{ const now = ({NOW})(); return now?.key === 'ready' && !now.locked; }}"
    )
    frame.get_by_role("button", name="Take photo").click()
    expect(frame.get_by_text("This photo works")).to_be_visible()


def kinds(page):
    return page.evaluate("got.map(({ type }) => type)")


def test_the_page_around_is_told_the_outcome_and_gets_the_picture_when_it_is_sent(embed, server, outside):
    page, frame = embed(outside.urls[0], outside.urls[0], "&picture=true")
    expect(frame.get_by_role("button", name="Start camera")).to_be_visible()
    for gone in ("Check", "About", "Use a photo that you have"):
        expect(frame.get_by_role("link", name=gone)).to_have_count(0)
    expect(frame.get_by_text("It is not a medical device").first).to_be_visible()
    take(page, frame)
    page.wait_for_function("() => got.length === 2")
    opened, outcome = page.evaluate("got")
    assert (opened["type"], outcome["type"]) == ("opened", "outcome")
    assert outcome["origin"] == server.url
    assert outcome["preset"].startswith("lenient@")
    (photo,) = outcome["photos"]
    assert (photo["passes"], photo["overridden"], photo["flagged"]) == (True, False, [])
    assert "jpeg" not in str(outcome)

    frame.get_by_role("button", name="Send the picture to").click()
    page.wait_for_function("() => got.length === 3")
    sent = page.evaluate("""async () => {
      const { type, photos: [{ jpeg }] } = got[2];
      return { type, kind: jpeg.type, width: (await createImageBitmap(jpeg)).width };
    }""")
    assert sent == {"type": "picture", "kind": "image/jpeg", "width": photo["width"]}
    expect(frame.get_by_text("Sent to")).to_be_visible()


@pytest.mark.parametrize("named", [0, 2], ids=["names another", "names a stranger"])
def test_a_page_that_does_not_name_itself_is_told_nothing(embed, outside, named):
    page, frame = embed(outside.urls[1], outside.urls[named], "&picture=true")
    if named == 2:
        expect(frame.get_by_text("The page around this one is told nothing")).to_be_visible()
    take(page, frame)
    expect(frame.get_by_role("button", name="Take another photo")).to_be_visible()
    if named == 0:
        frame.get_by_role("button", name="Send the picture to").click()
        expect(frame.get_by_text("Sent to")).to_be_visible()
    assert kinds(page) == []


def test_a_page_that_is_not_on_the_list_cannot_show_it(embed, outside, refusals):
    page, frame = embed(outside.urls[2], outside.urls[2])
    while not refusals:
        page.wait_for_timeout(50)
    expect(frame.get_by_role("button", name="Start camera")).to_have_count(0)
    assert all("frame-ancestors" in refusals.pop() for _each in tuple(refusals))


def test_without_a_picture_wanted_none_can_be_sent(embed, outside):
    page, frame = embed(outside.urls[0], outside.urls[0])
    take(page, frame)
    page.wait_for_function("() => got.length === 2")
    expect(frame.get_by_role("button", name="Send the picture to")).to_have_count(0)
