from typing import get_args

import pytest

from core.browser.choice import WAYS, Lack, choose, name_of


def chosen(**given):
    usual = {"fixed": "", "asked": "", "picked": None, "lacking": None}
    return choose(**{**usual, **given})


def test_the_device_comes_first():
    assert chosen().way == "device"
    assert not chosen().why
    assert not chosen().fixed


@pytest.mark.parametrize("lacking", get_args(Lack))
def test_where_the_device_cannot_the_server_does_and_says_why(lacking):
    fallen = chosen(lacking=lacking)
    assert fallen.way == "server"
    assert "on the server" in fallen.why


def test_each_reason_has_its_own_sentence():
    assert len({chosen(lacking=lacking).why for lacking in get_args(Lack)}) == 3


def test_a_study_goes_before_the_person_and_the_person_before_the_address():
    assert chosen(fixed="server", picked="device", asked="device").way == "server"
    assert chosen(fixed="server").fixed
    assert chosen(picked="server", asked="device").way == "server"
    assert chosen(asked="server").way == "server"
    assert not chosen(asked="server").fixed


def test_a_study_cannot_have_what_is_not_there():
    fallen = chosen(fixed="device", lacking="files")
    assert fallen.way == "server"
    assert fallen.why


def test_an_address_with_another_word_changes_nothing():
    assert chosen(asked="elsewhere").way == "device"


def test_a_setting_with_another_word_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="RETAKE_LIVE to device or server"):
        chosen(fixed="elsewhere")


def test_each_way_has_its_name():
    assert len({name_of(way) for way in WAYS}) == 2
