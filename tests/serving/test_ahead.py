"""Which pages name what browsers will want, and to whom."""

import pytest

from core.serving.ahead import COOKIE, Ahead
from tests.asgi import ask

FILES = ("app/static/retake/1f/imageqx.json", "app/static/retake/1f/imageqx.onnx.gz")
GIVEN = ((b"content-type", b"text/html"), (b"ETag", b'"7"'), (b"cache-control", b"no-cache"))


def answer(path="/", *, status=200, files=FILES, base="", **asked):
    """The headers of one answer."""

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": GIVEN})
        await send({"type": "http.response.body", "body": b"words"})

    async def named():
        return files

    return ask(Ahead(application, named, lambda: base), path, **asked).headers


def test_the_first_page_names_what_its_browser_will_want():
    seen = answer("/", query="lang=de&embed=true")
    assert seen["link"] == ", ".join(f"</{file}>; rel=prefetch" for file in FILES)
    assert "/retake/app/static" in answer("/retake/", base="retake")["link"]
    # A browser that could ask whether its page changed would keep these headers with it.
    assert "etag" not in seen
    assert seen["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "asked",
    [
        {"path": "/check"},
        {"path": "/app/static/retake/1f/imageqx.json"},
        {"query": "live=server"},
        {"query": "preset=quiet"},
        {"headers": {"Save-Data": "on"}},
        {"headers": {"Cookie": f"other=2; {COOKIE}=1f"}},
        {"status": 304},
        {"files": ()},
    ],
    ids=str,
)
def test_nothing_is_named_where_it_is_not_wanted(asked):
    seen = answer(**asked)
    assert "link" not in seen
    assert "etag" in seen


def test_a_browser_that_has_another_version_is_told_of_this_one():
    assert "link" in answer(headers={"Cookie": f"{COOKIE}=0a"})
    assert "link" in answer(headers={"Cookie": "; =;;"})
