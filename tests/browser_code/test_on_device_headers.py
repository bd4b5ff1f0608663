import asyncio

import pytest

from core.browser.headers import Headers


def answer(path, status=200, headers=(), kind="http"):
    """What comes of one request to an application that answers with these headers."""
    sent = []

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": b"words"})

    async def send(message):
        sent.append(message)

    asyncio.run(Headers(application)({"type": kind, "path": path}, None, send))
    assert sent[1]["body"] == b"words"
    pairs = [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]
    assert len(dict(pairs)) == len(pairs), "no header twice"
    return dict(pairs)


def test_every_answer_isolates_the_page():
    for path in (
        "/",
        "/component/streamlit_webrtc.webrtc_streamer/index.html",
        "/app/static/retake/1f/view.js",
    ):
        seen = answer(path, headers=[(b"content-type", b"text/html")])
        assert seen["cross-origin-opener-policy"] == "same-origin"
        assert seen["cross-origin-embedder-policy"] == "require-corp"
        assert seen["content-type"] == "text/html"


def test_what_is_published_is_kept_for_ever_and_nothing_else():
    assert "immutable" in answer("/app/static/retake/1f/view.js")["cache-control"]
    assert "immutable" in answer("/base/app/static/retake/1f/view.js")["cache-control"]
    assert "cache-control" not in answer("/app/static/other/view.js")
    assert answer("/", headers=[(b"Cache-Control", b"no-cache")])["Cache-Control"] == "no-cache"


def test_the_worker_for_pages_without_the_server_may_watch_over_the_app_alone():
    assert answer("/app/static/retake/1f/offline.js")["service-worker-allowed"] == "/"
    assert answer("/base/app/static/retake/1f/offline.js")["service-worker-allowed"] == "/base/"
    for other in ("/app/static/retake/1f/worker.js", "/app/static/other/offline.js", "/offline.js"):
        assert "service-worker-allowed" not in answer(other)


def test_a_missing_file_is_not_kept_for_ever():
    assert "cache-control" not in answer("/app/static/retake/1f/view.js", status=404)


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_page_is_left_alone(kind):
    assert answer("/_stcore/stream", kind=kind) == {}
