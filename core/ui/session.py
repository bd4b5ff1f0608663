"""What belongs to one visitor: the event log, the consent tick, the preset, and pictures held in memory."""

import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Final, TypeVar

import streamlit as st

from core.guidance.preset import Preset, PresetError, load_preset
from core.quality.verdict import PassRule
from core.study.events import EventLog
from core.ui import engines
from core.words import _, use_language

LANGUAGES: Final = ("en",)
CONSENT_KEY: Final = "rt_consent"
_LOG_KEY: Final = "rt_log"
_REFUSED_KEY: Final = "rt_log_refused"
_HELD_KEY: Final = "rt_held"
_HELD_MOST: Final = 48
_LOGGER: Final = logging.getLogger(__name__)
_T = TypeVar("_T")


def apply_language() -> None:
    """Take the visitor's language where Retake speaks it, else English."""
    wanted = (st.context.locale or "en").split("-")[0].lower()
    use_language(wanted if wanted in LANGUAGES else "en")


@st.cache_resource(show_spinner=False)
def _load_preset(name: str) -> Preset:
    return load_preset(name)


def preset() -> Preset:
    """The preset in use: ``RETAKE_PRESET`` (a name or a file), else ``balanced``.

    One that cannot be used shows its sentence and stops the page.
    """
    try:
        return _load_preset(os.environ.get("RETAKE_PRESET", "balanced"))
    except PresetError as error:
        st.error(error.message, icon=":material/tune:")
        st.stop()


def rule(healthy_skin_passes: bool = False) -> PassRule:
    """When a photo passes: the preset's thresholds over those of its operating point."""
    chosen = preset()
    return chosen.rule(engines.rule(chosen.operating_point), healthy_skin_passes=healthy_skin_passes)


def event_log() -> EventLog:
    """This session's log, kept in memory; on disk too once the visitor ticks so."""
    if _LOG_KEY not in st.session_state:
        chosen = preset()
        log = EventLog(
            clock=time.monotonic,
            variant=f"{chosen.name}@{chosen.version}",
        )
        log.add("session_started")
        st.session_state[_LOG_KEY] = log
    return st.session_state[_LOG_KEY]


def log_folder() -> Path:
    """Where logs are saved with consent: ``RETAKE_DATA`` (else ~/.local/share/retake), in ``sessions``."""
    base = os.environ.get("RETAKE_DATA")
    return (Path(base) if base else Path.home() / ".local" / "share" / "retake") / "sessions"


def consent_panel() -> None:
    """What is kept, the tick that lets the log be saved, and the log to take away."""
    st.markdown(
        _(
            "Your photos stay in the memory of the computer that runs Retake while you use the page. Retake "
            "does not save them and sends them nowhere. **Clear** on the Check page, **Take another photo** "
            "on the Practise page, or closing the page lets them go."
        )
    )
    st.markdown(
        _(
            "Retake keeps a log of what happened in this visit: which prompts came up and when, and what the "
            "networks answered. It holds no pictures, no file names and no addresses."
        )
    )
    st.checkbox(
        _("Save my session log on this computer"),
        key=CONSENT_KEY,
        on_change=_consent_changed,
        help=_(
            "On the computer that runs Retake. Without the tick the log stays in memory and is gone soon "
            "after you close the page."
        ),
    )
    log = event_log()
    if log.file is not None:
        st.caption(_("Saved in {file}. Take the tick away to delete that file.").format(file=f"`{log.file}`"))
    elif st.session_state.pop(_REFUSED_KEY, False):
        st.warning(_("The log could not be saved here: the folder cannot be written to. It stays in memory."))
    else:
        st.caption(_("Nothing is saved at the moment."))
    st.download_button(
        _("Download my session log"),
        data=_exporter(log),
        file_name=f"retake-session-{log.session_id[:8]}.jsonl",
        mime="application/x-ndjson",
        icon=":material/download:",
        on_click="ignore",
        key="rt_log_download",
    )


def _exporter(log: EventLog) -> Callable[[], bytes]:
    # Called when the button is pressed, outside the script: it holds everything up to that moment.
    def export() -> bytes:
        log.add("data_exported")
        return log.to_jsonl().encode("utf-8")

    return export


def _consent_changed() -> None:
    log = event_log()
    if st.session_state[CONSENT_KEY]:
        log.add("consent_given")
        try:
            log.keep_in(log_folder())
        except OSError:
            _LOGGER.exception("The session log cannot be saved in %s", log_folder())
            st.session_state[CONSENT_KEY] = False
            st.session_state[_REFUSED_KEY] = True
    else:
        log.add("consent_withdrawn")
        log.forget_file()


def held(key: Hashable, make: Callable[[], _T]) -> _T:
    """What was made before under this key in this session, else made now (the oldest are let go)."""
    memory: OrderedDict[Hashable, Any] = st.session_state.setdefault(_HELD_KEY, OrderedDict())
    if key not in memory:
        memory[key] = make()
        while len(memory) > _HELD_MOST:
            memory.popitem(last=False)
    memory.move_to_end(key)
    return memory[key]


def let_go() -> None:
    """Forget every picture, map and prediction held for this session."""
    st.session_state.pop(_HELD_KEY, None)
