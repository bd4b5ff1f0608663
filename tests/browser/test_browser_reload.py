"""Nothing is lost when a page is loaded again, nor by Back and Forward; and nobody else gets it."""

import json
import re

import pytest
from browser_steps import agree_to_save, settled
from device_steps import nothing_waits, start, take_photo, wait_for, waits_until
from playwright.sync_api import expect

from scripts import drive

pytestmark = pytest.mark.browser

WORKS = "This photo works"


def saved(page, folder):
    """Agree to the log being saved, and read its rows."""
    agree_to_save(page)
    [file] = folder.glob("*.jsonl")
    return file


def test_a_result_outlives_reload_back_and_forward_and_its_visit_has_one_clock(run, open_page, browse):
    with run() as server:
        page = open_page(server, size=drive.PHONE)
        start(page)
        wait_for(page, "ready")
        file = saved(page, server.log.parent / "data" / "sessions")
        page.reload()  # in the middle of everything
        start(page)
        take_photo(page)
        expect(page.get_by_text(WORKS)).to_be_visible()
        expect(page).to_have_url(re.compile("step=result"))
        nothing_waits(page)
        page.reload()
        expect(page.get_by_text(WORKS)).to_be_visible()
        settled(page)

        page.go_back()
        expect(page.get_by_role("button", name="Start camera")).to_be_visible()
        expect(page.get_by_text(WORKS)).to_be_hidden()
        page.go_forward()
        expect(page.get_by_text(WORKS)).to_be_visible()
        settled(page)

        address = page.url
        stranger = browse(url=address, size=drive.PHONE)
        expect(stranger.get_by_role("button", name="Start camera")).to_be_visible()
        settled(stranger)
        expect(stranger.get_by_text(WORKS)).to_be_hidden()
        expect(stranger).not_to_have_url(re.compile("step="))

        page.get_by_role("button", name="Take another photo").click()
        wait_for(page, "ready")
        page.reload()
        expect(page.get_by_role("button", name="Start camera")).to_be_visible()
        settled(page)
        expect(page.get_by_role("button", name="Your photo")).to_be_hidden()
        expect(page.get_by_text("Saved in")).to_be_attached()

        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        names = [row["event"] for row in rows]
        assert (names[0], names.count("session_started")) == ("session_started", 1)
        assert {row["session_id"] for row in rows} == {file.stem}
        assert len({row["event_id"] for row in rows}) == len(rows)
        assert [row["seq"] for row in rows] == list(range(len(rows)))
        by_time = sorted(rows, key=lambda row: (row["t_ms"], row["seq"]))
        assert by_time[0]["event"] == "session_started"
        assert sorted(rows, key=lambda row: (row["ts"], row["seq"]))[0]["event"] == "session_started"
        on_device = [row for row in by_time if row["properties"].get("on_device")]
        assert min(row["t_ms"] for row in on_device) > 0
        tries = [row["attempt"] for row in on_device if row["event"] == "camera_started"]
        assert tries == list(range(1, len(tries) + 1)), "each try has a number of its own"
        assert names.count("photo_accepted") == names.count("consent_given") == 1
        assert "consent_withdrawn" not in names


def test_photos_on_the_check_page_outlive_a_reload_until_they_are_cleared(run, open_page, browse):
    with run() as server:
        page = open_page(server, "check", size=drive.PHONE)
        page.get_by_text("Samples").click()
        page.get_by_role("button", name="Check all of them").click()
        counted = page.get_by_text(re.compile(r"\d of \d photos works?"))
        expect(counted).to_be_visible()
        settled(page)
        words = counted.inner_text()
        page.reload()
        expect(page.get_by_text(words)).to_be_visible()
        settled(page)
        stranger = browse(url=page.url, size=drive.PHONE)
        expect(stranger.get_by_role("radio", name="My photos")).to_be_attached()
        settled(stranger)
        expect(stranger.get_by_text(words)).to_be_hidden()
        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_text(words)).to_be_hidden()
        settled(page)
        page.reload()
        expect(page.get_by_role("radio", name="My photos")).to_be_attached()
        settled(page)
        expect(page.get_by_text(words)).to_be_hidden()


def test_a_result_comes_back_where_the_server_ended_while_it_was_read(run, open_page):
    with run() as server:
        port = int(server.url.rsplit(":", 1)[1])
        page = open_page(server, size=drive.PHONE)
        start(page)
        take_photo(page)
        expect(page.get_by_text(WORKS)).to_be_visible()
        nothing_waits(page)
    waits_until(page, lambda waiting: "photo" in waiting)
    with run(port):
        page.reload()
        expect(page.get_by_text(WORKS)).to_be_visible()
        nothing_waits(page)


def test_a_series_goes_on_where_it_was(open_page, plain):
    page = open_page(plain, size=drive.PHONE)
    page.get_by_text("Three photos: far").click()
    expect(page.get_by_text("Photo 1 of 3")).to_be_visible()
    start(page)
    take_photo(page)
    expect(page.get_by_text("Photo 2 of 3")).to_be_visible()
    settled(page)
    page.reload()
    expect(page.get_by_text("Photo 2 of 3")).to_be_visible()
    expect(page.get_by_role("radio", name="Three photos: far")).to_be_checked()
    settled(page)
    page.go_back()
    expect(page.get_by_text("Photo 1 of 3")).to_be_visible()
    page.go_forward()
    expect(page.get_by_text("Photo 2 of 3")).to_be_visible()
