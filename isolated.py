"""The same app with two more headers, so that browsers check pictures on several threads, and what
``serve.py`` answers beside the pages.

``streamlit run isolated.py`` instead of ``serve.py``, or any ASGI server: ``uvicorn isolated:app``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from core.browser.headers import Headers
from core.study.server import purge_daily
from core.ui.routes import routes


@asynccontextmanager
async def started(_app: App) -> AsyncIterator[None]:
    """Begin the daily purge."""
    purge_daily()
    yield


app = App(
    Path(__file__).with_name("app.py"),
    lifespan=started,
    middleware=[Middleware(Headers)],
    routes=routes(),
)
