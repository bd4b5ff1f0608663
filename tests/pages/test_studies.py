"""The Studies page: the demo, signing in, making a study, its links, its people."""

import cv2
import numpy as np
import pytest

from core.study.access import Access
from core.study.design import Completion, Consent
from core.study.drafting import starting_design
from core.study.session import StudySession
from core.ui import studies_access
from core.ui.study_store import store
from tests.pages.researcher_desk import PASSPHRASE, Desk
from tests.study.made_up_study import add_data, made_up_data, made_up_design, made_up_session

PHOTO = cv2.imencode(".png", np.full((8, 8, 3), 200, np.uint8))[1].tobytes()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """An empty data folder of its own, and a passphrase."""
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    monkeypatch.setenv("RETAKE_DATABASE_URL", "")
    monkeypatch.setenv("RETAKE_RESEARCHER_PASSPHRASE", PASSPHRASE)


@pytest.fixture
def desk(server):
    return Desk()


def test_the_demo_opens_in_one_press_without_signing_in(desk):
    desk.press("studies-demo")
    assert "Simulated data" in desk.text
    assert "Completed: 39" in desk.text
    for words in ("s delta", "Geometric mean", "Log-rank, permutation", "Time to accepted photo"):
        assert words in desk.text
    desk.show("studies-results", "scores")
    assert "nearest to “" in desk.text
    desk.show("studies-results", "prompts")
    assert "Followed" in desk.text
    desk.show("studies-results", "export")
    assert "After informed consent" in desk.text
    desk.show("studies-results", "sessions")
    slider = self_slider(desk)
    slider.set_value(1.0)
    desk.run()
    assert "rt-phone" in desk.text
    desk.at.selectbox(key="studies-arm").set_value("plain")
    desk.run()
    assert "Completed: 39" not in desk.text
    desk.press("studies-demo-close")
    assert "studies-sign-in" in desk.buttons


def self_slider(desk):
    [slider] = [one for one in desk.at.slider if str(one.key).startswith("studies-moment")]
    return slider


def test_the_passphrase_opens_the_list_and_nothing_else_does(desk):
    assert "studies-new" not in desk.buttons
    desk.sign_in("wrong")
    assert "This is not the passphrase" in desk.text
    assert "studies-new" not in desk.buttons
    desk.sign_in()
    assert "studies-new" in desk.buttons
    desk.press("studies-sign-out")
    assert "studies-new" not in desk.buttons


def test_tries_are_limited(desk):
    for _turn in range(5):
        desk.sign_in("wrong")
    desk.sign_in()
    assert "Too many tries" in desk.text
    assert "studies-new" not in desk.buttons


@pytest.fixture
def made(desk):
    """A study that is open, with a link for everybody, in front of whoever may do all."""
    asked = {
        "consent": Consent(text={"en": "Ask ann@example.org."}, photos={"en": "Keep my photos."}),
        "completion": Completion(passed_on=("PROLIFIC_PID",)),
    }
    study_id = store().create(starting_design("Do arrows help?").model_copy(update=asked))
    store().open(study_id)
    store().add_links(study_id)
    return desk.sign_in().press(f"studies-open-{study_id}")


def test_a_study_is_open_after_typing_a_title(desk):
    desk.sign_in().press("studies-new")
    desk.at.text_input(key="studies-f-0-title").set_value("Do arrows help?")
    made = desk.run().take_the_consent_as_it_is().press("studies-make-open")
    assert "Do arrows help?" in made.text
    assert "take-part?study=" in made.text
    assert "data:image/svg" in made.text  # its QR code
    [one] = store().studies()
    assert (one.state, one.version) == ("open", 1)
    [link] = store().links(one.study_id)
    assert store().look(link.token).design.title == "Do arrows help?"
    made.press("studies-back")
    assert f"studies-open-{one.study_id}" in made.buttons
    assert [entry.action for entry in Access(store().database).audit_log(one.study_id)] == [
        "created_study",
        "opened_study",
    ]


LACKS = ("still holds [", "names nobody to ask", "The study is not open")


