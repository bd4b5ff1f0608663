"""What Retake needs of Streamlit and Starlette beyond what they promise; nothing else in Retake does.

``tests/ui/test_compat.py`` says of each piece what it relies on.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import streamlit as st
from starlette.formparsers import MultiPartParser
from streamlit import file_util, runtime
from streamlit import logger as streamlits
from streamlit.config import get_option
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState

# Streamlit lets a browser come back to its session for two minutes after the connection broke off.
LEFT_FOR_GOOD_S: Final = 125.0
SESSION_FAMILIES: Final = ("active_sessions", "session_events", "session_duration_seconds")
_SERVERS_LOGS: Final = ("uvicorn", "uvicorn.error")
_run_callbacks: Final = SafeSessionState.on_script_will_rerun


def finish_callbacks() -> None:
    """From here on what a press calls runs to its end, however soon something newer is asked for.

    Streamlit would end the run at the first look into the session, before or inside a callback, and the
    press would be gone (docs/decisions/runs.md). A newer run begins right after the callbacks instead.
    """
    SafeSessionState.on_script_will_rerun = _run_whole_callbacks  # type: ignore[assignment]


def _run_whole_callbacks(state: SafeSessionState, *args: Any, **named: Any) -> None:
    runner = getattr(state._yield_callback, "__self__", None)
    if runner is None or not getattr(runner, "_execing", False):
        _run_callbacks(state, *args, **named)
        return
    # A runner looks for newer requests only while it is marked as executing.
    runner._execing = False
    try:
        _run_callbacks(state, *args, **named)
    finally:
        runner._execing = True


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


def page() -> str:
    """The HTML of the one page that Streamlit serves; its scripts draw all others."""
    return Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")


def statistics() -> str:
    """What Streamlit counts of its sessions, in the lines of OpenMetrics; nothing where no server runs."""
    if not runtime.exists():
        return ""
    lines = []
    for stats in runtime.get_instance().stats_mgr.get_stats(family_names=list(SESSION_FAMILIES)).values():
        for first in stats[:1]:
            lines.append(f"# TYPE {first.family_name} {first.type}")
            lines += [f"# UNIT {first.family_name} {first.unit}"] if first.unit else []
            lines.append(f"# HELP {first.family_name} {first.help}")
        lines += [stat.to_metric_str() for stat in stats]
    return "".join(f"{line}\n" for line in lines)


def format_logs(formatter: logging.Formatter) -> None:
    """From here on all that this process logs is written so.

    Streamlit gives each of its loggers a handler of its own when it is first asked for; uvicorn has set its
    own up before it imports the app. Its log of requests, with addresses and links' tokens, is left out.
    """
    plain = streamlits.setup_formatter

    def set_up(logger: logging.Logger) -> None:
        plain(logger)
        for handler in logger.handlers:
            handler.setFormatter(formatter)

    streamlits.setup_formatter = set_up
    streamlits.update_formatter()
    for name in _SERVERS_LOGS:
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(formatter)
    logging.getLogger("uvicorn.access").disabled = True
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], force=True)
