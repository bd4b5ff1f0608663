import pytest

from core.live.ice import IceError, rtc_configuration


def test_nothing_is_contacted_by_default():
    assert rtc_configuration({}) == {"iceServers": []}


@pytest.mark.parametrize(
    "value",
    [
        "stun:a.example:3478, stun:b.example",
        '["stun:a.example:3478", "stun:b.example"]',
        '[{"urls": "stun:a.example:3478"}, "stun:b.example"]',
    ],
)
def test_servers_come_from_the_environment(value):
    assert rtc_configuration({"RETAKE_ICE_SERVERS": value}) == {
        "iceServers": [{"urls": "stun:a.example:3478"}, {"urls": "stun:b.example"}]
    }


def test_a_relay_has_a_name_and_a_password():
    turn = {
        "RETAKE_TURN_URL": "turn:relay.example:3478",
        "RETAKE_TURN_USERNAME": "retake",
        "RETAKE_TURN_PASSWORD": "secret",
    }
    server = {"urls": "turn:relay.example:3478", "username": "retake", "credential": "secret"}
    assert rtc_configuration(turn) == {"iceServers": [server]}
    both = rtc_configuration({**turn, "RETAKE_ICE_SERVERS": "stun:a.example"})
    assert both == {"iceServers": [{"urls": "stun:a.example"}, server]}


def test_a_relays_secret_stays_here_and_browsers_get_what_ends_within_two_hours():
    turn = {"RETAKE_TURN_URL": "turn:relay.example:3478", "RETAKE_TURN_SECRET": "north"}
    now = 1_700_000_000.0  # 800 s past the hour
    [server] = rtc_configuration(turn, now)["iceServers"]
    assert server["urls"] == "turn:relay.example:3478"
    ends, _colon, _name = server["username"].partition(":")
    assert int(ends) == 1_700_006_400
    # What coturn computes of the name: printf NAME | openssl dgst -sha1 -hmac north -binary | base64
    assert server["credential"] == "XPXZ88k7irjn/cxE1xWkinx0t8Q="
    assert rtc_configuration(turn, now + 2_799)["iceServers"] == [server], "the same until the hour is full"
    assert rtc_configuration(turn, now + 2_800)["iceServers"] != [server]
    assert "north" not in str(server)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"RETAKE_TURN_URL": ""}, "Set RETAKE_TURN_URL too"),
        ({"RETAKE_TURN_PASSWORD": "p"}, "a secret, or a name and a password"),
    ],
)
def test_a_secret_needs_an_address_and_no_password(more, says):
    turn = {"RETAKE_TURN_URL": "turn:relay.example:3478", "RETAKE_TURN_SECRET": "north"}
    with pytest.raises(IceError, match=says):
        rtc_configuration(turn | more)


@pytest.mark.parametrize("left_out", ["URL", "USERNAME", "PASSWORD"])
def test_half_a_relay_names_what_is_missing(left_out):
    turn = {f"RETAKE_TURN_{part}": "turn:x" for part in ("URL", "USERNAME", "PASSWORD") if part != left_out}
    with pytest.raises(IceError, match=f"RETAKE_TURN_{left_out}") as caught:
        rtc_configuration(turn)
    assert "turn:x" not in caught.value.message


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("[stun:a", "not valid JSON"),
        ("https://a.example", "stun:example.org:3478"),
        ("[1]", "no connection server"),
        ('[{"url": "stun:a"}]', "no connection server"),
        ('[{"urls": []}]', "no connection server"),
        ('[{"urls": [3]}]', "no connection server"),
    ],
)
def test_a_setting_that_cannot_be_read_says_what_to_do(value, says):
    with pytest.raises(IceError, match=says):
        rtc_configuration({"RETAKE_ICE_SERVERS": value})


def test_a_server_may_have_several_addresses():
    value = '[{"urls": ["stun:a.example", "turn:a.example"], "username": "u", "credential": "c"}]'
    assert rtc_configuration({"RETAKE_ICE_SERVERS": value})["iceServers"][0]["username"] == "u"
