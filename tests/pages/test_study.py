"""The participant's page: a test sends what the browser would send, and reads the store."""

from pathlib import Path

import pytest
import streamlit as st
from sqlalchemy.exc import OperationalError
from test_practise_device import DARK, SPOT, a_photo, an_event
from test_practise_device import stage as device_stage  # noqa: F401

from core.study.design import (
    Arm,
    Completion,
    Consent,
    Question,
    Resume,
    StudyDesign,
    Task,
)
from core.study.links import PAGE, PARAMETER
from core.study.questionnaires import scores_of
from core.ui import practise_device, study_keeper, study_preview, study_store
from tests.pages.visitor import opened, read
from tests.test_architecture import FILES, imported

ROOT = Path(__file__).parents[2]
PALE = (245, 225, 215)
SECRET = "What this study is called"


def made_design(**parts):
    whole = {
        "title": SECRET,
        "consent": Consent(
            text={"en": "You agree to **this**. <script>alert(1)</script>", "ar": "أنت توافق"},
            photos={"en": "Keep my photos."},
        ),
        "arms": (Arm(name="coach", preset="coach", way="device"),),
        "tasks": (
            Task(name="spot", title={"en": "A spot"}, scenario={"en": "Photograph a spot."}, after=("seq",)),
        ),
        "languages": ("en", "ar"),
        "completion": Completion(
            debrief={"en": "It was about prompts."},
            url="https://panel.example/done?pid={PID}",
            passed_on=("PID",),
        ),
        "wrong_hint_button": True,
    }
    return StudyDesign(**(whole | parts))


class Person:
    """One browser: its tab's storage outlives a page that is loaded again."""

    def __init__(self, stage, store, study_id, **link):
        self.stage, self.store, self.study_id = stage, store, study_id
        (self.link,) = store.add_links(study_id, **link)
        self.tab, self.browser = {}, {}
        self.open()

    def open(self, token=None):
        self.query = {PARAMETER: token or self.link.token, "PID": "p 7"}
        self.reload()

    def reload(self):
        self.stage.at = opened(PAGE, **self.query)
        return self.run()

    def new_tab(self):
        self.tab = {}
        return self.reload()

    def ask(self, place):
        token = self.tab.get(place) or self.browser.get(place, "")
        return study_keeper.Found(token, place in self.tab)

    def keep(self, place, token, *, lasting, resumes, under_way):
        self.tab[place] = token
        self.browser[place] = token if lasting else ""

    def run(self):
        self.stage.run()
        return self

    def press(self, key):
        self.stage.press(key)
        return self

    def buttons(self):
        return [button.key for button in self.stage.at.button]

    def photo(self, data, **more):
        self.stage.send(an_event("camera_started"), an_event("photo_accepted"), photo=a_photo(data, **more))
        return self

    def answer(self, value, *items):
        for radio in self.stage.at.radio:
            if not items or radio.key.rsplit("-", 1)[-1] in items:
                radio.set_value(value)
        return self.run()

    @property
    def words(self):
        return read(self.stage.at)

    @property
    def data(self):
        return self.store.load(self.study_id)

    @property
    def status(self):
        return [one.status for one in self.data.sessions]

    @property
    def events(self):
        return [one.event for one in self.data.events]

    def begin(self):
        return self.press("study-start").press("study-agree")


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    return study_store.store()


@pytest.fixture
def come(device_stage, store, monkeypatch):  # noqa: F811
    def arrive(design=None, link=None, **parts):
        study_id = store.create(design or made_design(**parts))
        store.open(study_id)
        person = Person.__new__(Person)
        monkeypatch.setattr(study_keeper, "ask", lambda place: person.ask(place))
        monkeypatch.setattr(
            study_keeper, "keep", lambda place, token, **how: person.keep(place, token, **how)
        )
        person.__init__(device_stage, store, study_id, **(link or {}))
        return person

    return arrive


def test_the_address_of_links_is_that_of_the_page():
    assert f'url_path="{PAGE}"' in (ROOT / "app.py").read_text(encoding="utf-8")


