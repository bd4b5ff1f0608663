"""Who may read a server's metrics: requests with the token, and none where no token is set. Plain ASGI.

A peer's address says nothing here: behind a proxy on the same computer every visitor seems to be that
computer, and what a proxy writes into ``X-Forwarded-For`` a visitor may have written there.
"""

import hmac
from collections.abc import Iterable

from core.serving.headers import Application, Message, Receive, Send

_PATH = "/metrics"


class MetricsReaders:
    """Wraps an application; answers for ``/metrics`` and Streamlit's ``/_stcore/metrics`` to others.

    Without a token it is 404, as if they were not there; else 401 for a request that does not show it in
    ``Authorization: Bearer``.
    """

    def __init__(self, app: Application, token: str = "") -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = scope["type"] == "http" and scope["path"].rstrip("/").endswith(_PATH)
        if not asked or self._shows_token(scope["headers"]):
            return await self._app(scope, receive, send)
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
        if self._token:
            headers.append((b"www-authenticate", b"Bearer"))
        status = 401 if self._token else 404
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"Unauthorized" if self._token else b"Not Found"})

    def _shows_token(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        given = next((value for name, value in headers if name.lower() == b"authorization"), b"")
        kind, _space, shown = given.partition(b" ")
        same = hmac.compare_digest(shown.strip(), self._token)
        return bool(self._token) and kind.lower() == b"bearer" and same
