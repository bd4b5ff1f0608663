"""Response headers that let a browser use threads, keep for ever what never changes, and show the camera
without the server. Plain ASGI."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

# Shared memory, and with it WebAssembly threads, is for pages that no page of another origin can look into.
ISOLATION: Final = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# The folder's name is a digest of what it holds.
UNCHANGING: Final = "/app/static/retake/"
_KEEP: Final = (b"cache-control", b"public, max-age=31536000, immutable")


# What shows the camera when the server is away may watch over the whole app, not over its own folder alone.
_WORKER: Final = "/offline.js"


class Headers:
    """Wraps an application; what its answers say already is left as it is, but for these headers."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        unchanging = UNCHANGING in scope["path"]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [*ISOLATION]
                if unchanging and message["status"] == 200:
                    added.append(_KEEP)
                    if scope["path"].endswith(_WORKER):
                        root = scope["path"].partition(UNCHANGING)[0] + "/"
                        added.append((b"service-worker-allowed", root.encode()))
                names = {name for name, _value in added}
                kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        await self._app(scope, receive, with_headers)
