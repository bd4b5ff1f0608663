"""Questionnaires and their scoring, by the book. A score with a missing item is no score: nothing is imputed.

The English wording is the published one (docs/decisions/questionnaires.md). The translations are Retake's own
and have not been validated; a study in another language should say so, or use a validated version on paper.
Sentences become words when they are asked for, in the language of that moment.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from core.i18n import _
from core.study.design import QuestionnaireName
from core.study.records import AnswerRecord, StudyData

Sentence = Callable[[], str]
SUS_BENCHMARK: Final = 68.0
"""Mean SUS score over 500 studies: Sauro, A Practical Guide to the System Usability Scale (2011)."""


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        name: unique within its questionnaire; a column in exports.
        low, high: what the ends of the scale are called.
        reversed: whether the lowest answer is the best one.
    """

    name: str
    text: Sentence
    low: Sentence
    high: Sentence
    reversed: bool = False


@dataclass(frozen=True)
class Questionnaire:
    """Items on one scale, and how they make a score.

    Attributes:
        title: its name, as in the literature.
        instruction: what stands above the items; empty for none.
        lowest, highest, step: of the answers to every item.
        score_low, score_high: the ends of the score.
        source: where the items and the scoring are published.
        formula: the score of answers to all items, in their order.
    """

    name: QuestionnaireName
    title: str
    instruction: Sentence
    items: tuple[Item, ...]
    lowest: int
    highest: int
    step: int
    score_low: float
    score_high: float
    source: str
    formula: Callable[[Sequence[float]], float]

    def accepts(self, value: object) -> bool:
        """Whether an answer is one of the scale's: a whole number of steps from its lowest."""
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and self.lowest <= value <= self.highest
            and (value - self.lowest) % self.step == 0
        )

    def score(self, answers: Mapping[str, object]) -> float | None:
        """The score, or None where an item is missing or its answer is none of the scale's.

        Args:
            answers: by the items' names; others are ignored.
        """
        given = [answers.get(item.name) for item in self.items]
        numbers = [float(value) for value in given if isinstance(value, int | float) and self.accepts(value)]
        return self.formula(numbers) if len(numbers) == len(self.items) else None


@dataclass(frozen=True)
class Score:
    """One questionnaire that one participant was given.

    Attributes:
        task, arm: what it is about; None where it is about all.
        value: None where it is incomplete.
        answered: how many of its items have an answer on the scale.
    """

    session_id: str
    questionnaire: QuestionnaireName
    task: str | None
    arm: str | None
    value: float | None
    answered: int


def _agreement(name: str, text: Sentence, reversed_: bool = False) -> Item:
    return Item(name, text, lambda: _("Strongly disagree"), lambda: _("Strongly agree"), reversed_)


def _demand(name: str, text: Sentence) -> Item:
    return Item(name, text, lambda: _("Very low"), lambda: _("Very high"), reversed=True)


def _sus(answers: Sequence[float]) -> float:
    """Odd items count from 1 up, even ones from 5 down, times 2.5: 0 to 100."""
    return 2.5 * sum(answer - 1 if place % 2 == 0 else 5 - answer for place, answer in enumerate(answers))


SUS: Final = Questionnaire(
    name="sus",
    title="System Usability Scale (SUS)",
    instruction=lambda: _("How much do you agree with each sentence about what you just used?"),
    items=(
        _agreement("sus_1", lambda: _("I think that I would like to use this system frequently.")),
        _agreement("sus_2", lambda: _("I found the system unnecessarily complex."), True),
        _agreement("sus_3", lambda: _("I thought the system was easy to use.")),
        _agreement(
            "sus_4",
            lambda: _(
                "I think that I would need the support of a technical person to be able to use this system."
            ),
            True,
        ),
        _agreement("sus_5", lambda: _("I found the various functions in this system were well integrated.")),
        _agreement("sus_6", lambda: _("I thought there was too much inconsistency in this system."), True),
        _agreement(
            "sus_7",
            lambda: _("I would imagine that most people would learn to use this system very quickly."),
        ),
        _agreement("sus_8", lambda: _("I found the system very cumbersome to use."), True),
        _agreement("sus_9", lambda: _("I felt very confident using the system.")),
        _agreement(
            "sus_10",
            lambda: _("I needed to learn a lot of things before I could get going with this system."),
            True,
        ),
    ),
    lowest=1,
    highest=5,
    step=1,
    score_low=0.0,
    score_high=100.0,
    source="Brooke J. SUS: a 'quick and dirty' usability scale. In: Usability Evaluation in Industry. "
    "Taylor & Francis, 1996, 189-194",
    formula=_sus,
)

