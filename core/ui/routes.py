"""What a server answers beside its pages, and what is put around all of its answers.

``/healthz``: it answers. ``/readyz``: it can judge a photo. ``/metrics``: what it counted, for requests with
the token. The results of studies. And where camera pages wait to be told of changes.
"""

from collections.abc import Callable

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from core.live import changes_route
from core.ready import Readiness
from core.serving import counters
from core.serving.headers import Headers
from core.serving.policy import inline_scripts
from core.serving.readers import MetricsReaders
from core.serving.setting import Setting
from core.study import api
from core.ui import _compat, studies_access, study_store

_NOT_KEPT = {"cache-control": "no-store"}
_readiness = Readiness()


def healthz(_request: Request) -> PlainTextResponse:
    """200: the process answers. Nothing is looked into."""
    return PlainTextResponse("ok", headers=_NOT_KEPT)


def readyz(_request: Request) -> PlainTextResponse:
    """200 where a photo can be judged, else 503; a sentence each."""
    found = _readiness.problems()
    return PlainTextResponse("\n".join(found) or "Ready", 503 if found else 200, _NOT_KEPT)


def metrics(_request: Request) -> Response:
    """What this process counted, and what Streamlit counts of its sessions, as OpenMetrics."""
    return Response(
        counters.text(_compat.statistics()), headers=_NOT_KEPT | {"content-type": counters.CONTENT_TYPE}
    )


def routes() -> list[BaseRoute]:
    """For ``streamlit.starlette.App``."""
    study_results = api.results_route(study_store.store, studies_access.access)
    answered: dict[str, Callable[[Request], Response]] = {
        "/healthz": healthz,
        "/readyz": readyz,
        "/metrics": metrics,
        api.PATH: study_results,
    }
    return [*(Route(path, answer) for path, answer in answered.items()), changes_route.route()]


def middleware(setting: Setting) -> list[Middleware]:
    """For ``streamlit.starlette.App``: headers around every answer, its own refusals of metrics too."""
    return [
        Middleware(
            Headers,
            setting=setting,
            scripts=inline_scripts(_compat.page()),
            base=lambda: str(st.get_option("server.baseUrlPath") or ""),
        ),
        Middleware(MetricsReaders, token=setting.metrics_token),
    ]
