"""The same app with two more headers, so that browsers check pictures on several threads,
``/readyz``, and the results of studies at ``/api/studies/ID/results``.

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
from core.study import api
from core.ui import studies_access, study_store

_readiness = Readiness()


def readyz(_request: Request) -> PlainTextResponse:
    """200 where a photo can be judged, else 503; a sentence each."""
    found = _readiness.problems()
    return PlainTextResponse(
        "\n".join(found) or "Ready", 503 if found else 200, {"cache-control": "no-store"}
    )


study_results = api.results_route(study_store.store, studies_access.access)
app = App(
    Path(__file__).with_name("app.py"),
    middleware=[Middleware(Headers)],
    routes=[Route("/readyz", readyz), Route(api.PATH, study_results)],
)