def test_a_whole_session_from_the_link_to_the_completion_page(come, jpeg_of):
    person = come()
    assert SECRET in person.words
    assert not list(person.stage.at.get("page_link")), "nothing leads to other pages"
    assert not person.data.sessions, "looking begins nothing"
    person.press("study-start")
    assert "Step 1 of 6" in person.words
    assert "You agree to **this**." in person.words
    assert [one.panel for one in person.data.sessions] == [{}], "nothing before the consent"
    assert not person.events
    person.stage.at.checkbox(key="study-photos").check()
    person.press("study-agree")
    assert person.events[:2] == ["session_started", "consent_given"]
    assert "Photograph a spot." in person.words
    person.press("study-start-task")
    assert not person.stage.ways, "the arm fixes the way"
    assert person.stage.last["visit"]["id"] == person.data.sessions[0].session_id
    assert "study-continue" not in person.buttons()
    person.photo(jpeg_of(SPOT))
    assert "This photo works" in person.words
    assert "prediction_shown" not in person.events
    person.press("study-continue")
    assert len(person.store.photo_names(person.data.sessions[0].session_id)) == 1
    person.answer(6).press("study-submit-2")
    person.answer(3).press("study-submit-3")
    person.stage.at.text_area(key="study-comments").set_value("It was fine")
    person.press("study-continue")
    assert "It was about prompts." in person.words
    person.press("study-finish")
    assert person.status == ["completed"]
    (link,) = person.stage.at.get("link_button")
    assert link.url == "https://panel.example/done?pid=p%207"
    (met,) = [one.properties for one in person.data.events if one.event == "task_started"]
    assert (met["preset"], met["assessor"], met["device"]) == ("coach@1", "imageqx", "unknown")
    assert len(met["preset_sha256"]) == 64
    rows = [one for one in person.data.events if one.event == "photo_accepted"]
    assert [(one.task_id, one.variant, one.participant_id) for one in rows] == [
        ("spot", "coach", person.data.sessions[0].participant_id)
    ]
    scores = {one.questionnaire: one.value for one in scores_of(person.data)}
    assert scores == {"seq": 6.0, "sus": 50.0}
    assert [one.value for one in person.data.answers if one.item == "comments"] == ["It was fine"]


def test_no_photo_is_kept_without_the_tick(come, jpeg_of):
    person = come().begin().press("study-start-task").photo(jpeg_of(SPOT)).press("study-continue")
    assert person.store.photo_names(person.data.sessions[0].session_id) == ()


def test_declining_is_as_near_and_leaves_nobody(come):
    person = come().press("study-start")
    assert person.buttons()[:2] == ["study-agree", "study-decline"]
    person.press("study-decline")
    assert "You do not take part" in person.words
    assert (person.status, person.data.sessions[0].participant_id) == (["declined"], "")


@pytest.mark.parametrize("state", ["unknown", "paused", "closed", "disabled"])
def test_a_link_that_leads_nowhere_names_no_study(come, state):
    person = come()
    if state == "unknown":
        person.open("made-up")
    elif state == "disabled":
        person.store.disable_link(person.study_id, person.link.link_id)
    else:
        getattr(person.store, "pause" if state == "paused" else "close")(person.study_id)
    person.run()
    assert "leads to no study that is open now" in person.words
    assert SECRET not in person.words
    assert "study-start" not in person.buttons()


def test_a_single_use_link_burns_with_the_start_and_not_before(come):
    person = come(link={"kind": "single"})
    person.run()
    person.new_tab()
    assert SECRET in person.words
    person.press("study-start")
    person.tab, person.browser = {}, {}
    person.reload()
    assert "used already" in person.words
    assert SECRET not in person.words


def test_the_last_place_may_go_while_somebody_reads(come):
    person = come(arms=(Arm(name="coach", preset="coach", way="device", most=1),))
    person.store.begin(person.link.token)
    person.press("study-start")
    assert "All places" in person.words
    assert len(person.data.sessions) == 1


def test_a_page_that_is_loaded_again_is_at_the_same_step(come, jpeg_of):
    person = come().begin().press("study-start-task")
    person.reload()
    assert person.stage.seen, "the camera is there again"
    person.photo(jpeg_of(SPOT)).reload()
    assert "You have taken a photo" in person.words
    person.press("study-continue")
    assert "How was it?" in person.words
    person.reload().answer(7).press("study-submit-2")
    assert len(person.data.sessions) == 1
    assert person.data.answers[0].value == 7


def test_another_tab_asks_who_it_is(come):
    person = come().begin().new_tab()
    assert "Was that you?" in person.words
    person.press("study-go-on")
    assert "Photograph a spot." in person.words
    person.new_tab().press("study-another")
    assert "study-start" in person.buttons()
    person.press("study-start")
    assert len(person.data.sessions) == 2


@pytest.mark.parametrize("policy", ["restart", "end"])
def test_the_studys_policy_says_what_coming_back_means(come, policy):
    person = come(resume=Resume(policy=policy)).begin()
    assert not any(person.browser.values()), "kept in the tab alone"
    person.reload()
    if policy == "restart":
        assert "Step 1 of" in person.words
        assert person.status == ["ended", "live"]
    else:
        assert "This session has ended" in person.words
        assert person.status == ["ended"]


