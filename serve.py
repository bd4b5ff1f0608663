"""The app as ``make app`` starts it: ``app.py``, with ``/healthz``, ``/readyz``, ``/metrics`` and the results
of studies at ``/api/studies/ID/results`` beside it, and security headers on every answer.

``streamlit run serve.py``, or any ASGI server: ``uvicorn serve:app``. ``streamlit run app.py`` has the pages
alone.
"""

import logging
import os
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from streamlit.starlette import App

from core.serving.counters import ErrorCounter
from core.serving.logs import JsonLines
from core.serving.recent import RECENT
from core.serving.setting import SettingError, read
from core.study.server import purge_daily
from core.ui._compat import format_logs
from core.ui.routes import middleware, routes

_OPENS_AFTER_S = 1.5


@asynccontextmanager
async def shown(_app: App) -> AsyncIterator[None]:
    """Begin the daily purge, and open the page in a browser on this computer.

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


try:
    setting = read(os.environ)
except SettingError as error:
    sys.exit(error.message)
if setting.json_logs:
    format_logs(JsonLines())
logging.getLogger("core").addHandler(ErrorCounter())
logging.getLogger("core").addHandler(RECENT)
for remark in setting.remarks():
    logging.getLogger("core").warning(remark)
app = App(Path(__file__).with_name("app.py"), lifespan=shown, routes=routes(), middleware=middleware(setting))
