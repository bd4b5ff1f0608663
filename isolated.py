"""The same app with two more headers, so that browsers check pictures on several threads.

``streamlit run isolated.py`` instead of ``app.py``, or any ASGI server: ``uvicorn isolated:app``.
"""

from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from core.live.on_device.headers import Headers

app = App(Path(__file__).with_name("app.py"), middleware=[Middleware(Headers)])
