"""Tries, help and series of photos, with the camera in the page."""

import pytest
from axe_steps import findings
from browser_steps import settled
from device_steps import start, take_photo, wait_for
from playwright.sync_api import expect

from scripts import drive

pytestmark = pytest.mark.browser


def test_refused_tries_stay_in_sight_and_the_first_stands_beside_the_photo(open_page, plain):
    page = open_page(plain, size=drive.PHONE, setting="camera.darkStills = true")
    start(page)
    for number in (1, 2):
        take_photo(page, "refused")
        expect(page.get_by_role("img", name=f"Try {number}, not used")).to_be_visible()
    expect(page.get_by_role("list", name="Your tries so far").get_by_role("listitem")).to_have_count(2)
    page.evaluate("camera.darkStills = false")
    take_photo(page)
    expect(page.get_by_text("This photo works")).to_be_visible()
    expect(page.get_by_role("heading", name="Before and after")).to_be_visible()
    expect(page.locator(".compare img")).to_have_count(2)
    assert page.locator(".compare img").first.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0

    page.get_by_role("button", name="Take another photo").click()
    wait_for(page, "ready")
    expect(page.get_by_role("listitem").filter(has=page.get_by_role("img", name="not used"))).to_have_count(0)
    expect(page.get_by_role("heading", name="Before and after")).to_be_hidden()


def test_help_with_a_drawing_comes_when_the_hint_stays_and_can_be_closed(open_page, plain):
    page = open_page(plain, size=drive.PHONE, setting="camera.dark = true")
    start(page)
    wait_for(page, "bad_light")
    drawing = page.get_by_role("img", name="With a cross: half of it dark")
    expect(drawing).to_be_visible()
    assert drawing.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    shutter = page.get_by_role("button", name="Take photo").bounding_box()
    assert shutter["y"] + shutter["height"] < drive.PHONE[1], "the shutter stays in reach"
    page.get_by_role("button", name="Close this help").click()
    expect(drawing).to_be_hidden()
    page.evaluate("camera.dark = false")
    wait_for(page, "ready", locked=False)
    page.evaluate("camera.dark = true")
    wait_for(page, "bad_light")
    expect(drawing).to_be_visible()


def test_three_photos_follow_each_other_and_are_listed(open_page, plain):
    page = open_page(plain, size=drive.PHONE)
    page.get_by_text("Three photos: far").click()
    expect(page.get_by_text("Photo 1 of 3")).to_be_visible()
    start(page)
    for number in (1, 2, 3):
        expect(page.get_by_text(f"Photo {number} of 3")).to_be_visible()
        take_photo(page)
    expect(page.get_by_role("heading", name="Your three photos")).to_be_visible()
    expect(page.get_by_role("button", name="Take again")).to_have_count(3)
    expect(page.get_by_text("What it looks most like")).to_be_visible()
    settled(page)
    assert not findings(page)


def test_the_photo_guide_is_on_the_page(open_page, plain):
    page = open_page(plain, size=drive.PHONE)
    page.get_by_text("How to take a photo that helps").click()
    drawings = page.locator(".rt-guide img")
    expect(drawings).to_have_count(7)
    widths = drawings.evaluate_all("all => Promise.all(all.map((one) => one.decode().then(() => one.width)))")
    assert min(widths) >= 90