def test_an_unfinished_consent_text_opens_only_with_the_researchers_word(desk):
    desk.sign_in().press("studies-new")
    desk.at.text_input(key="studies-f-0-title").set_value("Do arrows help?")
    desk.run()
    text = desk.text
    assert "[name of your institution], [15], [180], [name and e-mail address]" in text
    assert [words in text for words in LACKS] == [True, True, False]
    desk.press("studies-make-open")
    assert LACKS[2] in desk.text
    assert store().studies() == ()
    desk.press("studies-make-draft")
    [one] = store().studies()
    desk.show("studies-part", "design").press("studies-open")
    assert LACKS[2] in desk.text
    assert store().summary(one.study_id).state == "draft"
    desk.take_the_consent_as_it_is()
    consent = desk.at.text_area(key="studies-f-0-consent-text-en")
    consent.set_value("By [name], ask ann@example.org.")
    desk.run().press("studies-save")
    desk.press("studies-open")
    assert store().summary(one.study_id).state == "draft", "of another text nothing was said"
    consent = desk.at.text_area(key="studies-f-0-consent-text-en")
    consent.set_value("By Ann, [ask her](mailto:ann@example.org).")
    desk.run().press("studies-save")
    assert not any(words in desk.text for words in LACKS)
    desk.press("studies-open")
    assert store().summary(one.study_id).state == "open"


def test_without_a_title_the_mistake_is_told_beside_its_field(desk):
    desk.sign_in().press("studies-new")
    assert "Please give the study a title" not in desk.text
    desk.press("studies-make-open")
    assert desk.text.count("Please give the study a title") == 2
    assert store().studies() == ()


def test_arms_tasks_and_questions_are_added_and_removed(desk):
    desk.sign_in().press("studies-new")
    desk.at.text_input(key="studies-f-0-title").set_value("Two")
    desk.press("studies-f-0-arms-add").press("studies-f-0-tasks-add").press("studies-f-0-screening-add")
    assert [one.label for one in desk.at.get("link_button")] == [
        f"Try “{arm}”: nothing is stored" for arm in ("balanced", "coach")
    ]
    desk.press("studies-f-0-tasks-0-remove")
    desk.press("studies-make-draft")
    [one] = store().studies()
    draft = store().draft(one.study_id)
    assert [arm.preset for arm in draft.arms] == ["balanced", "coach"]
    assert [task.name for task in draft.tasks] == ["task"]
    assert draft.screening[0].excludes == ("no",)


def test_freezing_shows_the_hash_and_editing_makes_a_new_version(made):
    [one] = store().studies()
    made.show("studies-part", "design")
    assert store().versions(one.study_id)[0].hash in made.text
    assert "becomes version 2" in made.text
    made.at.text_area(key="studies-f-0-plan").set_value("Log-rank, two-sided.")
    made.run().press("studies-save").press("studies-freeze")
    assert "Frozen as version 2" in made.text
    assert [version.version for version in store().versions(one.study_id)] == [1, 2]


def test_single_use_links_are_a_file_once_and_can_be_disabled(made):
    [one] = store().studies()
    made.at.selectbox(key="studies-link-kind").set_value("single")
    made.run().at.number_input(key="studies-link-count").set_value(2)
    made.run().press("studies-link-make")
    assert "never again" in made.text
    single = [link for link in store().links(one.study_id) if link.kind == "single"]
    assert len(single) == 2
    made.press(f"studies-disable-{single[0].link_id}")
    assert {"Download 2 links (CSV)", "Cards with QR codes, to print"} <= made.downloads
    assert [link.disabled for link in store().links(one.study_id) if link.kind == "single"] == [True, False]


