"""A browser that is taken again for another visit, as it is in these tests, has nothing of the last one."""

import pytest

pytestmark = pytest.mark.browser

LEAVE = """async () => {
  localStorage.setItem("left", "here");
  sessionStorage.setItem("left", "here");
  document.cookie = "left=here; max-age=3600";
  await (await caches.open("left")).put("/left", new Response("here"));
  const asked = indexedDB.open("left");
  await new Promise((done) => (asked.onsuccess = done));
  asked.result.close();
}"""
FOUND = """async () => [
  ...Object.keys(localStorage), ...Object.keys(sessionStorage), ...(await caches.keys()),
  ...(await indexedDB.databases()).map(({ name }) => name), document.cookie,
].filter((name) => name.includes("left"))"""


def test_a_visit_finds_nothing_of_the_last(window, on_device):
    with window() as first:
        page = first.pages[0]
        page.goto(f"{on_device.url}/check")
        page.evaluate(LEAVE)
        assert len(page.evaluate(FOUND)) == 5
    with window() as again:
        assert again is first, "the same browser"
        (page,) = again.pages
        page.goto(f"{on_device.url}/check")
        assert page.evaluate(FOUND) == []
