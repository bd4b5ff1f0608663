"""What belongs to one visitor: the event log, the consent tick, the preset, and pictures held in memory.

A visit outlives a page that is loaded again (:mod:`core.visits`, docs/decisions/nothing-lost.md): its log and
what is :func:`kept`. All else is Streamlit's session, and gone with the page.
"""

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime import exists as runtime_exists
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.data_folder import data_folder
from core.guidance.preset import Preset
from core.guidance.preset_schema import ShotName
from core.i18n import _
from core.quality.verdict import PassRule
from core.study.events import EventLog
from core.ui import engines, language, preset_choice, study_arm
from core.visits import Visit, Visits

CONSENT_KEY: Final = "rt_consent"
_LOG_KEY: Final = "rt_log"
_VISIT_KEY: Final = "rt_visit"
_MET_KEY: Final = "rt_visit_met"
_LOST_KEY: Final = "rt_visit_lost"
_WAS_SAVED_KEY: Final = "rt_log_was_saved"
_TIDY_EVERY_S: Final = 60.0
_HERE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})
_SPOKEN_KEY: Final = "rt_language_noted"
_FAULT_KEY: Final = "rt_preset_fault_noted"
_REFUSED_KEY: Final = "rt_log_refused"
_HELD_KEY: Final = "rt_held"
_HELD_MOST: Final = 48
_ANSWERED_KEY: Final = "rt_answered_by"
_LOGGER: Final = logging.getLogger(__name__)
_T = TypeVar("_T")


def apply_language() -> None:
    """Speak the visitor's language from here on; every run of a page or fragment begins with it."""
    language.apply()


def preset() -> Preset:
    """The preset in use, as :mod:`core.ui.preset_choice` says."""
    return preset_choice.chosen()


def rule(healthy_skin_passes: bool = False, shot: ShotName | None = None) -> PassRule:
    """When a photo (or that shot of a series) passes: the preset's thresholds over its operating point's."""
    chosen = preset()
    base = engines.rule(chosen.operating_point)
    return chosen.rule(base, healthy_skin_passes=healthy_skin_passes, shot=shot)


def no_spot_offered() -> bool:
    """Whether clear skin may be let pass, for practising; in a study's task, if its design says so."""
    arm = study_arm.current()
    return arm is None or arm.no_spot


def event_log() -> EventLog:
    """This session's log, kept in memory; on disk too once the visitor ticks so.

    In a study's task it is the study's.
    """
    if (arm := study_arm.current()) is not None:
        return arm.log
    variant = preset_choice.variant()
    if _LOG_KEY not in st.session_state:
        log = EventLog(clock=time.monotonic, variant=variant)
        log.add("session_started")
        st.session_state[_LOG_KEY] = log
    log = st.session_state[_LOG_KEY]
    log.use_variant(variant)
    return log


@st.cache_resource(show_spinner=False)
def visits() -> Visits:
    """The visits of this server."""
    made = Visits(time.monotonic, _shown)

    def tidy() -> None:
        while True:  # also while no visitor comes
            time.sleep(_TIDY_EVERY_S)
            made.tidy()

    threading.Thread(target=tidy, name="retake-visits", daemon=True).start()
    return made


def _shown(page: str) -> bool:
    return runtime_exists() and Runtime.instance().is_active_session(page)


def visit() -> Visit:
    """This session's visit."""
    found = st.session_state.get(_VISIT_KEY)
    if found is None:
        found = st.session_state[_VISIT_KEY] = visits().begin(event_log())
    return found


def kept(name: str, make: Callable[[], _T]) -> _T:
    """What this visit keeps under a name, also when its page is loaded again; else made now."""
    things = visit().kept
    if name not in things:
        things[name] = make()
    return things[name]


def show() -> Visit:
    """Say that this page shows its visit, in every run; returns it."""
    found, context = visit(), get_script_run_ctx()
    if context is not None:
        visits().show(found, context.session_id)
    return found


def met() -> str:
    """The last token that this page showed."""
    return st.session_state.get(_MET_KEY, "")


def lost() -> bool:
    """Whether the page showed a visit that is not there any more, with photos, and has no others yet."""
    if visit().nbytes:
        st.session_state[_LOST_KEY] = False
    return bool(st.session_state.get(_LOST_KEY))


def meet(token: str, held: bool = False) -> None:
    """A page that was loaded again shows its visit's token: go on with that one where it is still there.

    Args:
        token: of the visit.
        held: whether it had photos that nobody else has.
    """
    if token == met():
        return
    begun, found = visit(), visits().find(token)
    st.session_state[_LOST_KEY] = held and found is None
    if found is not None and found is not begun:
        # Either may be done again, where the run is ended in between.
        found.log.absorb(begun.log)
        found.kept.update({name: one for name, one in begun.kept.items() if getattr(one, "nbytes", 0)})
        visits().drop(begun)
        st.session_state[_VISIT_KEY] = found
    st.session_state[_LOG_KEY] = visit().log
    st.session_state[_WAS_SAVED_KEY] = visit().log.file is not None
    st.session_state[_MET_KEY] = token


def control(key: str) -> str:
    """The key of a control whose value the visit keeps: another one once the page found its visit again.

    The browser knows the first by the value that it was drawn with before that.
    """
    return f"{key}-again" if met() else key


