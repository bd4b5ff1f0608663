import re
import socket

import pytest

from scripts import replicas


@pytest.fixture
def taken():
    """A port that something listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def fails(capsys, *arguments):
    """The one sentence with which it ends."""
    assert replicas.main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    return line


def test_the_operators_file_is_run_with_other_ports_and_nothing_else_of_an_operator():
    made = replicas.configuration(8500, (9001, 9002))
    assert re.findall(r"listen (.*);", made) == ["127.0.0.1:8500"]
    assert set(re.findall(r":(\d+)", made)) == {"8500", "9001", "9002"}
    assert not re.search(r"ssl|server_name|/etc/|Strict-Transport", made.partition("server {")[2])
    assert made.count("retake_one") == replicas.CONFIGURATION.read_text().count("retake_one")


def test_what_all_servers_have_alike_is_made_up_where_it_is_not_named():
    first, second = replicas.alike({}), replicas.alike({replicas.COOKIE_SECRET: "named"})
    assert len(set(first.values())) == 2
    assert second[replicas.COOKIE_SECRET] == "named"
    assert first != replicas.alike({})


def test_a_port_in_use_and_none_at_all_are_a_sentence(capsys, taken):
    assert fails(capsys, "--port", str(taken)).startswith(f"Port {taken} cannot be had")
    assert "Choose another" in fails(capsys, "--port", "70000")


def test_a_database_that_is_not_there_is_a_sentence(capsys, monkeypatch):
    monkeypatch.setenv("RETAKE_DATABASE_URL", "postgresql://retake@127.0.0.1:1/none")
    assert "cannot be opened" in fails(capsys, "--port", "0")


def test_a_missing_nginx_is_a_sentence_that_names_its_package(monkeypatch):
    monkeypatch.setattr(replicas, "find_tool", lambda name: None)
    with (
        pytest.raises(replicas.ReplicasError, match="apt-get install nginx-light"),
        replicas.nginx(1, (2, 3)),
    ):
        pass
