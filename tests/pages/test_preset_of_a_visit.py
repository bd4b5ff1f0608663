"""Which preset a visit uses: what it began with, and another with a sentence where one cannot be used."""

import pytest
import streamlit as st

from core.browser import component
from core.guidance.preset import load_preset
from core.ui import preset_choice
from tests.pages.visitor import Visitor


class Visit(Visitor):
    """One visitor on the Practise page; ``camera`` is what the component was given last."""

    def __init__(self, given, **query):
        self.given = given
        super().__init__("practise", **query)

    def run(self):
        self.given.clear()
        return super().run()

    @property
    def camera(self):
        return self.given[-1]["preset"]

    @property
    def notes(self):
        log = self.at.session_state["rt_log"]
        return [event.properties for event in log.events if event.event == "note_added"]

    @property
    def variant(self):
        return self.at.session_state["rt_log"].events[-1].variant


@pytest.fixture
def visit(fake_networks, monkeypatch, tmp_path):
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    monkeypatch.setenv("RETAKE_LIVE", "device")
    monkeypatch.delenv("RETAKE_PRESET", raising=False)
    st.cache_resource.clear()
    given = []

    def camera(**told):
        given.append(told)
        return component.ComponentState(None, told["report"])

    monkeypatch.setattr(component, "on_device_camera", camera)
    yield lambda **query: Visit(given, **query)
    st.cache_resource.clear()


def save(text, name="clinic"):
    prompts = {"en": {"blurry": {"text": text, "spoken": text}}}
    preset = load_preset().model_validate({**load_preset().model_dump(), "name": name, "prompts": prompts})
    return preset_choice.store().save(preset)


@pytest.mark.parametrize("asked", ["nosuch", "../nobody", "clinic@9", "x" * 500, "broken"])
def test_an_address_with_no_such_preset_has_a_camera_and_one_sentence_without_names(visit, asked):
    save("Stay still", "study-arm-b")
    save("Stay still")
    save("Stay still", "broken")
    (preset_choice.store().folder / "broken@1.yaml").write_text("x: [")
    page = visit(preset=asked)
    assert page.camera["name"] == "balanced"
    assert page.text.count("The preset that this link asks for cannot be used here") == 1
    for name in ("study-arm", "clinic", "strict"):
        assert name not in page.text
    page.run()
    assert page.notes.count({"note": "preset_not_used", "named_by": "link"}) == 1
    assert page.variant.startswith("balanced@")


def test_a_wrong_link_takes_what_the_server_is_set_to(visit, monkeypatch):
    monkeypatch.setenv("RETAKE_PRESET", "strict")
    assert visit(preset="nosuch").camera["name"] == "strict"


@pytest.mark.parametrize("by", ["link", "setting"])
def test_a_visit_keeps_the_version_that_it_began_with(visit, monkeypatch, by):
    save("Stay still")
    if by == "setting":
        monkeypatch.setenv("RETAKE_PRESET", "clinic")
    query = {"preset": "clinic"} if by == "link" else {}
    page = visit(**query)
    assert page.camera["prompts"]["blurry"]["text"] == "Stay still"
    save("Changed by another")
    assert page.run().camera["prompts"]["blurry"]["text"] == "Stay still"
    later = visit(**query)
    kept = {"link": "Changed by another", "setting": "Stay still"}
    assert later.camera["prompts"]["blurry"]["text"] == kept[by], "a setting is pinned while the server runs"
    assert not page.at.warning
    assert not later.at.warning


def test_a_broken_setting_is_told_with_its_line_and_the_app_goes_on(visit, monkeypatch, tmp_path):
    file = tmp_path / "house.yaml"
    file.write_text("version: 3\ntiming: {hint_ms: 2000}\n")
    monkeypatch.setenv("RETAKE_PRESET", str(file))
    first = visit()
    assert first.camera["timing"]["hint_ms"] == 2000
    file.write_text("version: 4\ntiming: {hint_ms: 2000}\ndescription: 2026-13-45\n")
    page = visit()
    assert page.camera["timing"]["hint_ms"] == 2000, "the last good one"
    assert "house.yaml, line 3: description: " in page.text
    assert str(tmp_path) not in page.text
    assert {"note": "preset_not_used", "named_by": "setting"} in page.notes
    assert not first.run().at.warning
    german = visit(lang="de")
    assert "house.yaml, Zeile 3: description: " in german.text


@pytest.mark.parametrize("text", ["description: 2026-13-45\n", "x: " + "[" * 3000, "a: &a [*a]", None])
def test_a_setting_that_never_worked_leaves_balanced(visit, monkeypatch, tmp_path, text):
    file = tmp_path / "house.yaml"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("RETAKE_PRESET", str(file))
    page = visit()
    assert page.camera["name"] == "balanced"
    assert "house.yaml" in page.text
