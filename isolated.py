"""The same app with two more headers, so that browsers check pictures on several threads, and ``/readyz``.

``streamlit run isolated.py`` instead of ``app.py``, or any ASGI server: ``uvicorn isolated:app``.
"""

from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from streamlit.starlette import App

from core.browser.headers import Headers
from core.ready import Readiness

_readiness = Readiness()


def readyz(_request: Request) -> PlainTextResponse:
    """200 where a photo can be judged, else 503; a sentence each."""
    found = _readiness.problems()
    return PlainTextResponse(
        "\n".join(found) or "Ready", 503 if found else 200, {"cache-control": "no-store"}
    )


app = App(
    Path(__file__).with_name("app.py"), middleware=[Middleware(Headers)], routes=[Route("/readyz", readyz)]
)
