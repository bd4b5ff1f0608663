"""The capture flow alone, for another page's frame: what is drawn, and what is handed on to be told."""

import pytest
from test_practise_device import DARK, SPOT, a_photo
from test_practise_device import stage as device_stage  # noqa: F401
from test_practise_tries import jpeg

from core.ui import embedded

SITE = "https://clinic.example"


@pytest.fixture
def stage(device_stage, monkeypatch):  # noqa: F811
    device_stage.letters = []

    def post(*, key, data, height):
        device_stage.letters = data["letters"]
        device_stage.origin = data["origin"]

    monkeypatch.setattr(embedded, "_post", post)
    monkeypatch.setattr(embedded, "on", lambda: True)
    monkeypatch.setenv("RETAKE_EMBED_ORIGINS", SITE)
    device_stage.at.query_params["parent"] = SITE
    return device_stage


def told(stage):
    return [letter["message"]["type"] for letter in stage.letters]


def test_there_is_the_flow_and_nothing_else(stage):
    stage.run()
    assert not list(stage.at.get("page_link"))
    assert not list(stage.at.radio)
    assert "clinic.example is told whether they work" in stage.words
    assert "not a medical device" in stage.words
    stage.send(photo=a_photo(jpeg(SPOT)))
    assert "This photo works" in stage.words
    assert "What it looks most like" not in [header.value for header in stage.at.header]


def test_a_photo_is_told_of_once_and_anew_after_another(stage):
    stage.run()
    assert told(stage) == ["opened"]
    stage.send(photo=a_photo(jpeg(SPOT)))
    stage.run()
    assert told(stage) == ["opened", "outcome"]
    assert stage.origin == SITE
    stage.press("embedded-retake")
    stage.send(photo=a_photo(jpeg((200, 150, 120))))
    assert told(stage) == ["opened", "outcome", "outcome"]
    assert len({letter["message"]["id"] for letter in stage.letters}) == 3


def test_a_photo_that_does_not_pass_is_told_of_when_it_is_used_anyway(stage):
    stage.run()
    stage.send(photo=a_photo(jpeg(DARK)))
    assert told(stage) == ["opened"]
    stage.press("embedded-override")
    (photo,) = stage.letters[-1]["message"]["photos"]
    assert (photo["passes"], photo["overridden"], photo["flagged"]) == (False, True, ["bad_light"])


def test_the_picture_goes_when_the_person_sends_it_and_once(stage):
    stage.at.query_params["picture"] = "true"
    stage.run()
    stage.send(photo=a_photo(jpeg(SPOT)))
    assert not any(letter["pictures"] for letter in stage.letters)
    stage.press("embedded-send")
    assert told(stage) == ["opened", "outcome", "picture"]
    assert len(stage.letters[-1]["pictures"]) == 1
    assert "embedded-send" not in [button.key for button in stage.at.button]


def test_no_camera_is_told_too(stage):
    stage.run()
    stage.tell("denied")
    assert stage.letters[-1]["message"]["reason"] == "denied"
    assert not list(stage.at.get("page_link")), "the page around knows the way on"


def test_a_stranger_is_told_nothing(stage, monkeypatch):
    monkeypatch.setenv("RETAKE_EMBED_ORIGINS", "https://other.example")
    stage.at.query_params["picture"] = "true"
    stage.run()
    assert "RETAKE_EMBED_ORIGINS" in stage.at.warning[0].value
    stage.send(photo=a_photo(jpeg(SPOT)))
    assert stage.letters == []
    assert "embedded-send" not in [button.key for button in stage.at.button]


def test_the_page_around_may_ask_for_three(stage):
    stage.at.query_params["photos"] = "3"
    stage.run()
    assert stage.last["shot"] == "context"
    for shot in ("context", "regional", "close_up"):
        stage.send(photo=a_photo(jpeg(SPOT), shot=shot))
    assert [photo["shot"] for photo in stage.letters[-1]["message"]["photos"]] == [
        "context",
        "regional",
        "close_up",
    ]
