import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from scripts import phone

NOW = datetime.now(UTC)


def connect(certificate, key, name):
    """A TLS handshake with a server that shows this certificate, by a client that trusts it alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    near, far = socket.socketpair()
    errors = []

    def answer():
        try:
            context.wrap_socket(far, server_side=True).close()
        except OSError as error:
            errors.append(error)

    server = threading.Thread(target=answer)
    server.start()
    try:
        trusting.wrap_socket(near, server_hostname=name).close()
    finally:
        near.close()
        server.join()
        far.close()


def test_a_phone_that_trusts_the_certificate_may_connect_to_every_address(tmp_path):
    certificate, key = phone.make_certificate(tmp_path / "new", ["192.168.1.20", "10.0.0.3"], NOW)
    for name in ("192.168.1.20", "10.0.0.3", "127.0.0.1", "localhost"):
        connect(certificate, key, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(certificate, key, "192.168.1.99")


def test_the_key_is_for_its_owner_alone(tmp_path):
    _certificate, key = phone.make_certificate(tmp_path / "new", ["192.168.1.20"], NOW)
    assert key.stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_certificate_is_kept_while_it_serves(tmp_path):
    certificate, _key = phone.make_certificate(tmp_path, ["192.168.1.20"], NOW)
    first = certificate.read_bytes()

    def made_again(addresses, now):
        phone.make_certificate(tmp_path, addresses, now)
        return certificate.read_bytes() != first

    assert not made_again(["192.168.1.20"], NOW + timedelta(days=30))
    assert made_again(["192.168.1.20"], NOW + phone.VALID_FOR)
    first = certificate.read_bytes()
    assert made_again(["192.168.7.7"], NOW + phone.VALID_FOR)


def test_a_damaged_key_is_replaced(tmp_path):
    certificate, key = phone.make_certificate(tmp_path, ["192.168.1.20"], NOW)
    key.write_text("nothing")
    phone.make_certificate(tmp_path, ["192.168.1.20"], NOW)
    connect(certificate, key, "localhost")


def test_only_addresses_that_a_phone_may_reach_are_offered():
    found = ["127.0.0.1", "169.254.3.4", "192.168.1.20", "10.0.0.3", "::1"]
    assert phone.usable(found) == ["10.0.0.3", "192.168.1.20"]
    assert phone.usable(found, first="192.168.1.20") == ["192.168.1.20", "10.0.0.3"]


def test_the_code_in_the_terminal_reads_as_the_link():
    said = phone.announce(["192.168.1.20", "10.0.0.3"], 8501)
    assert "https://192.168.1.20:8501\n" in said
    assert "https://10.0.0.3:8501\n" in said
    assert "\033[" not in said

    rows = phone.qr_code("https://192.168.1.20:8501", coloured=False).splitlines()
    halves = {" ": (255, 255), "▀": (0, 255), "▄": (255, 0), "█": (0, 0)}
    modules = np.array([[halves[block][half] for block in row] for row in rows for half in (0, 1)], np.uint8)
    picture = cv2.copyMakeBorder(
        np.kron(modules, np.ones((8, 8), np.uint8)), *[32] * 4, cv2.BORDER_CONSTANT, value=255
    )
    text, _corners, _code = cv2.QRCodeDetector().detectAndDecode(picture)
    assert text == "https://192.168.1.20:8501"


def test_colours_make_the_code_black_on_white_on_any_terminal():
    lines = phone.qr_code("https://192.168.1.20:8501", coloured=True).splitlines()
    assert all(line.startswith("\033[30;107m") and line.endswith("\033[0m") for line in lines)


def test_no_network_is_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(phone, "lan_addresses", list)
    assert phone.main([]) == 1
    assert "no network" in capsys.readouterr().err


def test_the_server_gets_the_certificate(monkeypatch, tmp_path, capsys):
    started = []
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    monkeypatch.setattr(phone, "lan_addresses", lambda: ["192.168.1.20"])
    monkeypatch.setattr(phone.os, "execv", lambda path, command: started.append(command))
    monkeypatch.setattr(phone.os, "chdir", lambda path: None)
    phone.main(["--port", "8600"])
    (command,) = started
    options = dict(zip(command[5::2], command[6::2], strict=True))
    connect(options["--server.sslCertFile"], options["--server.sslKeyFile"], "192.168.1.20")
    assert options["--server.address"] == "0.0.0.0"
    assert options["--server.port"] == "8600"
    assert "https://192.168.1.20:8600" in capsys.readouterr().out
