"""Visits that can be had back: by whom, and for how long."""

import pytest

from core.study.events import EventLog
from core.visits import Visits


class Photo:
    def __init__(self, nbytes):
        self.nbytes = nbytes


class Server:
    """The visits of a server whose clock and open pages a test sets."""

    def __init__(self, **limits):
        self.now = 0.0
        self.open = set()
        self.visits = Visits(lambda: self.now, self.open.__contains__, **limits)

    def visit(self, page, nbytes=0):
        visit = self.visits.begin(EventLog(lambda: self.now))
        visit.kept["photo"] = Photo(nbytes)
        self.open.add(page)
        self.visits.show(visit, page)
        return visit


@pytest.fixture
def server():
    return Server(kept_s=900, most=3, most_bytes=100)


def test_whoever_has_the_token_has_the_visit_and_nobody_else(server):
    mine, theirs = server.visit("mine"), server.visit("theirs")
    assert server.visits.find(mine.token) is mine
    assert mine.token != theirs.token
    assert min(len(one.token) for one in (mine, theirs)) >= 43, "256 bits"
    for guess in ("", mine.token[:-1], mine.token + "x", mine.log.session_id):
        assert server.visits.find(guess) is None
    assert mine.token not in repr(mine)
    assert mine.token not in mine.log.to_jsonl()


def test_a_visit_waits_a_while_for_a_page_that_was_closed(server):
    visit = server.visit("page")
    server.now = 10_000
    assert server.visits.find(visit.token) is visit, "it is still read"
    server.open.clear()
    server.now += 900
    assert server.visits.find(visit.token) is visit
    server.now += 1
    server.visits.tidy()
    assert server.visits.find(visit.token) is None
    assert visit.kept == {}, "and its photos are gone, whoever else still knows it"


def test_the_log_of_a_visit_that_is_let_go_of_says_when_it_ended(server):
    visit, other = server.visit("page"), server.visit("other")
    server.now = 60
    server.visits.tidy()
    server.open.discard("page")
    server.now = 60 + 901
    server.visits.tidy()
    server.visits.tidy()
    (ended,) = [event for event in visit.log.events if event.event == "session_ended"]
    assert ended.t_ms == 60_000, "when a page last showed it, not when that was found out"
    assert "session_ended" not in [event.event for event in other.log.events]


def test_of_too_many_the_longest_unseen_goes_and_none_that_is_read(server):
    first, second, third = (server.visit(name) for name in "abc")
    server.open.discard("b")
    server.now = 5
    server.visits.tidy()
    server.open.discard("a")
    server.visits.tidy()
    fourth = server.visit("d")
    assert [server.visits.find(one.token) for one in (first, third, fourth)] == [first, third, fourth]
    assert server.visits.find(second.token) is None


def test_of_too_many_bytes_likewise(server):
    old, new = server.visit("a", 60), server.visit("b", 30)
    server.open.discard("a")
    server.visit("c", 30)
    assert server.visits.find(old.token) is None
    assert server.visits.find(new.token) is new


def test_a_visit_that_was_let_go_of_while_it_was_read_can_be_had_back_again(server):
    visit = server.visit("page")
    server.visits.drop(visit)
    assert server.visits.find(visit.token) is None
    server.visits.show(visit, "page")
    assert server.visits.find(visit.token) is visit


def test_a_log_is_found_by_every_name_that_it_had(server):
    visit = server.visit("page")
    page = EventLog(lambda: server.now)
    visit.log.absorb(page)
    for name in (visit.log.session_id, page.session_id):
        assert server.visits.log_of(name) is visit.log
    assert server.visits.log_of("f" * 32) is None
