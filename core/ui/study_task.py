"""One task: its scenario, then the Practise page's own camera with the arm's preset, and its end."""

import logging
from collections.abc import Callable
from typing import Final

import streamlit as st

from core.browser.choice import choose
from core.browser.intake import ReceivedPhoto
from core.guidance.preset import PresetError
from core.i18n import _, language
from core.quality import registry
from core.study.design import Arm, Task, text_in
from core.study.device_class import device_class
from core.study.events import EventLog
from core.study.session import StudySession
from core.text import bars
from core.text.markdown import plain
from core.text.wording import say
from core.ui import (
    engines,
    photo_guide,
    practise_device,
    practise_series,
    practise_server,
    preset_choice,
    session,
    study_arm,
    study_drawing,
)
from core.ui.study_visit import Taking, act_and_go_on, act_first, button_beside_camera

_LOOK_AT_TIME_EVERY_S: Final = 2.0
_SHOWN_LONG_SIDE: Final = 1200
_LOG: Final = logging.getLogger(__name__)


def page(current: Taking, study: StudySession) -> None:
    """Draw the task: what it is about until it was started, then the camera, then what came of it."""
    step, design = study.step, study.design
    task = next(one for one in design.tasks if one.name == step.task)
    arm = next(one for one in design.arms if one.name == step.arm)
    if not study.task_begun:
        _scenario(current, study, task, arm)
        return
    try:
        study_arm.use(_in_use(current, study, task, arm))
    except (PresetError, KeyError):
        _LOG.exception("The arm %s cannot be shown", arm.name)
        st.error(
            _("This task cannot be shown at the moment. Please tell whoever invited you, or go on."),
            icon=":material/tune:",
        )
        _give_up(current, study)
        return
    if practise_series.series().shown is None and _is_over(study, task):
        _time_is_over(current, study)
        return
    _camera(current, study, task, arm)


def put_away() -> None:
    """The task is over: let go of its camera and its photos."""
    arm = study_arm.current()
    if arm is not None:
        practise_series.begin()
        practise_server.forget()
        practise_device.forget()
        session.let_go()
    study_arm.leave()


def _scenario(current: Taking, study: StudySession, task: Task, arm: Arm) -> None:
    st.title(plain(text_in(task.title, language())), anchor=False)
    with st.container(key="study-text"):
        st.markdown(text_in(task.scenario, language()))
    if st.button(_("Start the task"), key="study-start-task", type="primary", width="stretch"):
        act_and_go_on(current, lambda: study.start_task(**_stimulus(arm)))
    if task.most_minutes is not None:
        st.caption(_("Time for this task: {minutes} min").format(minutes=f"{task.most_minutes:g}"))
    if task.subject == "drawing":
        _drawing(study, task)


def _drawing(study: StudySession, task: Task) -> None:
    names = [one.name for one in study.design.tasks]
    study_drawing.offer(study_drawing.number_of(names.index(task.name)))


def _stimulus(arm: Arm) -> dict[str, str]:
    """What this participant meets: names in a design stay while what they name may change."""
    entry = registry.ENTRIES[arm.assessor]
    browser = st.context.headers.get("User-Agent") or ""
    found = {"assessor": entry.name, "device": str(device_class(browser))}
    try:
        opened = preset_choice.store().open(arm.preset)
    except PresetError:  # reported when the task is shown
        return found
    found |= {
        "preset": f"{opened.preset.name}@{opened.preset.version}",
        "preset_sha256": opened.sha256,
    }
    if entry.network is not None:
        found["network_sha256"] = engines.manifest().networks[entry.network].sha256
    return found


def _in_use(current: Taking, study: StudySession, task: Task, arm: Arm) -> study_arm.InUse:
    shipped = preset_choice.shipped()
    preset = shipped[arm.preset] if arm.preset in shipped else preset_choice.store().load(arm.preset)
    return study_arm.InUse(
        key=f"{study.record.session_id}-{study.place}",
        log=study.log,
        preset=preset,
        # In a study's rows the variant is the arm.
        variant=arm.name,
        assessor=registry.ENTRIES[arm.assessor].name,
        no_spot=task.no_spot,
        after_photo=lambda received, retake, override: _after_photo(
            current, study, received, retake, override
        ),
    )


def _camera(current: Taking, study: StudySession, task: Task, arm: Arm) -> None:
    chosen = choose(fixed=arm.way, asked="", picked=None, lacking=practise_device.lacking())
    way = practise_device if chosen.way == "device" else practise_server
    mark = f"way-{study.place}-{chosen.way}"
    if chosen.way != arm.way and mark not in current.kept:
        current.kept.add(mark)
        study.log.add("note_added", page="study", properties={"note": "way_changed", "way": chosen.way})
    place = st.container()
    before_photo = practise_series.series().shown is None
    if before_photo:
        # Before the camera, which lies above it: where a message of the camera ends the run, what was pressed
        # along with it is done by then.
        _below_camera(current, study, task, chosen.why)
    with place:
        way.page()
    if before_photo and task.most_minutes is not None:
        st.fragment(_watch_time, run_every=_LOOK_AT_TIME_EVERY_S)(study, task)


