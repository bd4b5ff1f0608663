"""``/api/studies/ID/results?token=``: results for whoever has a study's token; one answer for all others.

Served where the app runs as an ASGI application (``serve.py``), like ``/readyz``.
"""

from collections.abc import Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.i18n import speaking
from core.study.access import Access
from core.study.faults import StudyError
from core.study.results_json import results_json
from core.study.store import StudyStore

PATH = "/api/studies/{study}/results"
_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def results_route(
    open_store: Callable[[], StudyStore], open_access: Callable[[], Access]
) -> Callable[[Request], Response]:
    """What answers :data:`PATH`; store and access are opened when somebody asks.

    The token stands in the query, or in ``Authorization: Bearer``, which keeps it out of a server's log.
    """
    return partial(_results, open_store, open_access)


def _results(
    open_store: Callable[[], StudyStore], open_access: Callable[[], Access], request: Request
) -> Response:
    token = request.query_params.get("token", "")
    kind, _space, given = request.headers.get("authorization", "").partition(" ")
    if not token and kind.casefold() == "bearer":
        token = given.strip()
    study = request.path_params["study"]
    try:
        # Its hash is looked up together with the study's id: as long for an unknown study as for a wrong
        # token, and no comparison letter by letter.
        if not open_access().token_reads(token, study):
            return _not_found()
        with speaking("en"):
            found = results_json(open_store().load(study))
    except StudyError:  # deleted meanwhile, or no database
        return _not_found()
    return JSONResponse(found, headers=_HEADERS)


def _not_found() -> Response:
    return JSONResponse({"error": "not found"}, 404, _HEADERS)