def test_leaving_deletes_at_any_step(come, jpeg_of):
    person = come().begin().press("study-start-task").photo(jpeg_of(SPOT)).press("study-withdraw")
    assert "You have left the study" in person.words
    assert not person.data.sessions
    assert person.data.deleted == {"withdrawn": 1}
    person.reload()
    assert "study-start" in person.buttons()


def test_screening_branches_and_ends_with_thanks(come):
    yes_no = {"yes": {"en": "Yes"}, "no": {"en": "No"}}
    person = come(
        screening=(
            Question(name="adult", text={"en": "Adult?"}, choices=yes_no, excludes=("no",)),
            Question(
                name="phone",
                text={"en": "Phone?"},
                choices=yes_no,
                excludes=("no",),
                only_if=("adult", ("yes",)),
            ),
        )
    ).begin()
    assert [radio.label for radio in person.stage.at.radio] == ["Adult?"]
    person.press("study-continue")
    assert "Please answer every question." in person.words
    person.answer("yes", "adult")
    assert [radio.label for radio in person.stage.at.radio] == ["Adult?", "Phone?"]
    person.answer("no", "phone").press("study-continue")
    assert "needs other participants" in person.words
    assert person.status == ["screened_out"]
    assert not person.stage.at.get("link_button")


def test_items_may_be_left_out_after_one_reminder(come):
    person = come(after=("sus", "nasa_tlx")).begin().press("study-start-task").press("study-give-up")
    assert person.events[-1] == "task_abandoned"
    person.press("study-submit-2")
    assert "One question has no answer" in person.words
    assert not person.data.answers
    person.press("study-submit-2")
    assert [one.value for one in person.data.answers] == [None]
    person.answer(4, "sus_1").press("study-submit-3")
    assert "9 questions have no answer" in person.words
    person.press("study-submit-3")
    assert [one.value for one in scores_of(person.data) if one.questionnaire == "sus"] == [None]
    assert "100: Very high" in person.words, "a scale that breaks into rows names its ends by their numbers"


def test_a_photo_that_the_server_refuses_can_be_used_or_taken_again(come, jpeg_of):
    person = come().begin().press("study-start-task").photo(jpeg_of(DARK))
    assert "study-continue" not in person.buttons()
    person.press("study-override").run()
    assert "gate_overridden" in person.events
    assert "study-continue" in person.buttons()
    person.press("study-retake")
    assert person.stage.last["scene"] == "camera"


def test_a_wrong_hint_is_reported_by_its_key(come):
    person = come().begin().press("study-start-task")
    shown = an_event("prompt_shown") | {"properties": {"key": "blurry"}}
    person.stage.send(shown)
    person.press("study-wrong-hint")
    (row,) = [one for one in person.data.events if one.event == "hint_reported_wrong"]
    assert (row.properties["key"], row.task_id) == ("blurry", "spot")


def test_a_task_ends_when_its_time_is_over(come, jpeg_of):
    task = made_design().tasks[0].model_copy(update={"most_minutes": 1e-6})
    person = come(tasks=(task,)).begin().press("study-start-task")
    assert "The time for this task is over" in person.words
    person.press("study-continue")
    assert person.events[-1] == "task_abandoned"


def test_drawn_skin_is_shown_where_the_task_says_so(come):
    task = made_design().tasks[0].model_copy(update={"subject": "drawing"})
    person = come(tasks=(task,)).begin()
    assert "shows nobody" in person.words
    assert len(person.stage.at.get("image")) == 1
    person.press("study-start-task")
    person.query = {"drawing": "1"}
    person.reload()
    assert "Point the camera" in person.words
    assert len(person.stage.at.get("image")) == 1


def test_the_server_judges_where_the_arm_says_so(come):
    person = come(arms=(Arm(name="coach", preset="coach", way="server"),)).begin().press("study-start-task")
    assert not person.stage.seen
    worker = person.stage.at.session_state["practise_worker"]
    assert worker.stream_session.preset.name == "coach"
    assert worker.stream_session.log.session_id == person.data.sessions[0].session_id
    person.press("study-give-up")
    assert "practise_worker" not in person.stage.at.session_state


@pytest.mark.parametrize(("photo", "key"), [(False, "study-give-up"), (True, "study-continue")])
def test_what_is_pressed_counts_where_the_run_ends_at_the_camera(come, jpeg_of, monkeypatch, photo, key):
    person = come().begin().press("study-start-task")
    if photo:
        person.photo(jpeg_of(SPOT))
    # As when a message of the camera in the page begins the next run.
    monkeypatch.setattr(practise_device, "page", st.stop)
    person.press(key)
    assert person.events[-1] == ("task_completed" if photo else "task_abandoned")


