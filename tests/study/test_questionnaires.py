from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.i18n import speaking
from core.study.questionnaires import (
    NASA_TLX,
    QUESTIONNAIRES,
    SEQ,
    SUS,
    SUS_ADJECTIVES,
    SUS_BENCHMARK,
    UMUX_LITE,
    Score,
    scores_of,
    sus_adjective,
)
from tests.study.made_up_study import BEGIN, answer, made_up_data, made_up_session


def answers(questionnaire, *values):
    return dict(zip([item.name for item in questionnaire.items], values, strict=True))


def test_the_example_in_brookes_paper():
    assert SUS.score(answers(SUS, 5, 4, 2, 1, 2, 3, 2, 4, 5, 2)) == 55


@pytest.mark.parametrize(
    ("questionnaire", "values", "score"),
    [
        (SUS, [5, 1] * 5, 100),
        (SUS, [1, 5] * 5, 0),
        (SUS, [3] * 10, 50),
        (UMUX_LITE, [7, 7], 100),
        (UMUX_LITE, [1, 1], 0),
        (UMUX_LITE, [6, 5], 75),
        (NASA_TLX, [100, 50, 0, 25, 5, 0], 30),
        (SEQ, [6], 6),
    ],
)
def test_scores_by_the_book(questionnaire, values, score):
    assert questionnaire.score(answers(questionnaire, *values)) == score


@pytest.mark.parametrize("questionnaire", QUESTIONNAIRES.values(), ids=QUESTIONNAIRES)
def test_a_missing_item_leaves_no_score(questionnaire):
    whole = answers(questionnaire, *[questionnaire.highest] * len(questionnaire.items))
    assert questionnaire.score(whole) is not None
    for item in questionnaire.items:
        assert questionnaire.score({**whole, item.name: None}) is None
        assert (
            questionnaire.score({name: value for name, value in whole.items() if name != item.name}) is None
        )


def test_only_answers_of_the_scale_count():
    assert [SUS.accepts(value) for value in (0, 1, 5, 6, 2.5, "3", True, None)] == [
        False,
        True,
        True,
        *[False] * 5,
    ]
    assert [NASA_TLX.accepts(value) for value in (0, 5, 7, 100, 105)] == [True, True, False, True, False]
    assert SUS.score(answers(SUS, *[3] * 9, 6)) is None


def test_the_english_wording_is_the_published_one():
    """Whoever compares scores compares sentences: none is to be mended for style."""
    ends = {one.name: {(item.low(), item.high()) for item in one.items} for one in QUESTIONNAIRES.values()}
    assert ends == {
        "sus": {("Strongly disagree", "Strongly agree")},
        "umux_lite": {("Strongly disagree", "Strongly agree")},
        "nasa_tlx": {("Very low", "Very high"), ("Perfect", "Failure")},
        "seq": {("Very difficult", "Very easy")},
    }
    assert [item.text() for one in QUESTIONNAIRES.values() for item in one.items] == [
        "I think that I would like to use this system frequently.",
        "I found the system unnecessarily complex.",
        "I thought the system was easy to use.",
        "I think that I would need the support of a technical person to be able to use this system.",
        "I found the various functions in this system were well integrated.",
        "I thought there was too much inconsistency in this system.",
        "I would imagine that most people would learn to use this system very quickly.",
        "I found the system very cumbersome to use.",
        "I felt very confident using the system.",
        "I needed to learn a lot of things before I could get going with this system.",
        "This system's capabilities meet my requirements.",
        "This system is easy to use.",
        "How mentally demanding was the task?",
        "How physically demanding was the task?",
        "How hurried or rushed was the pace of the task?",
        "How successful were you in accomplishing what you were asked to do?",
        "How hard did you have to work to accomplish your level of performance?",
        "How insecure, discouraged, irritated, stressed, and annoyed were you?",
        "Overall, how difficult or easy was the task to complete?",
    ]


def test_the_number_of_items_and_which_are_turned_round():
    assert [len(one.items) for one in QUESTIONNAIRES.values()] == [10, 2, 6, 1]
    assert [item.reversed for item in SUS.items] == [False, True] * 5
    performance = next(item for item in NASA_TLX.items if item.name == "performance")
    assert (performance.low(), performance.high()) == ("Perfect", "Failure")


def test_adjectives_stand_in_order_and_the_nearest_is_taken():
    means = [one.mean for one in SUS_ADJECTIVES]
    assert means == sorted(means)
    assert [sus_adjective(score).word() for score in (0, SUS_BENCHMARK, 85.5, 100)] == [
        "Worst imaginable",
        "Good",
        "Excellent",
        "Best imaginable",
    ]


def test_words_are_made_in_the_language_of_the_moment(monkeypatch):
    class Turned:
        def gettext(self, text):
            return text[::-1]

    monkeypatch.setattr("core.i18n._catalogue", lambda language: Turned())
    with speaking("de"):
        assert SEQ.items[0].low() == "tluciffid yreV"


def test_scores_of_a_study():
    rows = [answer(name, 3) for name in answers(SUS, *[3] * 10)]
    again = answer("sus_1", 5, answered_at=BEGIN + timedelta(seconds=9))
    easy = answer("seq", 7, "seq", task="arm_spot")
    half = answer("umux_lite_1", 7, "umux_lite")
    free = answer("comment", "Fine", "comments")
    data = made_up_data([made_up_session()], answers=[again, *rows, easy, half, free])
    assert set(scores_of(data)) == {
        Score("s1", "sus", None, "coached", 55, 10),
        Score("s1", "seq", "arm_spot", "coached", 7, 1),
        Score("s1", "umux_lite", None, "coached", None, 1),
    }


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(list(QUESTIONNAIRES.values())), st.data())
def test_scores_stay_on_their_scale(questionnaire, data):
    steps = st.integers(0, (questionnaire.highest - questionnaire.lowest) // questionnaire.step)
    values = [questionnaire.lowest + questionnaire.step * data.draw(steps) for _ in questionnaire.items]
    score = questionnaire.score(answers(questionnaire, *values))
    assert questionnaire.score_low <= score <= questionnaire.score_high
