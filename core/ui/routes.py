"""What a server answers beside its pages: ``/readyz``, and the results of studies."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

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


def routes() -> list[BaseRoute]:
    """For ``streamlit.starlette.App``."""
    study_results = api.results_route(study_store.store, studies_access.access)
    return [Route("/readyz", readyz), Route(api.PATH, study_results)]
