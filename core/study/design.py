"""What a study is made of, as its researcher writes it down: the one document that is frozen and hashed."""

import hashlib
import json
import operator
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""A short name that may stand in a link, a file name and a column: small letters, digits, - and _."""
Words = Mapping[str, str]
"""One text in several languages: language code to text. English is always there; it stands in for others."""

QuestionnaireName = Literal["sus", "umux_lite", "nasa_tlx", "seq"]
Way = Literal["server", "device"]
SessionStatus = Literal["live", "completed", "declined", "screened_out", "withdrawn", "ended"]


class Part(BaseModel):
    """A part of a design: cannot be changed, and knows all its settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(Part):
    """What a participant is given.

    Attributes:
        preset: the prompts and thresholds, by the preset's name.
        assessor: an entry of the assessor registry.
        way: where frames are judged: on the server, or in the participant's browser.
        most: sessions this arm takes, None for no limit; see :attr:`Allocation.counted`.
    """

    name: Slug
    preset: str
    assessor: str = "imageqx"
    way: Way = "server"
    most: Annotated[int, Field(ge=1, le=100_000)] | None = None


class Task(Part):
    """One thing to do with the camera.

    Attributes:
        scenario: what the participant reads before it begins.
        subject: what is photographed: their own skin, or a drawn picture on a second screen or a sheet.
        most_minutes: after this the task may be ended as not completed; None for no limit.
        no_spot: whether "No spot, just practising" is offered, which lets clear skin pass. Not written down
            where it is not, so that designs from before it was known keep their hash.
    """

    name: Slug
    title: Words
    scenario: Words
    subject: Literal["own_skin", "drawing"] = "own_skin"
    most_minutes: Annotated[float, Field(gt=0, le=120)] | None = None
    no_spot: Annotated[bool, Field(exclude_if=operator.not_)] = False
    after: tuple[QuestionnaireName, ...] = ("seq",)


class Question(Part):
    """A question before the tasks.

    Attributes:
        choices: value to its text.
        excludes: choices after which the session ends, with thanks.
        only_if: an earlier question's name and the choices after which this one is asked; always by default.
    """

    name: Slug
    text: Words
    choices: Annotated[Mapping[Slug, Words], Field(min_length=2)]
    excludes: tuple[Slug, ...] = ()
    only_if: tuple[Slug, tuple[Slug, ...]] | None = None


class Consent(Part):
    """What a participant agrees to. Its hash stands in every row that they leave.

    Attributes:
        photos: text of the separate tick for keeping photos; no photo is kept where it is None.
    """

    version: Annotated[int, Field(ge=1)] = 1
    text: Words
    photos: Words | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of the texts, as 64 hexadecimal digits."""
        return _hash(self)


class Allocation(Part):
    """Who gets which arm.

    Attributes:
        kind: ``least_filled``: the arm with the fewest counted sessions, ties by the seeded order;
            ``blocks``: every block of ``block`` sessions holds each arm equally often, in a seeded order;
            ``latin_square``: every participant gets every arm, in a balanced order; ``fixed``: the link
            names the arm.
        counted: which sessions fill an arm and count towards its ``most``: completed ones, or live ones too.
            A live session that was last seen more than ``stale_minutes`` ago is counted by neither.
        block: sessions a block; a multiple of the number of arms.
        tasks: whether tasks come in the design's order, or balanced over participants.
    """

    kind: Literal["least_filled", "blocks", "latin_square", "fixed"] = "least_filled"
    counted: Literal["completed", "completed_and_live"] = "completed_and_live"
    stale_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 60.0
    block: Annotated[int, Field(ge=1, le=1000)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    tasks: Literal["as_written", "balanced"] = "as_written"


class Resume(Part):
    """What happens to a participant who comes back to a session that was not finished.

    Attributes:
        policy: within ``most_hours``: go on at the same step, begin anew as a new session, or end.
        most_hours: an older session has ended, whatever the policy.
    """

    policy: Literal["resume", "restart", "end"] = "resume"
    most_hours: Annotated[float, Field(gt=0, le=24 * 90)] = 24.0


class Completion(Part):
    """What a participant sees last.

    Attributes:
        debrief: the text.
        url: where to go next, such as a recruiting panel's completion page; parameters that the panel gave
            and that stand in it as ``{NAME}`` are filled in.
        passed_on: names of the link's parameters that are kept, such as ``PROLIFIC_PID``.
    """

    debrief: Words = Field(default_factory=lambda: {"en": ""})
    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)] | None = None
    passed_on: tuple[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}$")], ...] = ()


class StudyDesign(Part):
    """A study, as it is preregistered: everything that decides what a participant meets and what is analysed.

    Attributes:
        plan: the analysis plan, in the researcher's words.
        outcome: what the arms are compared on first: a name from :mod:`core.study.measures`, or a
            questionnaire's.
        after: questionnaires after the last task.
        comments: whether free comments are asked for at the end.
        wrong_hint_button: whether "this hint was wrong" is offered in a task.
        retention_days: after that many days since a session's start all of it is deleted.
        languages: what participants may choose from; the first is the default.
    """

    title: Annotated[str, Field(min_length=1, max_length=200)]
    consent: Consent
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=12)]
    tasks: Annotated[tuple[Task, ...], Field(min_length=1, max_length=20)]
    screening: tuple[Question, ...] = ()
    after: tuple[QuestionnaireName, ...] = ("sus",)
    comments: bool = True
    wrong_hint_button: bool = False
    allocation: Allocation = Allocation()
    resume: Resume = Resume()
    completion: Completion = Completion()
    retention_days: Annotated[int, Field(ge=1, le=3650)] = 180
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("en",)
    plan: str = ""
    outcome: str = "time_to_accepted_photo_ms"

    @property
    def hash(self) -> str:
        """SHA-256 of the whole design, as 64 hexadecimal digits; what a preregistration names."""
        return _hash(self)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what, names in (
            ("arms", [arm.name for arm in self.arms]),
            ("tasks", [task.name for task in self.tasks]),
            ("questions", [question.name for question in self.screening]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"two {what} have the same name")
        if self.allocation.block is not None and self.allocation.block % len(self.arms):
            raise ValueError("the block's size is not a multiple of the number of arms")
        seen: dict[str, Question] = {}
        for question in self.screening:
            if question.only_if is not None:
                earlier, choices = question.only_if
                if earlier not in seen or not set(choices) <= set(seen[earlier].choices):
                    raise ValueError(f"question {question.name} depends on what was not asked before it")
            if not set(question.excludes) <= set(question.choices):
                raise ValueError(f"question {question.name} excludes what cannot be chosen")
            seen[question.name] = question
        return self


def text_in(words: Words, language: str) -> str:
    """A text in a language, or in English where it has none in that."""
    return words.get(language) or words.get("en", "")


def _hash(part: Part) -> str:
    whole = json.dumps(
        part.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(whole.encode()).hexdigest()
