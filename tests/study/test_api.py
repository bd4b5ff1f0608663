"""The results API: a token reads its study, and everything else gets one answer."""

import json

import pytest
from argon2 import PasswordHasher
from starlette.requests import Request

from core.study.access import Access
from core.study.api import results_route
from core.study.simulate import study
from tests.study.made_up_study import add_data

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def people(database, day):
    return Access(database, day, QUICK, given="")


@pytest.fixture
def ask(store, people):
    """Ask for a study's results; with a token in the address, or in the header."""
    answer = results_route(lambda: store, lambda: people)

    def asked(study_id, query="", bearer=""):
        headers = [(b"authorization", f"Bearer {bearer}".encode())] if bearer else []
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        return answer(Request(scope | {"query_string": query.encode(), "path_params": {"study": study_id}}))

    return asked


def test_a_token_reads_its_study_and_no_other(ask, store, people, make_design):
    study_id, other = add_data(store, study(12, seed=3)), store.create(make_design())
    token = people.new_api_token(study_id, "dashboard", "ann@example.org")
    found = ask(study_id, f"token={token}")
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    told = json.loads(found.body)
    assert (told["simulated"], told["sessions"]["completed"]) == (True, 12)
    outcome = told["measures"][told["primary"]]
    assert set(outcome["arms"]) == {"plain", "coached"}
    [compared] = outcome["comparisons"]
    assert (compared["test"], compared["n"]) == ("log_rank", [6, 6])
    assert 0 < compared["p"] <= 1
    ends = [
        arm["median_interval"]
        for one in told["measures"].values()
        for arm in one["arms"].values()
        if arm["kind"] == "summary"
    ]
    assert any(end and end[1] is None for end in ends), "JSON knows no infinity"
    assert b"P001" not in found.body
    assert ask(study_id, bearer=token).body == found.body
    refused = [
        ask(other, f"token={token}"),
        ask("nothing", f"token={token}"),
        ask(study_id, "token=wrong"),
        ask(study_id),
    ]
    assert {(one.status_code, one.body) for one in refused} == {(404, b'{"error":"not found"}')}


def test_an_empty_study_has_no_measures(ask, store, people, make_design):
    study_id = store.create(make_design())
    token = people.new_api_token(study_id, "", "ann@example.org")
    assert json.loads(ask(study_id, f"token={token}").body)["measures"] == {}
