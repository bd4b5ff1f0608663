import io
import json
import zipfile

import pytest

from core.study.design import Allocation, Completion, Question, Resume
from core.study.events import EventLog
from core.study.faults import StudyError
from core.study.session import Step, StudySession, preview, questions_asked
from core.study.store.sessions import Begun, Ended

SEQ = {"seq": 5}
SUS = {f"q{number}": 3 for number in range(1, 11)}


def walk(session):
    """From the screening to the debrief."""
    session.screen({"adult": "yes"})
    while session.step.kind != "debrief":
        if session.step.kind == "task":
            session.start_task()
            session.log.add("camera_started", page="practise", source="live")
            session.complete_task()
        elif session.step.kind == "questionnaire":
            session.submit(SEQ if session.step.questionnaire == "seq" else SUS)
        else:
            session.comment("Fine.")


def names(store, session):
    return [event.event for event in store.events(session.record.session_id)]


def test_a_whole_session_is_in_the_store_row_by_row(store, take_part):
    session = take_part(completion=Completion(url="https://panel.example/done", passed_on=("PROLIFIC_PID",)))
    walk(session)
    assert session.finish() == "https://panel.example/done"
    data = store.load(session.record.study_id)
    (record,) = data.sessions
    assert (record.status, record.consent_hash) == ("completed", session.design.consent.hash)
    assert [event.seq for event in data.events] == list(range(len(data.events)))
    assert {event.participant_id for event in data.events} == {record.participant_id}
    assert {(event.study_id, event.variant) for event in data.events} == {(record.study_id, record.arms[0])}
    cameras = [event.task_id for event in data.events if event.event == "camera_started"]
    assert cameras == ["arm_spot", "hand"]
    assert {(one.task, one.questionnaire) for one in data.answers} == {
        *[(None, "screening"), ("arm_spot", "seq"), ("hand", "seq"), (None, "sus"), (None, "comments")]
    }
    assert store.session(record.session_id).record.ended_at is not None


def test_within_subjects_each_arm_has_all_tasks_and_its_own_scores(take_part):
    session = take_part(allocation=Allocation(kind="latin_square"), screening=(), comments=False)
    arms = session.record.arms
    assert sorted(arms) == ["coach", "quiet"]
    one = [Step("task", None, "arm_spot"), Step("questionnaire", None, "arm_spot", "seq")]
    assert [(step.kind, step.task) for step in session.steps[1:3]] == [(step.kind, step.task) for step in one]
    assert [step.arm for step in session.steps] == [None, *[arms[0]] * 5, *[arms[1]] * 5, None]
    assert session.steps[5] == Step("questionnaire", arms[0], None, "sus")


def test_declining_leaves_one_row_and_nobody(store, take_part):
    session = take_part(consent=False)
    session.decline()
    data = store.load(session.record.study_id)
    (row,) = data.events
    assert (row.event, row.seq, row.participant_id) == ("consent_declined", 0, None)
    assert (data.sessions[0].status, data.sessions[0].participant_id) == ("declined", "")
    with pytest.raises(StudyError):
        session.consent()


def test_nothing_is_stored_before_consent_and_then_what_came_before_too(store, take_part):
    session = take_part(consent=False)
    session.log.add("help_opened")
    assert names(store, session) == []
    with pytest.raises(StudyError):
        store.append(session.record.session_id, session.log.events)
    session.consent()
    assert names(store, session) == ["session_started", "help_opened", "consent_given"]


def test_screening_branches_and_may_end_the_session(store, take_part, make_design):
    choices = {"yes": {"en": "Yes"}, "no": {"en": "No"}}
    more = Question(name="parent", text={"en": "?"}, choices=choices, only_if=("adult", ("no",)))
    last = Question(name="agrees", text={"en": "?"}, choices=choices, only_if=("parent", ("yes",)))
    adult = make_design().screening[0]
    design = make_design(screening=(adult.model_copy(update={"excludes": ()}), more, last))
    assert [one.name for one in questions_asked(design, {"adult": "no", "parent": "yes"})] == [
        *["adult", "parent", "agrees"]
    ]
    assert [one.name for one in questions_asked(design, {"adult": "yes", "parent": "yes"})] == ["adult"]
    session = take_part()
    with pytest.raises(StudyError):
        session.screen({"adult": "perhaps"})
    assert not session.screen({"adult": "no"})
    assert session.record.status == "screened_out"
    assert names(store, session)[-1] == "session_ended"


def test_a_second_press_does_nothing_twice(store, take_part):
    session = take_part(screening=())
    session.start_task()
    session.start_task()
    session.abandon_task("gave_up")
    with pytest.raises(StudyError):
        session.abandon_task("gave_up")
    assert names(store, session).count("task_started") == names(store, session).count("task_abandoned") == 1


def test_what_arrives_late_carries_the_task_of_its_time(store, take_part, day):
    session = take_part(screening=())
    session.start_task()
    day.pass_by(seconds=10)
    session.complete_task()
    session.submit(SEQ)
    day.pass_by(seconds=10)
    session.start_task()
    session.log.add("prompt_shown", at_ms=4000, visit=session.log.session_id, event_id="late")
    session.report_wrong_hint("too_dark")
    by_id = {event.event_id: event for event in store.events(session.record.session_id)}
    assert (by_id["late"].task_id, by_id["late"].t_ms) == ("arm_spot", 4000)
    assert store.events(session.record.session_id)[-1].task_id == "hand"


