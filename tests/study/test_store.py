import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from core.study.database import memory_database, open_database
from core.study.design import Arm, Completion, Resume
from core.study.faults import StudyError
from core.study.measures import values
from core.study.records import AnswerRecord
from core.study.session import StudySession
from core.study.store import StudyStore
from core.study.store.sessions import Begun, Refused

ROOT = Path(__file__).parents[2]


@pytest.fixture
def study_id(store, make_design):
    made = store.create(make_design())
    store.open(made)
    return made


def test_a_version_that_is_frozen_stays_and_an_edit_makes_the_next(store, make_design, day):
    study_id = store.create(make_design())
    first = store.freeze(study_id)
    assert (first.version, first.hash, first.frozen_at) == (1, make_design().hash, day.now)
    assert store.freeze(study_id) == first, "the same draft again is the same version"
    store.edit(study_id, make_design(title="Another"))
    assert store.summary(study_id).draft_differs
    assert store.versions(study_id) == (first,)
    assert [one.version for one in (store.open(study_id), *store.versions(study_id))] == [2, 1, 2]
    assert store.versions(study_id)[0] == first


def test_a_session_keeps_the_version_that_it_began_with(store, study_id, make_design):
    (link,) = store.add_links(study_id)
    before = store.begin(link.token)
    store.edit(study_id, make_design(title="Another"))
    assert store.session(store.begin(link.token).session_id).record.design_version == 1, "still a draft"
    store.open(study_id)
    after = store.begin(link.token)
    assert [store.session(one.session_id).design.title for one in (before, after)] == [
        *["Does coaching help?", "Another"]
    ]
    assert sorted(store.load(study_id).designs) == [1, 2]


def test_a_copy_has_the_draft_and_nothing_else(store, study_id):
    store.add_links(study_id)
    copied = store.copy(study_id)
    assert store.draft(copied) == store.draft(study_id)
    assert (store.summary(copied).state, store.links(copied), store.versions(copied)) == ("draft", (), ())
    assert {one.study_id for one in store.studies()} == {study_id, copied}


def test_unknown_and_closed_studies_give_one_answer(store, study_id):
    (link, off) = store.add_links(study_id, count=2)
    store.disable_link(study_id, off.link_id)
    answers = {store.begin("made up"), store.look("made up"), store.begin(off.token)}
    for change in (store.pause, store.close):
        change(study_id)
        answers |= {store.look(link.token), store.begin(link.token)}
    assert answers == {Refused("unavailable")}
    with pytest.raises(StudyError, match="no such study"):
        store.load("made-up")


def test_a_single_use_link_opens_one_session_and_is_stored_as_a_hash(store, study_id):
    batch = store.add_links(study_id, "single", count=3, label="Monday", arm="quiet")
    assert len({link.token for link in batch}) == 3
    assert store.look(batch[0].token).kind == "single"
    assert store.look(batch[0].token) == store.look(batch[0].token), "looking burns nothing"
    begun = store.begin(batch[0].token)
    assert store.session(begun.session_id).record.arms == ("quiet",)
    assert store.begin(batch[0].token) == Refused("used")
    stored = store.links(study_id)
    assert {link.token for link in stored} == {""}
    assert sum(link.used_at is not None for link in stored) == 1
    assert begun.resume_token not in repr(begun)


def test_only_the_panel_s_named_parameters_are_kept(store, make_design):
    study_id = store.create(make_design(completion=Completion(passed_on=("PROLIFIC_PID", "STUDY_ID"))))
    store.open(study_id)
    (link,) = store.add_links(study_id)
    given = {"PROLIFIC_PID": "5f\0a", "utm_source": "mail", "STUDY_ID": "x" * 999}
    session_id = store.begin(link.token, "xx").session_id
    store.consent(session_id, photos=False, parameters=given)
    record = store.session(session_id).record
    assert record.panel == {"PROLIFIC_PID": "5fa", "STUDY_ID": "x" * 200}
    assert record.language == "en"


def test_events_are_numbered_without_a_gap_and_each_counts_once(store, take_part):
    session, other = take_part(), take_part()
    mine = session.record.session_id
    rows = session.log.events
    session.log.forget_sink()
    new = [session.log.add("help_opened") for _turn in range(3)]
    assert store.append(mine, [*rows, *new, *new]) == 3
    assert store.append(mine, new) == 0
    assert [event.seq for event in store.events(mine)] == list(range(len(rows) + 3))
    with pytest.raises(ValueError, match="another session"):
        store.append(mine, other.log.events)
    with pytest.raises(StudyError, match="not there"):
        store.append("0" * 32, [one.model_copy(update={"session_id": "0" * 32}) for one in new])


def test_whatever_a_person_or_browser_sends_can_be_stored(store, take_part, day):
    session = take_part()
    session.log.add("note_added", page="a\0b", properties={"odd": "\ud800\0", "not": float("nan")})
    record = session.record
    for text in ("=1+1\0\ud83d", "later"):
        store.answer(
            record.session_id, [AnswerRecord(record.session_id, None, None, "comments", "c", text, day.now)]
        )
    store.add_note(record.session_id, 12.5, "mark", "x\0y", "a@example.org")
    data = store.load(record.study_id)
    assert session.log.trouble is None
    assert (data.events[-1].page, data.events[-1].properties["not"]) == ("ab", None)
    assert [one.value for one in data.answers] == ["later"], "the later answer stands"
    assert [(one.text, one.at_ms) for one in data.notes] == [("xy", 12.5)]


