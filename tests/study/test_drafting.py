"""A design to begin with, what is wrong with one, and a part of a study's sessions."""

import pytest

from core.study import drafting
from core.study.demo import demo_study
from core.study.design import Completion
from core.study.drafting import checked, next_consent, starting_design
from core.study.filters import Filter, narrowed


def content_with(**parts):
    return starting_design("A study").model_dump(mode="json") | parts


def test_a_starting_design_needs_nothing_but_a_title():
    design, faults = checked(starting_design("A study", "de").model_dump(mode="json"))
    assert faults == ()
    assert design.languages == ("de",)
    assert set(design.consent.text) == {"de", "en"}
    assert design.consent.photos is None
    assert "[name and e-mail address]" in design.consent.text["en"]


@pytest.mark.parametrize(
    ("parts", "place", "advice"),
    [
        ({"title": " "}, ("title",), "give the study a title"),
        ({"languages": []}, ("languages",), "at least one language"),
        ({"arms": []}, ("arms",), "at least one arm"),
        ({"tasks": []}, ("tasks",), "at least one task"),
        ({"consent": {"text": {"en": ""}}}, ("consent", "text"), "in English"),
        ({"completion": {"url": "example.org"}}, ("completion", "url"), "begins with https://"),
        ({"completion": {"passed_on": ["A B"]}}, ("completion", "passed_on", 0), "PROLIFIC_PID"),
        ({"arms": [{"name": "A b", "preset": "quiet"}]}, ("arms", 0, "name"), "small letters"),
        (
            {"arms": [{"name": "a", "preset": "quiet"}, {"name": "a", "preset": "coach"}]},
            ("arms", 1, "name"),
            "same name",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(parts, place, advice):
    design, faults = checked(content_with(**parts))
    assert design is None
    assert any(fault.place == place and advice in fault.advice for fault in faults), faults


def test_a_block_is_a_multiple_of_the_arms():
    arms = [{"name": name, "preset": name} for name in ("coach", "quiet")]
    design, [fault] = checked(
        content_with(arms=arms, allocation={"kind": "blocks", "block": 3, "counted": "completed"})
    )
    assert (design, fault.place) == (None, ("allocation", "block"))


def test_names_are_made_from_titles():
    assert drafting.name_from("Füße & Hände!", ()) == "f-sse-h-nde"
    assert drafting.name_from("???", ("part",)) == "part-2"


def test_another_consent_text_has_the_next_version():
    frozen = starting_design("A study")
    same = next_consent(frozen.model_dump(mode="json"), frozen)
    assert same["consent"]["version"] == 1
    same["consent"]["text"] = {"en": "Other words."}
    assert next_consent(same, frozen)["consent"]["version"] == 2


def test_a_study_is_narrowed_with_all_that_belongs_to_its_sessions():
    data = demo_study()
    assert narrowed(data, Filter()) is data
    plain = narrowed(data, Filter(arm="plain"))
    assert [arm.name for arm in plain.designs[1].arms] == ["plain"]
    kept = {one.session_id for one in plain.sessions}
    assert 0 < len(kept) < len(data.sessions)
    assert {event.session_id for event in plain.events} <= kept
    assert {answer.session_id for answer in plain.answers} <= kept
    assert narrowed(data, Filter(simulated=False)).sessions == ()
    assert narrowed(data, Filter(version=1, language="en")).sessions == data.sessions


def test_where_they_go_next_may_be_empty():
    design, _faults = checked(content_with(completion=Completion().model_dump(mode="json")))
    assert design.completion.url is None
