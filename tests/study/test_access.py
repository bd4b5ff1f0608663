from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from core.study.access import RESEARCHER, TRIES, TRIES_OF_ALL, Access, TooManyTries
from core.study.faults import StudyError

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def access(database, day):
    return Access(database, day, QUICK, given="")


def test_a_first_passphrase_is_made_once_and_opens(access, database, day):
    made = access.first_passphrase()
    assert access.first_passphrase() is None
    assert Access(database, day, QUICK, given="").sign_in(made, "me"), "also on another server"
    assert not access.sign_in("wrong", "me")
    again = access.new_passphrase()
    assert again != made
    assert not access.sign_in(made, "me")
    assert access.sign_in(again, "me")


def test_the_one_that_is_set_for_the_server_goes_first(access, database, day, monkeypatch):
    made = access.first_passphrase()
    monkeypatch.setenv("RETAKE_RESEARCHER_PASSPHRASE", "set by hand")
    other = Access(database, day, QUICK)
    assert other.first_passphrase() is None
    with pytest.raises(StudyError, match="RETAKE_RESEARCHER_PASSPHRASE"):
        other.new_passphrase()
    assert other.sign_in("set by hand", "me")
    assert not other.sign_in(made, "me")


def test_without_any_passphrase_nothing_opens(access):
    assert not access.sign_in("", "me")


def test_tries_are_limited_for_a_caller_and_that_survives_a_restart(access, database, day):
    made = access.first_passphrase()
    for _turn in range(TRIES):
        assert not access.sign_in("guess", "them")
    again = Access(database, day, QUICK, given="")
    with pytest.raises(TooManyTries):
        again.sign_in(made, "them")
    assert again.sign_in(made, "me"), "others are not kept out"
    day.pass_by(minutes=15)
    assert again.sign_in(made, "them")


def test_tries_are_limited_for_all_callers_together(access, day, database):
    from core.study.tables import TryRow

    made = access.first_passphrase()
    with database.writing() as db:
        db.add_all(TryRow(caller=f"{n:064}", at=day.now) for n in range(TRIES_OF_ALL))
    with pytest.raises(TooManyTries):
        access.sign_in(made, "somebody else")


def test_no_address_of_a_caller_is_stored(access, database):
    from sqlalchemy import select

    from core.study.tables import AuditRow, TryRow

    access.sign_in("guess", "203.0.113.7")
    with database.reading() as db:
        stored = [row.caller for row in db.scalars(select(TryRow))]
        stored += [row.detail + row.identity for row in db.scalars(select(AuditRow))]
    assert not any("203.0.113.7" in text for text in stored)


def test_roles_say_who_may_do_what(access, store, make_design):
    study_id = store.create(make_design(), owner="ada@example.org")
    access.set_role(study_id, " Bob@Example.org ", "collaborator")
    access.set_role(study_id, "eve@example.org", "viewer")
    may = {
        who: [one for one in ("view", "facilitate", "edit", "manage") if access.may(who, study_id, one)]
        for who in (RESEARCHER, "ada@example.org", "BOB@example.org", "eve@example.org", "x@example.org", "")
    }
    everything = ["view", "facilitate", "edit", "manage"]
    assert list(may.values()) == [everything, everything, everything[:3], everything[:1], [], []]
    assert access.studies_of("eve@example.org") == {study_id}
    assert access.studies_of(RESEARCHER) is None
    assert not access.may("eve@example.org", "made-up", "view")
    access.set_role(study_id, "eve@example.org", None)
    assert list(access.roles(study_id)) == ["ada@example.org", "bob@example.org"]
    with pytest.raises(StudyError, match="e-mail"):
        access.set_role(study_id, RESEARCHER, "viewer")


def test_what_researchers_do_is_written_down_and_outlives_the_study(access, store, make_design, day):
    from core.study.retention import delete_study

    study_id = store.create(make_design())
    access.audit("ada@example.org", "viewed_results", study_id, "arm=coach")
    day.pass_by(minutes=1)
    access.audit("ada@example.org", "deleted", study_id)
    access.audit("ada@example.org", "signed_in")
    delete_study(store, study_id)
    entries = access.audit_log(study_id)
    assert [one.action for one in entries] == ["viewed_results", "deleted"]
    assert entries[1].at - entries[0].at == timedelta(minutes=1)
    assert len(access.audit_log()) == 3


def test_a_token_reads_one_study_until_it_is_revoked(access, store, make_design):
    one, other = (store.create(make_design()) for _turn in range(2))
    token = access.new_api_token(one, "notebook", RESEARCHER)
    assert [access.token_reads(token, study) for study in (one, other, "made-up")] == [True, False, False]
    (listed,) = access.api_tokens(one)
    assert listed.used_at is not None
    assert token not in repr(listed)
    access.revoke_api_token(one, listed.token_id)
    assert not access.token_reads(token, one)


@pytest.mark.parametrize(
    ("named", "may", "may_not"),
    [
        ("", (RESEARCHER,), ("ada@example.org", "", "@")),
        ("Ada@Example.org , bob@example.org", ("ada@example.org", " BOB@example.org"), ("eve@example.org",)),
        (
            "*@lab.example",
            ("ada@lab.example", "Bob@LAB.example"),
            ("ada@sub.lab.example", "ada@lab.example.org", "lab.example", "ada@lab.example@else.org", "*"),
        ),
        ("*, *@, @lab.example,", (RESEARCHER,), ("ada@lab.example", "ada@", "")),
    ],
)
def test_who_may_make_studies(database, day, named, may, may_not):
    access = Access(database, day, QUICK, given="", researchers=named)
    assert [who for who in (*may, *may_not) if access.may_create(who)] == list(may)
    assert access.names_researchers == bool(named)