def test_a_running_session_is_seen_and_noted(made):
    [one] = store().studies()
    begun = store().begin(store().links(one.study_id)[0].token)
    taking_part = StudySession.open(store(), begun)
    taking_part.consent(photos=True, parameters={"PROLIFIC_PID": "5f00"})
    taking_part.start_task()
    assert taking_part.keep_photo(PHOTO)
    made.show("studies-part", "live")
    assert "Step 2 of" in made.text
    key = f"studies-note-{begun.session_id}"
    made.at.text_input(key=f"{key}-text").set_value("looks away")
    made.press(f"{key}-add")
    [note] = store().load_session(begun.session_id).notes
    assert (note.kind, note.text) == ("note", "looks away")
    made.show("studies-part", "results")
    assert "Under way: 1" in made.text
    made.show("studies-part", "people")
    assert "Download one photo (ZIP)" in made.downloads
    [which] = made.at.selectbox(key="studies-delete-which").options
    assert which.endswith(" · 5f00"), "who asks by the panel's name is found"
    made.at.checkbox(key="studies-delete-sure").check()
    made.run().press("studies-delete-session")
    assert store().load(one.study_id).sessions == ()


def test_a_token_is_shown_once_and_a_study_is_deleted_by_its_title(made):
    [one] = store().studies()
    made.show("studies-part", "people").press("studies-token-make")
    [token] = [code.value for code in made.at.code if code.value.startswith("retake_")]
    assert Access(store().database).token_reads(token, one.study_id)
    made.run()
    assert token not in made.text
    assert "made_token" in made.text
    assert made.at.button(key="studies-delete-study").disabled
    made.at.text_input(key="studies-delete-title").set_value("Do arrows help?")
    made.run().press("studies-delete-study")
    assert store().studies() == ()
    assert "studies-new" in made.buttons


def test_a_viewer_sees_results_and_changes_nothing(desk, monkeypatch):
    desk.sign_in()
    study_id = add_data(store(), made_up_data([made_up_session()]))
    Access(store().database).set_role(study_id, "ann@example.org", "viewer")
    monkeypatch.setattr(studies_access, "identity", lambda: "ann@example.org")
    desk.run().press(f"studies-open-{study_id}")
    assert "studies-link-make" not in desk.buttons
    desk.show("studies-part", "design")
    assert not {"studies-save", "studies-open", "studies-freeze"} & desk.buttons
    desk.show("studies-part", "people")
    assert not {"studies-token-make", "studies-purge", "studies-delete-study"} & desk.buttons
    desk.show("studies-part", "results")
    assert "Completed: 1" in desk.text


def test_by_the_sign_in_only_named_addresses_make_studies(desk, monkeypatch):
    study_id = store().create(made_up_design())
    Access(store().database).set_role(study_id, "ann@example.org", "owner")
    monkeypatch.setattr(studies_access, "identity", lambda: "ann@example.org")
    desk.run()
    assert "Nobody may make a study until" in desk.text
    assert "studies-new" not in desk.buttons
    desk.press(f"studies-open-{study_id}").show("studies-part", "design")
    assert "studies-save" in desk.buttons
    assert "studies-copy" not in desk.buttons
    desk.at.session_state["rt_studies_opened"] = "new"
    assert "Nobody may make a study until" in desk.run().text
    assert "studies-make-draft" not in desk.buttons

    monkeypatch.setenv("RETAKE_RESEARCHERS", "bob@example.org, *@lab.example")
    desk.press("studies-back")
    assert "your address is not among them" in desk.text
    monkeypatch.setattr(studies_access, "identity", lambda: "eve@lab.example")
    desk.run().press("studies-new")
    assert "studies-make-draft" in desk.buttons


def test_a_study_of_somebody_else_is_not_in_the_list(desk, monkeypatch):
    desk.sign_in()
    study_id = store().create(made_up_design())
    monkeypatch.setattr(studies_access, "identity", lambda: "eve@example.org")
    desk.run()
    assert f"studies-open-{study_id}" not in desk.buttons
    desk.at.session_state["rt_studies_opened"] = study_id
    assert "There is no such study" in desk.run().text


def test_the_first_passphrase_is_printed_on_the_terminal_alone(server, monkeypatch, capfd):
    monkeypatch.delenv("RETAKE_RESEARCHER_PASSPHRASE")
    desk = Desk()
    printed = capfd.readouterr().out
    passphrase = printed.partition("researchers is")[2].split()[0]
    assert passphrase not in desk.text
    desk.run().sign_in(passphrase)
    assert "studies-new" in desk.buttons
    assert passphrase not in capfd.readouterr().out