def value_of(key: str) -> Any:
    """What a control of that key (see :func:`control`) holds; None where the page has none.

    The page may have found its visit again after the control was drawn: then it still goes by its first name.
    """
    return st.session_state.get(control(key), st.session_state.get(key))


def note_language(code: str) -> None:
    """Write into the log which language is spoken from here on, where it changes; it starts as English."""
    if st.session_state.get(_SPOKEN_KEY, "en") != code:
        event_log().add("note_added", properties={"note": "language", "language": code})
    st.session_state[_SPOKEN_KEY] = code


def note_preset_fault(fault: str) -> None:
    """Write into the log, once a visit, that the preset of the ``link`` or the ``setting`` is not used."""
    if st.session_state.get(_FAULT_KEY) != fault:
        event_log().add("note_added", properties={"note": "preset_not_used", "named_by": fault})
    st.session_state[_FAULT_KEY] = fault


def log_folder() -> Path:
    """Where logs are saved with consent: ``RETAKE_DATA`` (else ~/.local/share/retake), in ``sessions``."""
    return data_folder() / "sessions"


def consent_panel() -> None:
    """What is kept, the tick that lets the log be saved, and the log to take away."""
    st.markdown(
        _(
            "Where the camera's picture is checked on your device, only a photo that you accept is sent. "
            "Photos stay in the memory of the computer that runs Retake while you use the page. Retake "
            "does not save them and sends them nowhere. **Clear** on the Check and Compare pages and **Take "
            "another photo** on the Practise page let them go. A closed page does so within a quarter of an "
            "hour."
        )
        + " "
        + _("With **Keep everything on this device** no photo is sent at all.")
    )
    st.markdown(
        _(
            "Retake keeps a log of what happened in this visit: which prompts came up and when, and what the "
            "networks answered. It holds no pictures, no file names and no addresses."
        )
    )
    ticked = st.checkbox(
        _consent_words(),
        value=st.session_state.get(_WAS_SAVED_KEY, False),
        key=control(CONSENT_KEY),
        on_change=_consent_changed,
        help=_(
            "On the computer that runs Retake. Without the tick the log stays in memory and is gone soon "
            "after you close the page."
        ),
    )
    log = event_log()
    if ticked and log.file is None:
        _save(log)  # the page kept its tick while the server was started anew
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


def log_trouble() -> None:
    """One sentence where the disk refuses the log; it is tried again with each event."""
    trouble = event_log().trouble
    if trouble == "unsaved":
        words = _(
            "Your session log cannot be saved at the moment. It stays in memory, and Retake tries again."
        )
        st.warning(words, icon=":material/save:")
    elif trouble == "undeleted":
        words = _("The file of your session log cannot be deleted at the moment. Retake tries again.")
        st.warning(words, icon=":material/delete:")


def _consent_words() -> str:
    host = server_host(st.context.url or "")
    if not host:
        return _("Save my session log on this computer")
    return _("Save my session log on the server {host}").format(host=f"`{host}`")


def server_host(url: str) -> str:
    """The name of the server that a page was opened from; empty where that is the person's own computer."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    if host in _HERE or host.endswith(".localhost") or re.fullmatch(r"127(\.\d+){3}", host):
        return ""
    return re.sub(r"[^\w.:-]", "", host)


def _exporter(log: EventLog) -> Callable[[], bytes]:
    # Called when the button is pressed, outside the script: it holds everything up to that moment.
    def export() -> bytes:
        log.add("data_exported")
        return log.to_jsonl().encode("utf-8")

    return export


def _consent_changed() -> None:
    log, ticked = event_log(), value_of(CONSENT_KEY)
    # Streamlit tells of a tick that only came back to the page.
    if ticked is None or ticked == (log.file is not None):
        return
    if ticked:
        if not _save(log):
            st.session_state[control(CONSENT_KEY)] = False
    else:
        log.add("consent_withdrawn")
        log.forget_file()
        if log.trouble is None:
            log.add("data_deleted")


def _save(log: EventLog) -> bool:
    """Consent was given: save the log from here on; False where that cannot be done."""
    log.add("consent_given")
    try:
        log.keep_in(log_folder())
    except OSError:
        _LOGGER.exception("The session log cannot be saved in %s", log_folder())
        st.session_state[_REFUSED_KEY] = True
        return False
    return True


def held(key: Hashable, make: Callable[[], _T]) -> _T:
    """What was made before under this key in this session, else made now (the oldest are let go)."""
    memory: OrderedDict[Hashable, Any] = st.session_state.setdefault(_HELD_KEY, OrderedDict())
    if key not in memory:
        memory[key] = make()
        while len(memory) > _HELD_MOST:
            memory.popitem(last=False)
    memory.move_to_end(key)
    return memory[key]


def answered_by(network: str) -> None:
    """Forget what is held as soon as another network answers than before.

    Args:
        network: its manifest entry, or anything else that tells it from others. The file alone does not: two
            entries of one file may differ in labels or temperature.
    """
    if st.session_state.get(_ANSWERED_KEY, network) != network:
        let_go()
    st.session_state[_ANSWERED_KEY] = network


def let_go() -> None:
    """Forget every picture, map and prediction held for this session."""
    st.session_state.pop(_HELD_KEY, None)
