import re

import pytest

from core.serving.headers import Headers
from core.serving.policy import inline_scripts
from core.serving.setting import Setting
from tests.asgi import ask

SITE = "https://clinic.example"


def answer(path="/", status=200, given=(), setting=None, base="", **asked):
    """The headers that come of one request to an application that answers with these headers."""

    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": list(given)})
        await send({"type": "http.response.body", "body": b"words"})

    answered = ask(Headers(application, setting, ("'sha256-x'",), lambda: base), path, **asked)
    assert answered.body == b"words"
    return answered.headers


def framed_by(path, query="", listed=None, **more):
    """Who may frame an answer; None for anyone."""
    named = answer(path, query=query, setting=Setting(None if listed is None else frozenset(listed)), **more)
    found = re.search(r"frame-ancestors (.*)", named["content-security-policy"])
    return found and found[1].split()


def test_every_answer_says_what_its_page_may_do():
    for path, status in (("/", 200), ("/app/static/retake/1f/worker.js", 200), ("/media/none", 404)):
        seen = answer(path, status, given=[(b"content-type", b"text/html"), (b"Referrer-Policy", b"origin")])
        policy = dict(part.split(" ", 1) for part in seen["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == "'self' blob: 'wasm-unsafe-eval' 'sha256-x'"
        assert policy["connect-src"] == policy["frame-src"] == policy["worker-src"] == "'self'"
        assert seen["x-content-type-options"] == "nosniff"
        assert seen["referrer-policy"] == "no-referrer"
        assert "camera=(self), microphone=()" in seen["permissions-policy"]
        assert seen["content-type"] == "text/html"


def test_an_application_that_fails_answers_with_headers_too():
    async def application(scope, receive, send):
        raise RuntimeError("secret")

    with pytest.raises(RuntimeError) as caught:
        ask(Headers(application))
    answered = caught.value.answer
    assert (answered.status, answered.body) == (500, b"Internal Server Error")
    assert "content-security-policy" in answered.headers


def test_without_a_list_any_page_may_frame_the_capture_flow_and_none_another_page():
    assert framed_by("/", "preset=quiet&embed=true") is None
    assert framed_by("/retake/", "embed=TRUE", base="/retake/") is None
    assert framed_by("/deep/", "embed=true", root="/deep") is None
    # The camera's own page on the server's way stands inside the capture flow.
    assert framed_by("/component/streamlit_webrtc.webrtc_streamer/index.html") is None
    for path, query in (
        ("/", ""),
        ("/", "embed=false"),
        ("/", "parent=embed=true"),
        ("/studies", "embed=true"),
        ("/studies/component/", "embed=true"),
        ("/retake/studies", "embed=true"),
    ):
        assert framed_by(path, query, base="retake" if path.startswith("/retake") else "") == ["'self'"]


def test_a_list_names_who_may_frame_anything():
    for path, query in (("/", "embed=true"), ("/component/x/index.html", ""), ("/studies", "")):
        assert framed_by(path, query, listed=["http://b.example:81", SITE]) == [
            *("'self'", "http://b.example:81", SITE)
        ]
        assert framed_by(path, query, listed=[]) == ["'self'"]


def test_pages_are_isolated_where_that_is_asked_for():
    assert not [name for name in answer() if name.startswith("cross-origin")]
    # A browser keeps it for longer than the setting may last.
    assert answer("/app/static/retake/1f/worker.js")["cross-origin-embedder-policy"] == "require-corp"
    for path in ("/", "/component/streamlit_webrtc.webrtc_streamer/index.html", "/app/static/retake/1f/a.js"):
        seen = answer(path, setting=Setting(isolated=True))
        assert seen["cross-origin-opener-policy"] == "same-origin"
        assert seen["cross-origin-embedder-policy"] == "require-corp"
        assert seen["cross-origin-resource-policy"] == "same-origin"


def test_what_is_published_is_kept_for_ever_and_nothing_else():
    assert "immutable" in answer("/app/static/retake/1f/view.js")["cache-control"]
    assert "immutable" in answer("/base/app/static/retake/1f/view.js")["cache-control"]
    assert "cache-control" not in answer("/app/static/other/view.js")
    assert answer("/", given=[(b"Cache-Control", b"no-cache")])["cache-control"] == "no-cache"


def test_the_worker_for_pages_without_the_server_may_watch_over_the_app_alone():
    assert answer("/app/static/retake/1f/offline.js")["service-worker-allowed"] == "/"
    assert answer("/base/app/static/retake/1f/offline.js")["service-worker-allowed"] == "/base/"
    for other in ("/app/static/retake/1f/worker.js", "/app/static/other/offline.js", "/offline.js"):
        assert "service-worker-allowed" not in answer(other)


def test_a_page_that_asks_whether_its_server_is_there_hears_which_process_it_is():
    first, second = answer("/_stcore/health"), answer("/retake/_stcore/health")
    assert first["retake-process"] == second["retake-process"]
    assert "retake-process" not in answer("/")


def test_a_missing_file_is_not_kept_for_ever():
    assert "cache-control" not in answer("/app/static/retake/1f/view.js", status=404)


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_page_is_left_alone(kind):
    assert answer("/_stcore/stream", kind=kind) == {}


def test_scripts_that_stand_in_a_page_are_named_by_their_hash():
    page = "<script src='a.js'></script><p>if (a<b)</p><script>\n  a = 1 < 2 && '&amp;'\n</script><b>c</b>"
    # openssl dgst -sha256 -binary | base64, of what stands between the tags
    assert inline_scripts(page) == ("'sha256-CR7e2Fz0mSf5K59kO6xGgMzcW7sX8yGIfduJtBvP5KA='",)
    assert inline_scripts("<p>none</p>") == ()
