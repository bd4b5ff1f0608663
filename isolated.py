"""The same app with two more headers, so that browsers check pictures on several threads, and what
``serve.py`` answers beside the pages.

``streamlit run isolated.py`` instead of ``serve.py``, or any ASGI server: ``uvicorn isolated:app``.
"""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from core.browser.headers import Headers
from core.ui.routes import routes

app = App(Path(__file__).with_name("app.py"), middleware=[Middleware(Headers)], routes=routes())
