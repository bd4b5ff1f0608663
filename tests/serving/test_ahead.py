"""For which pages, and to whom, what the camera will want is named."""

import pytest

from core.serving.ahead import COMES, HAS, Ahead
from tests.asgi import ask

FILES = ("app/static/retake/1f/imageqx.json", "app/static/retake/1f/imageqx.onnx.gz")
FIRST = "/_stcore/host-config"


def answer(path="/", *, status=200, files=FILES, base="", **asked):
    """The headers of one answer."""

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": [(b"etag", b'"7"')]})
        await send({"type": "http.response.body", "body": b"words"})

    async def named():
        return files

    return ask(Ahead(application, named, lambda: base), path, **asked).headers


def test_the_first_page_leaves_a_word_and_what_it_asks_for_first_names_the_files():
    left = answer("/", query="lang=de&embed=true")
    assert "link" not in left, "the page's own scripts would share the line with them"
    word, path, *_rest = left["set-cookie"].split("; ")
    assert path == f"Path={FIRST}"
    named = answer(FIRST, headers={"Cookie": f"other=2; {word}"})
    assert named["link"] == ", ".join(f"</{file}>; rel=prefetch" for file in FILES)
    below = answer(f"/retake{FIRST}", base="retake", headers={"Cookie": word})
    assert "</retake/app/static" in below["link"]
    assert f"Path=/retake{FIRST}" in answer("/retake/", base="/retake/")["set-cookie"]


@pytest.mark.parametrize(
    "asked",
    [
        {"path": "/check"},
        {"path": "/app/static/retake/1f/imageqx.json"},
        {"query": "live=server"},
        {"query": "preset=quiet"},
        {"headers": {"Save-Data": "on"}},
        {"headers": {"Cookie": f"other=2; {HAS}=1f"}},
        {"status": 500},
        {"files": ()},
    ],
    ids=str,
)
def test_a_page_that_will_not_want_them_leaves_none(asked):
    assert set(answer(**asked)) == {"etag"}


@pytest.mark.parametrize("headers", [{}, {"Cookie": f"{COMES}=1; {HAS}=1f"}, {"Save-Data": "on"}], ids=str)
def test_nothing_is_named_without_it(headers):
    assert set(answer(FIRST, headers=headers)) == {"etag"}


def test_a_browser_that_has_another_version_is_told_of_this_one():
    assert "link" in answer(FIRST, headers={"Cookie": f"{COMES}=1; {HAS}=0a"})
    assert "set-cookie" in answer(headers={"Cookie": "; =;;"})
