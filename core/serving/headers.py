"""The headers of every answer: what pages may do, who may frame them, what is kept for ever. Plain ASGI."""

import secrets
from collections.abc import Awaitable, Callable, Collection, MutableMapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs

from core.serving.policy import policy
from core.serving.setting import Setting

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

Pair = tuple[bytes, bytes]

# The camera is Retake's own, wherever it is framed; what it never uses, nothing on its pages can.
_UNUSED: Final = (
    *("microphone", "geolocation", "display-capture", "payment", "usb", "serial", "hid", "bluetooth"),
    *("midi", "accelerometer", "gyroscope", "magnetometer"),
)
_PERMISSIONS: Final = ", ".join(("camera=(self)", *(f"{name}=()" for name in _UNUSED)))
ALWAYS: Final[tuple[Pair, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    # Links to a study hold a participant's token.
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", _PERMISSIONS.encode()),
)
# Shared memory, and with it WebAssembly threads, is for pages that no page of another origin can look into.
ISOLATION: Final[tuple[Pair, ...]] = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# The folder's name is a digest of what it holds.
UNCHANGING: Final = "/app/static/retake/"
_KEEP: Final = (b"cache-control", b"public, max-age=31536000, immutable")
# A worker that a browser kept from before would else not start in a page that is isolated from today on.
_FIT_FOR_ISOLATION: Final = (b"cross-origin-embedder-policy", b"require-corp")
# What shows the camera when the server is away may watch over the whole app, not over its own folder alone.
_WORKER: Final = "/offline.js"
_COMPONENTS: Final = "component/"
# Where a proxy has another server take over at once, a page that asks for its own would never know.
_HEALTH: Final = "/_stcore/health"
PROCESS: Final[Pair] = (b"retake-process", secrets.token_hex(8).encode())
_POLICY: Final = b"content-security-policy"
_FAILED: Final = b"Internal Server Error"


class Headers:
    """Wraps an application; what its answers say already is left as it is, but for these headers.

    Args:
        scripts: CSP sources of the scripts that stand in the application's page itself.
        base: the path below which the application is served, such as ``retake``; asked for with each answer.
    """

    def __init__(
        self,
        app: Application,
        setting: Setting | None = None,
        scripts: Sequence[str] = (),
        base: Callable[[], str] = lambda: "",
    ) -> None:
        self._app = app
        self._setting = setting or Setting()
        self._base = base
        listed = self._setting.embed_origins
        self._policy = policy(scripts, listed or ()).encode()
        self._capture_policy = policy(scripts, listed).encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        begun = False

        async def with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                added = self._added(scope, message["status"])
                names = {name for name, _value in added}
                kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in names]
                # Of several policies browsers keep to each.
                message = {**message, "headers": [*kept, *added, (_POLICY, self._policy_of(scope))]}
            await send(message)

        try:
            await self._app(scope, receive, with_headers)
        except Exception:
            if not begun:  # else Starlette would answer outside of this, without headers
                plain = [(b"content-type", b"text/plain; charset=utf-8")]
                await with_headers({"type": "http.response.start", "status": 500, "headers": plain})
                await with_headers({"type": "http.response.body", "body": _FAILED})
            raise

    def _added(self, scope: Message, status: int) -> list[Pair]:
        added = [*ALWAYS]
        unchanging = UNCHANGING in scope["path"]
        if self._setting.isolated:
            added += ISOLATION
        elif unchanging:
            added.append(_FIT_FOR_ISOLATION)
        if scope["path"].endswith(_HEALTH):
            added.append(PROCESS)
        if unchanging and status == 200:
            added.append(_KEEP)
            if scope["path"].endswith(_WORKER):
                root = scope["path"].partition(UNCHANGING)[0] + "/"
                added.append((b"service-worker-allowed", root.encode()))
        return added

    def _policy_of(self, scope: Message) -> bytes:
        """Where no list names the pages around, any may frame the capture flow, and none another page."""
        path = _below(scope, self._base())
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        capture = path == "" and _is_true(query.get("embed", ()))
        return self._capture_policy if capture or path.startswith(_COMPONENTS) else self._policy


def _below(scope: Message, base: str) -> str:
    """The path of a request below the application's own, without a slash at its beginning."""
    path: str = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
    base = base.strip("/")
    return "" if path == base else path.removeprefix(f"{base}/") if base else path


def _is_true(values: Collection[str]) -> bool:
    """As Streamlit's page reads a parameter of its address."""
    return any(value.lower() == "true" for value in values)