def test_the_study_pauses_when_completed_sessions_fill_it(store, make_design):
    study_id = store.create(make_design(arms=(Arm(name="a", preset="quiet", most=2),)))
    store.open(study_id)
    (link,) = store.add_links(study_id)
    begun = [store.begin(link.token) for _turn in range(2)]
    assert store.begin(link.token) == Refused("full")
    store.end(begun[0].session_id, "completed")
    assert store.summary(study_id).state == "open"
    store.end(begun[1].session_id, "completed")
    store.end(begun[1].session_id, "ended")
    assert store.summary(study_id).sessions == {"completed": 2}
    assert store.summary(study_id).state == "paused"


def test_a_stale_start_gives_its_place_back(store, make_design, day):
    study_id = store.create(make_design(arms=(Arm(name="a", preset="quiet", most=1),)))
    store.open(study_id)
    (link,) = store.add_links(study_id)
    begun = store.begin(link.token)
    day.pass_by(minutes=59)
    store.seen(begun.session_id)
    day.pass_by(minutes=59)
    assert store.begin(link.token) == Refused("full")
    day.pass_by(minutes=2)
    assert isinstance(store.begin(link.token), Begun)


def test_who_closes_the_page_is_in_the_results_once_nobody_can_come_back(store, take_part, day):
    session = take_part(resume=Resume(most_hours=2))
    study_id = session.record.study_id
    session.screen({"adult": "yes"})
    session.start_task()
    without_consent = take_part(study_id, consent=False)
    day.pass_by(hours=2)
    still_there = take_part(study_id)
    left = day.now - timedelta(hours=2)
    day.pass_by(seconds=1)
    assert store.summary(study_id).sessions == {"ended": 1, "live": 1, "declined": 1}
    state = store.session(session.record.session_id).record
    assert (state.status, state.ended_at) == ("ended", left)
    [value] = values(store.load(study_id), "time_to_accepted_photo_ms")
    assert not value.value.reached
    silent = store.session(without_consent.record.session_id).record
    assert (silent.status, silent.participant_id, silent.language) == ("declined", "", "en")
    day.pass_by(hours=3)
    still_there.seen()
    assert [one.session_id for one in store.live_sessions(study_id)] == [still_there.record.session_id]
    day.pass_by(minutes=61)
    assert store.summary(study_id).sessions == {"ended": 2, "declined": 1}


def _begin(url, token, ready, go, answers):
    database = open_database(url)
    ready.release()
    go.wait()
    answers.put(isinstance(StudyStore(database).begin(token), Begun))


def test_two_processes_that_start_at_once_cannot_both_take_the_last_place(database_url, make_design):
    store = StudyStore(open_database(database_url))
    study_id = store.create(make_design(arms=(Arm(name="a", preset="quiet", most=1),)))
    store.open(study_id)
    (link,) = store.add_links(study_id)
    context = multiprocessing.get_context("fork")
    store.database.close()
    ready, go, answers = context.Semaphore(0), context.Event(), context.Queue()
    both = [
        context.Process(target=_begin, args=(database_url, link.token, ready, go, answers))
        for _turn in range(2)
    ]
    for process in both:
        process.start()
    for _process in both:
        ready.acquire()
    go.set()
    assert sorted(answers.get(timeout=60) for _process in both) == [False, True]
    for process in both:
        process.join(60)
    assert len(store.load(study_id).sessions) == 1
    store.database.close()


WRITER = """
import sys
from core.study.database import open_database
from core.study.session import StudySession
from core.study.store import StudyStore
from core.study.store.sessions import Begun
session = StudySession.open(StudyStore(open_database(sys.argv[1])), Begun(sys.argv[2], ""))
while True:
    row = session.log.add("help_opened")
    if session.log.trouble is None:
        print(row.event_id, flush=True)
"""


def test_a_server_killed_in_the_middle_loses_no_acknowledged_event(database_url, take_part, store):
    session = take_part()
    server = subprocess.Popen(
        [sys.executable, "-c", WRITER, database_url, session.record.session_id],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    acknowledged = [server.stdout.readline().strip() for _turn in range(25)]
    os.kill(server.pid, signal.SIGKILL)
    acknowledged += [line.strip() for line in server.stdout.read().splitlines() if len(line.strip()) == 32]
    server.wait(60)
    events = store.events(session.record.session_id)
    assert set(acknowledged) <= {event.event_id for event in events}
    assert [event.seq for event in events] == list(range(len(events)))


def test_twenty_sessions_at_once_neither_lose_nor_mix_anything_up(store, make_design):
    study_id = store.create(make_design(screening=()))
    store.open(study_id)
    (link,) = store.add_links(study_id)
    together = threading.Barrier(20)

    def one(_number):
        together.wait(60)
        session = StudySession.open(store, store.begin(link.token))
        session.consent()
        session.start_task()
        for number in range(4):
            session.log.add("prompt_shown", properties={"of": session.record.session_id, "number": number})
        session.complete_task()
        session.submit({"seq": 4})
        return session.record.session_id, session.log.trouble

    with ThreadPoolExecutor(20) as pool:
        done = dict(pool.map(one, range(20)))
    data = store.load(study_id)
    assert done == dict.fromkeys((one.session_id for one in data.sessions), None)
    assert set(Counter(one.arms for one in data.sessions).values()) == {10}
    for session_id in done:
        own = [event for event in data.events if event.session_id == session_id]
        assert [event.seq for event in own] == list(range(len(own)))
        prompts = [event.properties for event in own if event.event == "prompt_shown"]
        assert prompts == [{"of": session_id, "number": number} for number in range(4)]


def test_a_database_in_memory_serves_several_threads():
    store = StudyStore(memory_database())
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _number: store.studies(), range(8))) == [()] * 8
