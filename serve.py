"""The app as ``make app`` starts it: ``app.py``, with ``/readyz`` and the results of studies at
``/api/studies/ID/results`` beside it.

``streamlit run serve.py``, or any ASGI server: ``uvicorn serve:app``. ``streamlit run app.py`` has the pages
alone.
"""

import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from streamlit.starlette import App

from core.study.server import purge_daily
from core.ui.routes import routes

_OPENS_AFTER_S = 1.5


@asynccontextmanager
async def shown(_app: App) -> AsyncIterator[None]:
    """Begin the daily purge, and open the page in the browser of whoever started it.

    Streamlit opens the page for a script, not for an App.
    """
    purge_daily()
    by_streamlit = Path(sys.argv[0]).name == Path(__file__).name
    if by_streamlit and not st.get_option("server.headless"):
        secure = "https" if st.get_option("server.sslCertFile") else "http"
        path = str(st.get_option("server.baseUrlPath") or "").strip("/")
        address = f"{secure}://localhost:{st.get_option('server.port')}/{path}"
        threading.Timer(_OPENS_AFTER_S, webbrowser.open, (address,)).start()
    yield


app = App(Path(__file__).with_name("app.py"), lifespan=shown, routes=routes())
