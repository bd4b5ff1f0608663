"""A design to begin with, what is wrong with one, and a part of a study's sessions."""

import pytest

from core.study import drafting
from core.study.demo import demo_study
from core.study.design import Completion, Consent
from core.study.drafting import checked, next_consent, placeholders, starting_design, without_contact
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "By [name of your institution]; [15] minutes, [15] at most.",
            ("[name of your institution]", "[15]"),
        ),
        ("[Our page](https://a.example), ![a](b.png), [ref][1] and\n[1]: https://b.example", ()),
        ("- [x] done\n- [ ] to do\n- array[0]", ("[0]",)),
        ("للأسئلة: [الاسم]", ("[الاسم]",)),
    ],
)
def test_what_stands_in_square_brackets_is_to_be_filled_in(text, found):
    design = starting_design("A title")
    consent = design.consent.model_copy(update={"text": {"en": text}})
    assert placeholders(design.model_copy(update={"consent": consent})) == found


def test_each_language_that_participants_meet_is_looked_at_and_the_tick_for_photos_too():
    consent = Consent(
        text={"en": "Ask [us].", "ar": "a@example.org", "da": "[da]"}, photos={"en": "Kept until [when]."}
    )
    design = starting_design("A title", "ar").model_copy(update={"consent": consent})
    assert design.languages == ("ar",)
    assert placeholders(design) == ("[when]",)
    assert without_contact(design) == ()
    assert without_contact(design.model_copy(update={"languages": ("da", "ar", "de")})) == ("da", "de")


@pytest.mark.parametrize(
    "contact", ["a.b@c.example", "+45 12 34 56 78", "(030) 123 4567", "https://c.example"]
)
def test_a_contact_is_an_address_or_a_number_to_ring(contact):
    design = starting_design("A title")
    for text, lacking in ((f"Questions: {contact}.", ()), ("Questions after 180 days: @, 2026.", ("en",))):
        consent = design.consent.model_copy(update={"text": {"en": text}})
        assert without_contact(design.model_copy(update={"consent": consent})) == lacking
