"""One participant's way through a study, a method a step: what the participant's pages call.

Every step is in the store before its method returns. Interaction events go through :attr:`StudySession.log`,
which never fails a page; answers and steps that the store refuses raise, so that the page can say so.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, Self
from uuid import uuid4

from core.i18n import _
from core.study.database import memory_database
from core.study.design import Question, QuestionnaireName, StudyDesign
from core.study.events import Event, EventLog
from core.study.faults import StudyError
from core.study.links import completion_url
from core.study.records import AnswerRecord, SessionRecord
from core.study.retention import delete_session, participant_data
from core.study.store import StudyStore
from core.study.store.sessions import Begun, SessionState

StepKind = Literal["consent", "screening", "task", "questionnaire", "comments", "debrief"]
_PAGE: Final = "study"


@dataclass(frozen=True)
class Step:
    """One thing that a participant meets.

    Attributes:
        arm: the arm that it belongs to; None for what is asked once.
        task: the task that it is, or follows.
        questionnaire: which one is asked.
    """

    kind: StepKind
    arm: str | None = None
    task: str | None = None
    questionnaire: QuestionnaireName | None = None


def steps_of(design: StudyDesign, record: SessionRecord) -> tuple[Step, ...]:
    """All steps of a session, in their order.

    Each arm is met with all tasks, one arm after another; a task's questionnaires follow it, and those after
    the last task are asked for each arm: what they score is the arm.
    """
    tasks = {task.name: task for task in design.tasks}
    steps = [Step("consent")]
    if design.screening:
        steps.append(Step("screening"))
    for arm in record.arms:
        for name in record.tasks:
            steps.append(Step("task", arm, name))
            steps += [Step("questionnaire", arm, name, one) for one in tasks[name].after]
        steps += [Step("questionnaire", arm, None, one) for one in design.after]
    if design.comments:
        steps.append(Step("comments"))
    return (*steps, Step("debrief"))


def questions_asked(design: StudyDesign, chosen: Mapping[str, str]) -> tuple[Question, ...]:
    """The screening questions to ask, given what was chosen so far: those whose condition is met."""
    asked: list[Question] = []
    for question in design.screening:
        if question.only_if is not None:
            earlier, choices = question.only_if
            if earlier not in {one.name for one in asked} or chosen.get(earlier) not in choices:
                continue
        asked.append(question)
    return tuple(asked)


class StudySession:
    """A session that began; :meth:`open` makes one. One page at a time may use it, its log any thread.

    Attributes:
        log: for the camera's pages: its rows carry participant, study, arm and task, and go to the store.
    """

    def __init__(self, store: StudyStore, state: SessionState, log: EventLog) -> None:
        self._store = store
        self._state = state
        self.log = log

    @classmethod
    def open(cls, store: StudyStore, begun: Begun, clock: Callable[[], float] = time.monotonic) -> Self:
        """The session that began or goes on, at the step where it is.

        Args:
            clock: seconds that never go back.

        Raises:
            StudyError: it was deleted.
        """
        state = store.session(begun.session_id)
        record = state.record
        so_far = store.events(record.session_id)
        since_start = (store.now() - record.started_at).total_seconds() * 1000
        log = EventLog(
            clock,
            store.now,
            participant_id=record.participant_id,
            study_id=record.study_id,
            variant=record.arms[0] if len(record.arms) == 1 else None,
            session_id=record.session_id,
            # The time of day may have been set back meanwhile; the session's clock never is.
            begun_ms=max([since_start, 0.0, *(event.t_ms for event in so_far)]),
            earlier=so_far,
        )
        for event in so_far:
            if event.event == "task_started":
                log.use_task(event.task_id, event.variant, event.t_ms)
            elif event.event in ("task_completed", "task_abandoned"):
                log.use_task(None, None, event.t_ms)
        session = cls(store, state, log)
        if state.consented and record.status == "live":
            log.keep_with(session._sink)
            log.add("note_added", page=_PAGE, properties={"note": "resumed", "step": state.step})
        elif not state.consented:
            log.add("session_started", page=_PAGE)
        return session

    @property
    def record(self) -> SessionRecord:
        """The session as it is stored."""
        return self._state.record

    @property
    def design(self) -> StudyDesign:
        """The version of the design that this participant meets."""
        return self._state.design

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps."""
        return steps_of(self.design, self.record)

    @property
    def step(self) -> Step:
        """Where the participant is."""
        return self.steps[self.place]

    @property
    def place(self) -> int:
        """Which of :attr:`steps` that is, from 0."""
        return min(self._state.step, len(self.steps) - 1)

    @property
    def task_begun(self) -> bool:
        """Whether this step's task was started, and not ended."""
        return self._state.step_begun

    @property
    def photos_agreed(self) -> bool:
        """Whether photos may be kept."""
        return self._state.photos_agreed

    def consent(self, *, photos: bool = False, parameters: Mapping[str, str] | None = None) -> None:
        """The participant agrees; with ``photos``, to keeping them too. What came before is stored now.

        Args:
            parameters: those of the link's address; kept are the ones that the design names.
        """
        self._expect("consent")
        self._store.consent(self.record.session_id, photos=photos, parameters=parameters)
        self._refresh()
        self.log.add("consent_given", page=_PAGE, properties={"photos": self.photos_agreed})
        self.log.keep_with(self._sink)
        self._go_on()

    def decline(self) -> None:
        """The participant does not agree: one row says that somebody declined, not who. It is over."""
        self._expect("consent")
        seen = self.log.add("consent_declined", page=_PAGE)
        bare = Event(
            event_id=uuid4().hex,
            session_id=self.record.session_id,
            study_id=self.record.study_id,
            seq=0,
            ts=seen.ts,
            t_ms=0,
            page=_PAGE,
            event="consent_declined",
        )
        self._store.decline(self.record.session_id, bare)
        self._refresh()

    def screen(self, chosen: Mapping[str, str]) -> bool:
        """The screening's answers, all of them.

        Returns:
            whether the participant may go on; else the session ended as ``screened_out``.

        Raises:
            StudyError: a question that is asked was left out, or its choice is none.
        """
        self._expect("screening")
        asked = questions_asked(self.design, chosen)
        if any(chosen.get(question.name) not in question.choices for question in asked):
            raise StudyError(_("Please answer every question."))
        self._answer("screening", {question.name: chosen[question.name] for question in asked})
        out = [question.name for question in asked if chosen[question.name] in question.excludes]
        self.log.add(
            "questionnaire_submitted",
            page=_PAGE,
            properties={"questionnaire": "screening", "excluded": bool(out)},
        )
        if out:
            self._end("screened_out")
        else:
            self._go_on()
        return not out

    def start_task(self, **stimulus: Any) -> None:
        """The scenario was read: the task begins. A second time does nothing.

        Args:
            stimulus: what the participant meets in it, for the row that says so; plain values.
        """
        step = self._expect("task")
        if self.task_begun:
            return
        self._store.move(self.record.session_id, self._state.step, begun=True)
        self._refresh()
        self.log.use_task(step.task, step.arm)
        self.log.add("task_started", page=_PAGE, properties={"step": self._state.step} | stimulus)
        self.log.flush()

    def complete_task(self, **properties: Any) -> None:
        """The participant did the task."""
        self._end_task("task_completed", properties)

    def abandon_task(self, reason: str) -> None:
        """The participant gave up, or the task's time is over; ``reason`` is a short word for it."""
        self._end_task("task_abandoned", {"reason": reason})

    def submit(self, answers: Mapping[str, int | float | str | None]) -> None:
        """The answers to this step's questionnaire: item to value, None where it was left out."""
        step = self._expect("questionnaire")
        assert step.questionnaire is not None
        self._answer(step.questionnaire, answers)
        missing = sum(value is None for value in answers.values())
        self.log.add(
            "questionnaire_submitted",
            page=_PAGE,
            task_id=step.task,
            properties={"questionnaire": step.questionnaire, "arm": step.arm, "left_out": missing},
        )
        self._go_on()

    def comment(self, text: str) -> None:
        """Free comments, "" for none; the text is an answer and stands in no event."""
        self._expect("comments")
        self._answer("comments", {"comments": text or None})
        self.log.add("questionnaire_submitted", page=_PAGE, properties={"questionnaire": "comments"})
        self._go_on()

    def report_wrong_hint(self, key: str, *, attempt: int = 0) -> None:
        """The participant says that the hint on the screen, by its key, was wrong."""
        self.log.add("hint_reported_wrong", page=_PAGE, attempt=attempt, properties={"key": key})

    def finish(self) -> str:
        """The debrief was read: the session is complete. Returns where to go next, "" for nowhere."""
        self._expect("debrief")
        self._end("completed")
        return completion_url(self.design.completion, self.record.panel)

    def withdraw(self) -> None:
        """Consent is withdrawn: everything of this session is deleted, photos too, whatever its step."""
        self.log.add("consent_withdrawn", page=_PAGE)
        self.log.forget_sink()
        delete_session(self._store, self.record.session_id, "withdrawn")
        self.log.add("data_deleted", page=_PAGE)

    def delete(self) -> None:
        """The participant asks for deletion afterwards: as :meth:`withdraw`, counted apart."""
        self.log.forget_sink()
        delete_session(self._store, self.record.session_id, "asked")

    def download(self) -> bytes:
        """Everything that is stored of this session, as a ZIP archive."""
        if self.record.status == "live":
            self.log.add("data_exported", page=_PAGE)
            self.log.flush()
        return participant_data(self._store, self.record.session_id)

    def keep_photo(self, data: bytes, *, attempt: int = 0) -> str | None:
        """Keep a bare PNG or JPEG where the participant ticked so; returns its name, else None."""
        step = self.step
        return self._store.keep_photo(
            self.record.session_id, data, task=step.task, arm=step.arm, attempt=attempt
        )

    def seen(self) -> None:
        """The participant is still here, in any run of a page: the session keeps its place."""
        self._store.seen(self.record.session_id)

    def _sink(self, events: Any) -> None:
        self._store.append(self.record.session_id, events)

    def _expect(self, kind: StepKind) -> Step:
        self._refresh()
        if self.record.status != "live" or self.step.kind != kind:
            # Such as a second press of a button, or the same session in another tab.
            raise StudyError(_("The study has moved on. Please reload the page."))
        return self.step

    def _end_task(
        self, event: Literal["task_completed", "task_abandoned"], properties: Mapping[str, Any]
    ) -> None:
        self._expect("task")
        if not self.task_begun:
            raise StudyError(_("The study has moved on. Please reload the page."))
        self.log.add(event, page=_PAGE, properties=properties)
        self.log.use_task(None, None)
        self._go_on()

    def _answer(self, questionnaire: str, answers: Mapping[str, int | float | str | None]) -> None:
        step, now = self.step, self._store.now()
        rows = [
            AnswerRecord(self.record.session_id, step.task, step.arm, questionnaire, item, value, now)
            for item, value in answers.items()
        ]
        self._store.answer(self.record.session_id, rows)

    def _go_on(self) -> None:
        self.log.flush()
        self._store.move(self.record.session_id, self._state.step + 1)
        self._refresh()

    def _end(self, status: Literal["completed", "screened_out"]) -> None:
        self.log.add("session_ended", page=_PAGE, properties={"status": status})
        self.log.flush()
        self._store.end(self.record.session_id, status)
        self._refresh()

    def _refresh(self) -> None:
        self._state = self._store.session(self.record.session_id)


def preview(design: StudyDesign, arm: str | None = None, language: str = "en") -> StudySession:
    """A session of a draft that is written nowhere: its database is in memory, and no photo is kept."""
    store = StudyStore(memory_database(), now=lambda: datetime.now(UTC))
    study_id = store.create(design)
    store.open(study_id)
    if arm is None and design.allocation.kind == "fixed":
        arm = design.arms[0].name
    (link,) = store.add_links(study_id, arm=arm)
    begun = store.begin(link.token, language)
    assert isinstance(begun, Begun)
    return StudySession.open(store, begun)