def _below_camera(current: Taking, study: StudySession, task: Task, why: str) -> None:
    with st.container(key="study-below-camera"):
        if _was_taken(study.log):
            st.success(_("You have taken a photo. You may go on, or take another one."))
            _go_on(current, lambda: _complete(study))
        if study.design.wrong_hint_button:
            st.fragment(_wrong_hint)(current, study)
        with st.expander(_("What to do"), icon=":material/list_alt:"):
            st.markdown(text_in(task.scenario, language()))
            if task.subject == "drawing":
                _drawing(study, task)
        photo_guide.folded()
        if why:
            st.caption(why)
        _give_up(current, study)


def _after_photo(
    current: Taking,
    study: StudySession,
    received: ReceivedPhoto,
    on_retake: Callable[[], None],
    on_override: Callable[[], None] | None,
) -> None:
    """What came of the photo, without a prediction: whether it works, and the way on."""
    usable = received.verdict.passes or received.overridden
    thresholds = session.rule(shot=received.shot).thresholds
    st.html(bars.verdict_line(say(received.verdict, session.preset(), thresholds, received.shot)))
    if usable:
        _go_on(current, lambda: _complete(study, current, received))
    st.button(
        _("Take another photo"),
        key="study-retake",
        type="secondary" if usable else "primary",
        icon=":material/replay:",
        width="stretch",
        on_click=on_retake,
    )
    if not usable and on_override is not None:
        st.button(_("Use this photo anyway"), key="study-override", width="stretch", on_click=on_override)
    small = session.held(
        ("study", received.photo.sha256), lambda: received.photo.jpeg(_SHOWN_LONG_SIDE, quality=88)
    )
    st.image(small, width="stretch", alt=_("Your photo"))
    if not usable:
        _give_up(current, study)


def _complete(
    study: StudySession, current: Taking | None = None, received: ReceivedPhoto | None = None
) -> None:
    """The participant goes on with this photo; it is kept where they agreed to that."""
    if current is not None and received is not None and study.photos_agreed:
        mark = f"{study.place}-{received.photo.sha256}"
        if mark not in current.kept:
            study.keep_photo(received.photo.jpeg(), attempt=study.log.attempts)
            current.kept.add(mark)
    study.complete_task()
    put_away()


def _go_on(current: Taking, do: Callable[[], object]) -> None:
    button_beside_camera(current, _("Continue"), do, key="study-continue", primary=True)


def _give_up(current: Taking, study: StudySession) -> None:
    button_beside_camera(
        current,
        _("I cannot do this"),
        lambda: _abandon(study, "given_up"),
        key="study-give-up",
        icon=":material/skip_next:",
    )


def _abandon(study: StudySession, reason: str) -> None:
    study.abandon_task(reason)
    put_away()


def _time_is_over(current: Taking, study: StudySession) -> None:
    practise_server.stop()
    st.title(_("The time for this task is over"), anchor=False)
    taken = _was_taken(study.log)
    st.markdown(_("That is no fault of yours. Please go on with the next step."))
    _go_on(current, (lambda: _complete(study)) if taken else (lambda: _abandon(study, "time_over")))


def _watch_time(study: StudySession, task: Task) -> None:
    if practise_series.series().shown is None and _is_over(study, task):
        st.rerun()


def _is_over(study: StudySession, task: Task) -> bool:
    if task.most_minutes is None:
        return False
    started = next((one.t_ms for one in reversed(study.log.events) if one.event == "task_started"), None)
    return started is not None and study.log.elapsed_ms - started > task.most_minutes * 60_000


def _was_taken(log: EventLog) -> bool:
    """Whether a photo of this task was accepted, also before the page was loaded again."""
    for event in reversed(log.events):
        if event.event == "task_started":
            return False
        if event.event == "photo_accepted":
            return True
    return False


def _wrong_hint(current: Taking, study: StudySession) -> None:
    session.apply_language()
    if st.button(
        _("This hint was wrong"),
        key="study-wrong-hint",
        icon=":material/thumb_down:",
        on_click=act_first,
        args=(current, lambda: _note_wrong_hint(study)),
    ):
        noted = _("Noted, thank you.") if hint_shown(study.log) else _("There is no hint at the moment.")
        st.caption(current.notice or noted)


def _note_wrong_hint(study: StudySession) -> None:
    if key := hint_shown(study.log):
        study.report_wrong_hint(key, attempt=study.log.attempts)


def hint_shown(log: EventLog) -> str:
    """The key of the hint that the participant saw last in this task, "" for none yet."""
    for event in reversed(log.events):
        if event.event == "task_started":
            return ""
        if event.event == "prompt_shown" and event.properties.get("key") not in ("ready", "counting"):
            return str(event.properties.get("key", ""))
    return ""
