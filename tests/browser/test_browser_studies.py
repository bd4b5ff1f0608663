"""The researcher's way in Chromium: passphrase, demo study, its results with plots, a file to take away."""

import csv
import io
import re
from pathlib import Path

import pytest
from axe_steps import findings
from browser_steps import pick, settled
from playwright.sync_api import expect

from core.i18n import _, speaking
from core.study.demo import demo_study
from core.study.export_tables import tables_of
from scripts import drive

pytestmark = pytest.mark.browser

# Each picture has come, and is as wide as it is drawn.
PLOTS = """() => [...document.querySelectorAll(".rt-study-plots img")]
  .map(({ complete, naturalWidth, alt }) => complete && naturalWidth > 0 && alt.length > 20)"""


def results_are_shown(page, language):
    with speaking(language):
        simulated, outcome = _("Simulated data: nobody took part. For looking around only."), _("Outcome")
    expect(page.get_by_text(simulated)).to_be_visible()
    expect(page.get_by_role("radio", name=outcome)).to_be_checked()
    page.wait_for_function(f"() => ({PLOTS})().length === 2 && ({PLOTS})().every(Boolean)")
    assert not findings(page)


def test_a_researcher_signs_in_sees_the_demo_and_takes_a_table_away(on_device, browse):
    page = browse("studies", url=on_device.url)
    field = page.get_by_label("Passphrase for researchers")
    expect(field).to_be_visible()
    expect(page.get_by_role("button", name="Make a study")).to_be_hidden()
    [passphrase] = re.findall(r"passphrase for researchers is\s+(\S+)", on_device.printed())
    field.fill(passphrase)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Make a study")).to_be_visible()
    settled(page)

    page.get_by_role("button", name="See a demo study").click()
    results_are_shown(page, "en")
    expect(page.get_by_role("columnheader", name="Geometric mean").first).to_be_visible()
    page.get_by_role("radio", name="Export").click()
    page.get_by_text("One table at a time").click()
    tasks = next(table for table in tables_of(demo_study()) if table.name == "tasks")
    pick(page, "Table", "tasks: CSV")
    with page.expect_download() as arriving:
        # Another button for each table: the one before may be there for a moment still.
        page.locator("[class*='description-tasks_data'] button").click()
    text = Path(arriving.value.path()).read_text(encoding="utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    assert tuple(head) == tasks.head
    assert len(rows) == len(tasks.rows)
    assert {row[head.index("condition_id")] for row in rows} == {"coached", "plain"}


def test_the_results_page_in_arabic(on_device, browse):
    page = browse("studies?demo=1&lang=ar", url=on_device.url, size=drive.PHONE)
    results_are_shown(page, "ar")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, "nothing stands beyond the screen's edge"