@pytest.mark.parametrize(("photo", "key"), [(False, "study-give-up"), (True, "study-continue")])
def test_what_is_pressed_counts_at_a_server_that_has_not_drawn_the_button_yet(come, jpeg_of, photo, key):
    person = come().begin().press("study-start-task")
    if photo:
        person.photo(jpeg_of(SPOT))
    # As a server that was started anew: it knows the state of the widgets, and of none what it does.
    person.stage.at._session_state._state._new_widget_state.widget_metadata.clear()
    person.press(key)
    assert person.events[-1] == ("task_completed" if photo else "task_abandoned")
    assert person.events.count(person.events[-1]) == 1


def test_what_is_pressed_counts_at_such_a_server_also_where_the_run_ends_at_the_camera(come, monkeypatch):
    person = come().begin().press("study-start-task")
    person.stage.at._session_state._state._new_widget_state.widget_metadata.clear()
    monkeypatch.setattr(practise_device, "page", st.stop)
    person.press("study-give-up")
    assert person.events[-1] == "task_abandoned"


@pytest.mark.parametrize("offered", [False, True])
def test_clear_skin_passes_for_practising_only_where_the_task_offers_it(come, jpeg_of, offered):
    task = made_design().tasks[0].model_copy(update={"no_spot": offered})
    person = come(tasks=(task,)).begin().press("study-start-task")
    assert (person.stage.last["rules"]["practising"] is not None) == offered
    person.photo(jpeg_of(PALE), practising=True)
    assert ("study-continue" in person.buttons()) == offered
    server = (Arm(name="coach", preset="coach", way="server"),)
    other = come(tasks=(task,), arms=server).begin().press("study-start-task")
    assert ("practise-no-spot" in {toggle.key for toggle in other.stage.at.toggle}) == offered


def test_a_store_that_refuses_loses_nothing(come, monkeypatch):
    person = come().begin().press("study-start-task").press("study-give-up").answer(5)
    answer = person.store.answer

    def refuse(*_args):
        raise OperationalError("INSERT", {}, Exception("the disk is full"))

    monkeypatch.setattr(person.store, "answer", refuse)
    person.press("study-submit-2")
    assert "Nothing is lost" in person.words
    monkeypatch.setattr(person.store, "answer", answer)
    person.press("study-submit-2")
    assert [one.value for one in person.data.answers] == [5]


def test_the_browser_keeps_what_the_store_refuses_until_it_is_stored(come, monkeypatch):
    person = come().begin().press("study-start-task")
    append = person.store.append

    def refuse(*_args):
        raise OperationalError("INSERT", {}, Exception("the database is locked"))

    monkeypatch.setattr(person.store, "append", refuse)
    sent = person.stage.send(an_event("camera_started"))
    assert not person.stage.last["answers"]
    monkeypatch.setattr(person.store, "append", append)
    again = person.stage.send(*sent["events"])
    assert [answer.message for answer in person.stage.last["answers"]] == [again["id"]]
    assert person.events.count("camera_started") == 1


def test_data_can_be_deleted_at_the_end_and_after_it(come):
    person = come(after=(), comments=False).begin().press("study-start-task").press("study-give-up")
    person.answer(5).press("study-submit-2").press("study-finish")
    person.reload()
    assert "You have finished" in person.words
    assert person.stage.at.get("link_button"), "the way back to the panel is not lost with a reload"
    person.press("study-delete")
    assert "Your data were deleted" in person.words
    assert person.data.deleted == {"asked": 1}


def test_the_languages_are_the_studys(come):
    person = come()
    person.query["lang"] = "de"
    person.reload()
    assert "Nothing is stored before" in person.words
    person.query["lang"] = "ar"
    person.reload().press("study-start")
    assert "أنت توافق" in person.words
    assert person.data.sessions[0].language == "ar"


def test_a_preview_writes_nothing(come, jpeg_of):
    person = come()
    address = study_preview.start_preview(made_design(title="A draft"))
    person.query = {"preview": address.split("preview=")[1]}
    person.reload()
    assert "Preview: nothing is stored" in person.words
    person.begin().press("study-start-task").photo(jpeg_of(SPOT)).press("study-continue")
    person.answer(5).press("study-submit-2")
    assert not person.data.sessions
    assert not person.tab
    assert len(person.store.studies()) == 1


def test_statistics_are_not_needed_to_take_part():
    seen, waiting = set(), ["core.ui.study_page"]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += [name for name in imported(module) if name in FILES]
    assert "core.study.session" in seen
    assert "core.study.statistics" not in seen
