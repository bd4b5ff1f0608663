"""The Server page: who sees it, what it shows, and that it looks into things again when asked to."""

import pytest

from core.ready import Check
from core.serving import counters
from core.ui import operator, studies_access
from tests.pages.researcher_desk import PASSPHRASE, Desk


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """A server of its own; what its checks find, by turn."""
    monkeypatch.setenv("RETAKE_DATA", str(tmp_path))
    monkeypatch.setenv("RETAKE_DATABASE_URL", "")
    monkeypatch.setenv("RETAKE_RESEARCHER_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("RETAKE_METRICS_TOKEN", "a-token-of-16-or-more")
    monkeypatch.setenv("RETAKE_LIVE", "server")
    operator._readiness.clear()
    turns = [[Check("imageqx")], [Check("imageqx", "The file is <missing>. Restore it.")]]
    monkeypatch.setattr(operator, "checks", lambda: turns.pop(0))
    yield turns
    operator._readiness.clear()


def test_whoever_is_not_signed_in_sees_the_sign_in_alone(looked):
    visit = Desk("operator")
    assert "For whoever runs this server" in visit.text
    for told in ("Everything is ready", "imageqx", "SHA-256", "RETAKE_METRICS_TOKEN"):
        assert told not in visit.text
    assert "Download as JSON" not in visit.downloads
    assert "Server" not in visit.links, "and no page leads to it"
    assert len(looked) == 2, "nothing was looked into for a stranger"


def test_whoever_runs_the_server_sees_all_and_no_secret(looked):
    counters.refused("upload", "corrupt")
    visit = Desk("operator").sign_in()
    assert "Server" in visit.links
    for told in (
        "Everything is ready",
        "The network imageqx",
        "Damaged or incomplete",
        "SQLite",
        "Open pages",
    ):
        assert told in visit.text
    assert "RETAKE_METRICS_TOKEN" in visit.text
    for secret in (PASSPHRASE, "a-token-of-16-or-more"):
        assert secret not in visit.text
    assert "Download as JSON" in visit.downloads
    visit.run()
    assert len(looked) == 1, "what was looked into is kept for a while"
    visit.press("operator-again")
    assert "1 thing needs you" in visit.text
    assert "The file is &lt;missing&gt;. Restore it." in visit.text
    visit.press("studies-sign-out")
    assert "1 thing needs you" not in visit.text


def test_an_address_that_the_server_does_not_name_is_told_nothing(looked, monkeypatch):
    monkeypatch.setattr(studies_access, "identity", lambda: "somebody@else.example")
    monkeypatch.setenv("RETAKE_RESEARCHERS", "ann@clinic.example")
    visit = Desk("operator")
    assert "who may see this page" in visit.text
    assert "imageqx" not in visit.text
    assert "Server" not in visit.links
    monkeypatch.setattr(studies_access, "identity", lambda: "ann@clinic.example")
    assert "Everything is ready" in visit.run().text