def test_a_participant_comes_back_to_the_same_step_on_another_server(store, take_part, day):
    session = take_part()
    session.screen({"adult": "yes"})
    session.start_task()
    session.log.add("capture_attempted", attempt=4)
    day.pass_by(minutes=3)
    (link,) = store.add_links(session.record.study_id)
    token = store.begin(link.token).resume_token
    other = StudySession.open(store, store.resume(token), day.monotonic)
    assert other.record.session_id != session.record.session_id
    again = StudySession.open(store, Begun(session.record.session_id, ""), lambda: 5.0)
    assert (again.step, again.task_begun) == (session.step, True)
    row = again.log.add("gate_opened")
    assert (row.task_id, row.t_ms, again.log.attempts) == ("arm_spot", 180_000, 4)
    events = store.events(session.record.session_id)
    assert [event.seq for event in events] == list(range(len(events)))


@pytest.mark.parametrize("policy", ["resume", "restart", "end"])
def test_the_study_s_policy_says_what_coming_back_means(store, make_design, day, policy):
    study_id = store.create(make_design(resume=Resume(policy=policy, most_hours=2)))
    store.open(study_id)
    (link,) = store.add_links(study_id, "single")
    begun = store.begin(link.token)
    day.pass_by(hours=1)
    back = store.resume(begun.resume_token)
    if policy == "end":
        assert back == Ended("ended")
        return
    before, after = (store.session(one.session_id).record for one in (begun, back))
    assert (before.session_id == after.session_id) == (policy == "resume")
    assert (before.arms, before.participant_id) == (after.arms, after.participant_id)
    assert before.status == ("live" if policy == "resume" else "ended")
    day.pass_by(hours=2, seconds=1)
    assert store.resume(back.resume_token) == Ended("ended")
    assert store.resume("made up") == Ended(None)


def test_withdrawing_deletes_everything_and_says_only_that_it_was(store, take_part, png):
    session = take_part(photos=True)
    session.screen({"adult": "yes"})
    assert session.keep_photo(png) is not None
    session.withdraw()
    data = store.load(session.record.study_id)
    assert (data.sessions, data.events, data.answers, data.deleted) == ((), (), (), {"withdrawn": 1})
    assert list(store.photos.names()) == []
    assert session.log.add("note_added") is not None, "a page that is still open fails nobody"
    with pytest.raises(StudyError):
        store.session(session.record.session_id)


def test_my_data_is_all_there_is(store, take_part, png):
    session = take_part(photos=True)
    session.screen({"adult": "yes"})
    session.keep_photo(png)
    with zipfile.ZipFile(io.BytesIO(session.download())) as archive:
        assert sorted(archive.namelist()) == [
            *["answers.csv", "consent.txt", "events.jsonl", "photos/photo-1.png", "session.json"]
        ]
        assert archive.read("photos/photo-1.png") == png
        events = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
        assert events[-1]["event"] == "data_exported"
        assert b"adult" in archive.read("answers.csv")


def test_photos_are_kept_only_with_their_own_tick(take_part, make_design, png):
    assert take_part().keep_photo(png) is None
    consent = make_design().consent.model_copy(update={"photos": None})
    assert take_part(photos=True, consent=True, **{"title": "x"}).keep_photo(png) is not None
    design = make_design().model_copy(update={"consent": consent})
    shown = preview(design)
    shown.consent(photos=True)
    assert not shown.photos_agreed


def test_a_preview_writes_nothing(make_design, tmp_path, monkeypatch):
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    session = preview(make_design(allocation=Allocation(kind="fixed")), "quiet")
    session.consent()
    walk(session)
    assert session.finish() == ""
    assert session.record.arms == ("quiet",)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_fails_fails_no_page_and_gets_everything_later(take_part, store, monkeypatch, day):
    session = take_part()
    with monkeypatch.context() as patch:
        patch.setattr(store, "append", lambda *_given: 1 / 0)
        session.log.add("help_opened")
        session.log.add("gate_opened")
        assert session.log.trouble == "unsaved"
        assert not session.log.flush()
    day.pass_by(seconds=2)
    session.log.add("gate_closed")
    assert session.log.trouble is None
    assert names(store, session)[-3:] == ["help_opened", "gate_opened", "gate_closed"]


def test_frames_go_to_the_store_twice_a_second_at_most():
    kept = []
    log = EventLog(lambda: 0.0, begun_ms=10_000)
    log.keep_with(kept.extend)
    for at in (0, 499, 500, 900, 2000, 1600, 1400, 1000):
        log.add("frame_assessed", at_ms=at, visit=log.session_id)
    log.add("gate_opened", visit="f" * 32)
    times = sorted(row.t_ms for row in kept)
    assert len(log.events) == 9
    assert times == [0, 500, 1400, 2000], "each at least 500 ms from those that came before it"
    assert {row.event for row in kept} == {"frame_assessed"}, "another visit's rows are not this session's"