UMUX_LITE: Final = Questionnaire(
    name="umux_lite",
    title="UMUX-Lite",
    instruction=lambda: _("How much do you agree with each sentence about what you just used?"),
    items=(
        _agreement("umux_lite_1", lambda: _("This system's capabilities meet my requirements.")),
        _agreement("umux_lite_2", lambda: _("This system is easy to use.")),
    ),
    lowest=1,
    highest=7,
    step=1,
    score_low=0.0,
    score_high=100.0,
    # Without the regression of 2013 towards SUS scores, which is too low for good systems: Lah U, Lewis JR,
    # Sumak B. Perceived usability and the modified technology acceptance model. IJHCI 2020.
    source="Lewis JR, Utesch BS, Maher DE. UMUX-LITE: when there's no time for the SUS. "
    "Proc CHI 2013, 2099-2102",
    formula=lambda answers: (sum(answers) - 2) * 100 / 12,
)

NASA_TLX: Final = Questionnaire(
    name="nasa_tlx",
    title="NASA-TLX, raw",
    instruction=lambda: _("How was the task for you?"),
    items=(
        _demand("mental", lambda: _("How mentally demanding was the task?")),
        _demand("physical", lambda: _("How physically demanding was the task?")),
        _demand("temporal", lambda: _("How hurried or rushed was the pace of the task?")),
        Item(
            "performance",
            lambda: _("How successful were you in accomplishing what you were asked to do?"),
            lambda: _("Perfect"),
            lambda: _("Failure"),
            reversed=True,
        ),
        _demand(
            "effort", lambda: _("How hard did you have to work to accomplish your level of performance?")
        ),
        _demand(
            "frustration",
            lambda: _("How insecure, discouraged, irritated, stressed, and annoyed were you?"),
        ),
    ),
    lowest=0,
    highest=100,
    step=5,
    score_low=0.0,
    score_high=100.0,
    source="Hart SG, Staveland LE. Development of NASA-TLX. Adv Psychol 1988;52:139-183; without weights "
    "as in Hart SG. NASA-Task Load Index (NASA-TLX); 20 years later. Proc HFES 2006;50:904-908",
    formula=lambda answers: sum(answers) / 6,
)

SEQ: Final = Questionnaire(
    name="seq",
    title="Single Ease Question (SEQ)",
    instruction=lambda: "",
    items=(
        Item(
            "seq",
            lambda: _("Overall, how difficult or easy was the task to complete?"),
            lambda: _("Very difficult"),
            lambda: _("Very easy"),
        ),
    ),
    lowest=1,
    highest=7,
    step=1,
    score_low=1.0,
    score_high=7.0,
    source="Sauro J, Dumas JS. Comparison of three one-question, post-task usability questionnaires. "
    "Proc CHI 2009, 1599-1608; worded as in Sauro J. 10 things to know about the Single Ease Question (SEQ). "
    "MeasuringU, 2012",
    formula=lambda answers: answers[0],
)

QUESTIONNAIRES: Final[Mapping[QuestionnaireName, Questionnaire]] = MappingProxyType(
    {one.name: one for one in (SUS, UMUX_LITE, NASA_TLX, SEQ)}
)


def translations_note() -> str:
    """What a researcher is to be told of questionnaires in another language than English."""
    return _(
        "The questionnaires are published in English. "
        "These translations are our own and have not been validated."
    )


@dataclass(frozen=True)
class Adjective:
    """A word for a SUS score, and the mean score of those who chose it."""

    mean: float
    word: Sentence


SUS_ADJECTIVES: Final = (
    Adjective(12.5, lambda: _("Worst imaginable")),
    Adjective(20.3, lambda: _("Awful")),
    Adjective(35.7, lambda: _("Poor")),
    Adjective(50.9, lambda: _("OK")),
    Adjective(71.4, lambda: _("Good")),
    Adjective(85.5, lambda: _("Excellent")),
    Adjective(90.9, lambda: _("Best imaginable")),
)
"""Bangor A, Kortum P, Miller J. Determining what individual SUS scores mean: adding an adjective rating
scale. J Usability Stud 2009;4:114-123. Neighbouring ends differ little: words on a ruler, not classes."""


def sus_adjective(score: float) -> Adjective:
    """The adjective whose mean score is nearest; the lower one where two are."""
    return min(SUS_ADJECTIVES, key=lambda one: abs(one.mean - score))


def scores_of(data: StudyData) -> tuple[Score, ...]:
    """Every questionnaire that was answered at least in part, in the order of its first answer.

    Where an item was answered again the later answer counts.
    """
    given: dict[tuple[str, QuestionnaireName, str | None, str | None], dict[str, object]] = {}
    for answer in _in_time(data.answers):
        for name in QUESTIONNAIRES:
            if answer.questionnaire == name:
                given.setdefault((answer.session_id, name, answer.task, answer.arm), {})[answer.item] = (
                    answer.value
                )
    found = []
    for (session, name, task, arm), answers in given.items():
        one = QUESTIONNAIRES[name]
        answered = sum(one.accepts(answers.get(item.name)) for item in one.items)
        found.append(Score(session, name, task, arm, one.score(answers), answered))
    return tuple(found)


def _in_time(answers: Iterable[AnswerRecord]) -> list[AnswerRecord]:
    return sorted(answers, key=lambda one: one.answered_at)
