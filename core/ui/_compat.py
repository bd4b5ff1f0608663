"""What Retake needs of Streamlit and Starlette beyond what they promise; nothing else in Retake does.

``tests/ui/test_compat.py`` says of each piece what it relies on.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit import runtime
from streamlit.config import get_option
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.scriptrunner import get_script_run_ctx

# Streamlit lets a browser come back to its session for two minutes after the connection broke off.
LEFT_FOR_GOOD_S: Final = 125.0


def manage_uploads() -> None:
    """From here on a file that this visit hands in never touches the disk, and goes when its page is closed.

    On closing, what Streamlit keeps goes at once, even if nothing was made of it yet; what else the visit
    holds goes when it cannot come back any more.
    """
    keep_uploads_off_disk()
    _when_left()


def keep_uploads_off_disk() -> None:
    """Starlette would put an upload above 1 MB into a temporary file; it stays in memory."""
    MultiPartParser.spool_max_size = (int(get_option("server.maxUploadSize")) + 1) * 1024 * 1024


def forget_uploads() -> None:
    """Let go of every file that this visit handed in and that Streamlit keeps."""
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


@st.cache_resource(scope="session", on_release=lambda leave: leave(), show_spinner=False)
def _when_left() -> Callable[[], None]:
    context = get_script_run_ctx()
    if context is None:
        return lambda: None
    store, visit = context.uploaded_file_mgr, context.session_id

    def leave() -> None:
        store.remove_session_files(visit)
        with suppress(RuntimeError):  # no server runs here
            asyncio.get_running_loop().call_later(LEFT_FOR_GOOD_S, forget_left_visits)

    return leave


def forget_left_visits() -> None:
    """Let go of sessions whose time to come back is over: Streamlit does so only when another one ends."""
    if not runtime.exists():
        return
    storage = getattr(runtime.get_instance()._session_mgr, "_session_storage", None)
    if isinstance(storage, MemorySessionStorage) and hasattr(storage._cache, "expire"):
        for _key, left in storage._cache.expire():
            left.session.shutdown()
            # The server's loop holds on to the last session that it served, until another visitor comes.
            left.session.session_state.clear()
