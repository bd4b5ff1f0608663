"""What the camera will want is named in a header: browsers fetch it while the page is still being drawn.

``Link: <...>; rel=prefetch`` brings it into the browser's own cache. Not with the page itself, whose own
scripts would then wait for their share of the line, but with the first thing that they ask for once they run.
That tells nothing of the page, so that the page leaves a word for it: a cookie for half a minute. Plain ASGI.
"""

from collections.abc import Awaitable, Callable, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from core.serving.headers import UNCHANGING, Application, Message, Pair, Receive, Send, below

HAS: Final = "retake_checker"
"""Set by ``core/browser/web/early.js``: the version that this browser has whole."""
COMES: Final = "retake_camera"
"""Set here: a page with a camera is about to be drawn."""
_FIRST_ASKED: Final = "_stcore/host-config"
# A link that chooses may lead to another way than the one that these files are for.
_CHOOSING: Final = ("live", "preset")

Named = Callable[[], Awaitable[Sequence[str]]]


class Ahead:
    """Wraps an application: names what is published for browsers, unless that is unwelcome.

    Nothing is named to a browser that saves data, or that says by its cookie that it has the files; nor for
    other pages than the first, or that one at an address with ``live`` or ``preset``.

    Args:
        named: addresses below the application's own, in a folder of this version; none for no files.
        base: the path below which the application is served; asked for with each answer.
    """

    def __init__(self, app: Application, named: Named, base: Callable[[], str] = lambda: "") -> None:
        self._app = app
        self._named = named
        self._base = base

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        added = await self._added(scope)

        async def with_more(message: Message) -> None:
            if added and message["type"] == "http.response.start" and message["status"] in (200, 304):
                message = {**message, "headers": [*message.get("headers", []), added]}
            await send(message)

        await self._app(scope, receive, with_more if added else send)

    async def _added(self, scope: Message) -> Pair | None:
        if scope["type"] != "http" or scope.get("method") != "GET":
            return None
        path = below(scope, self._base())
        if path not in ("", _FIRST_ASKED):
            return None
        asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if asked.get("save-data", "").lower() == "on":
            return None
        root = "".join(f"/{part}" for part in self._base().split("/") if part)
        cookies = _cookies(asked.get("cookie", ""))
        if path == "":
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
            if any(name in query for name in _CHOOSING):
                return None
            word = f"{COMES}=1; Path={root}/{_FIRST_ASKED}; Max-Age=30; HttpOnly; SameSite=Lax"
            return (b"set-cookie", word.encode()) if await self._wanted(cookies) else None
        files = await self._wanted(cookies) if COMES in cookies else ()
        links = ", ".join(f"<{root}/{file}>; rel=prefetch" for file in files)
        return (b"link", links.encode("latin-1")) if files else None

    async def _wanted(self, cookies: SimpleCookie) -> Sequence[str]:
        files = await self._named()
        version = cookies[HAS].value if HAS in cookies else ""
        return () if version and any(f"{UNCHANGING}{version}/" in f"/{file}" for file in files) else files


def _cookies(given: str) -> SimpleCookie:
    try:
        return SimpleCookie(given)
    except CookieError:
        return SimpleCookie()
