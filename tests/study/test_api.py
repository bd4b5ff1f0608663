"""The results API: a token reads its study, and everything else gets one answer."""

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from core.study.access import Access
from core.study.api import PATH, results_route
from core.study.demo import demo_study

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def people(database, day):
    return Access(database, day, QUICK, given="")


@pytest.fixture
def client(store, people):
    return TestClient(Starlette(routes=[Route(PATH, results_route(lambda: store, lambda: people))]))


def test_a_token_reads_its_study_and_no_other(client, store, people):
    study_id, other = store.add_data(demo_study()), store.add_data(demo_study())
    token = people.new_api_token(study_id, "dashboard", "ann@example.org")
    address = f"/api/studies/{study_id}/results"
    found = client.get(address, params={"token": token})
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    told = found.json()
    assert (told["simulated"], told["sessions"]["completed"]) == (True, 39)
    outcome = told["measures"][told["primary"]]
    assert set(outcome["arms"]) == {"plain", "coached"}
    [compared] = outcome["comparisons"]
    assert 0 < compared["p"] < 0.05
    assert "P001" not in found.text
    assert client.get(address, headers={"Authorization": f"Bearer {token}"}).json() == told
    refused = [
        client.get(f"/api/studies/{other}/results", params={"token": token}),
        client.get("/api/studies/nothing/results", params={"token": token}),
        client.get(address, params={"token": "wrong"}),
        client.get(address),
    ]
    assert {(one.status_code, one.text) for one in refused} == {(404, '{"error":"not found"}')}


def test_an_empty_study_has_no_measures(client, store, people, make_design):
    study_id = store.create(make_design())
    token = people.new_api_token(study_id, "", "ann@example.org")
    assert client.get(f"/api/studies/{study_id}/results?token={token}").json()["measures"] == {}
