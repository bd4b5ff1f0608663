"""What the first page will want is named in its headers: browsers fetch it while the page itself starts.

``Link: <...>; rel=prefetch`` brings it into the browser's own cache, behind everything that the page asks for
by itself. Plain ASGI.
"""

from collections.abc import Awaitable, Callable, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from core.serving.headers import UNCHANGING, Application, Message, Receive, Send, below

COOKIE: Final = "retake_checker"
"""Set by ``core/browser/web/early.js``: the version that this browser has whole."""
# A link that chooses may lead to another way than the one that these files are for.
_CHOOSING: Final = ("live", "preset")
# Without these no browser asks whether its page is still the same, and keeps the page's headers with it.
_ASKED_ABOUT: Final = (b"etag", b"last-modified")

Named = Callable[[], Awaitable[Sequence[str]]]


class Ahead:
    """Wraps an application: its first page names what is published for browsers, unless that is unwelcome.

    Nothing is named to a browser that saves data, or that says by its cookie that it has the files; nor at an
    address with ``live`` or ``preset``.

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
        if not self._is_first_page(scope):
            return await self._app(scope, receive, send)
        files = await self._wanted(scope)

        async def with_links(message: Message) -> None:
            if files and message["type"] == "http.response.start" and message["status"] == 200:
                root = "".join(f"/{part}" for part in self._base().split("/") if part)
                links = ", ".join(f"<{root}/{file}>; rel=prefetch" for file in files)
                kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in _ASKED_ABOUT]
                message = {**message, "headers": [*kept, (b"link", links.encode("latin-1"))]}
            await send(message)

        await self._app(scope, receive, with_links)

    def _is_first_page(self, scope: Message) -> bool:
        return scope["type"] == "http" and scope.get("method") == "GET" and below(scope, self._base()) == ""

    async def _wanted(self, scope: Message) -> Sequence[str]:
        asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if asked.get("save-data", "").lower() == "on" or any(name in query for name in _CHOOSING):
            return ()
        files = await self._named()
        version = _kept(asked.get("cookie", ""))
        return () if version and any(f"{UNCHANGING}{version}/" in f"/{file}" for file in files) else files


def _kept(cookies: str) -> str:
    try:
        found = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value
