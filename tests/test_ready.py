"""Ready: only where a drawn picture is judged as it should be, and what browsers fetch is there.

What breaks while the app runs and is put right is reported, and nothing needs a restart.
"""

import hashlib
import importlib
import json
import runpy
import shutil
from types import SimpleNamespace

import pytest

from core.__main__ import main
from core.browser import publish
from core.quality import registry
from core.quality.imageqx import ImageQX
from core.ready import KEPT_S, Check, Readiness, checks, problems
from core.runtime.manifest import WEIGHTS_DIR, WeightsError, load_manifest, save_entry
from core.synthetic.phantoms import draw
from core.ui import routes
from scripts.setup_env import ROOT


@pytest.fixture(autouse=True)
def files(monkeypatch):
    """What browsers fetch is there; ``files(False)`` takes it away."""
    monkeypatch.delenv("RETAKE_LIVE", raising=False)
    monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)

    def there(published):
        found = SimpleNamespace(base="") if published else None
        monkeypatch.setattr(publish, "published", lambda name, static, weights: found)

    there(True)
    return there


@pytest.fixture
def weights(tmp_path):
    """ImageQX as it ships, alone, in a folder of its own."""
    shutil.copy(WEIGHTS_DIR / "imageqx.onnx", tmp_path)
    save_entry("imageqx", load_manifest().networks["imageqx"], tmp_path)
    return tmp_path


def test_as_it_ships_it_is_ready(capsys):
    assert main(["ready"]) == 0
    assert capsys.readouterr().out == "Ready\n"


def test_each_thing_that_was_looked_into_is_named(weights):
    assert checks(weights) == [Check("imageqx"), Check("browser")]
    (weights / "manifest.json").unlink()
    (only,) = checks(weights)
    assert only.name == "manifest"


def test_a_broken_or_missing_manifest_is_told(weights):
    (weights / "manifest.json").write_text("{}")
    (told,) = problems(weights)
    assert "manifest.json" in told
    (weights / "manifest.json").unlink()
    (told,) = problems(weights)
    assert "Restore it with: git checkout" in told


def test_altered_and_missing_networks_are_told(weights):
    with (weights / "imageqx.onnx").open("ab") as file:
        file.write(b"more")
    (told,) = problems(weights)
    assert "checksum" in told
    (weights / "imageqx.onnx").unlink()
    (told,) = problems(weights)
    assert "is missing" in told
    (weights / "manifest.json").write_text(json.dumps({"networks": {}}))
    (told,) = problems(weights)
    assert "is missing" in told


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_network_that_answers_something_else_is_told(weights, turns):
    entry = load_manifest().networks["imageqx"]
    mixed = [*entry.labels[turns:], *entry.labels[:turns]]
    save_entry("imageqx", entry.model_copy(update={"labels": mixed}), weights)
    (told,) = problems(weights)
    assert told.startswith("imageqx does not judge a drawn picture as it should.")


def test_a_network_that_cannot_be_run_is_told(weights, monkeypatch):
    def broken(*args, **kwargs):
        raise MemoryError

    monkeypatch.setattr(ImageQX, "assess", broken)
    (told,) = problems(weights)
    assert told.startswith("imageqx does not judge")


def test_without_what_browsers_fetch_it_is_not_ready_unless_the_server_does_it_all(
    weights, files, monkeypatch, capsys
):
    files(False)
    (told,) = problems(weights)
    assert "core.browser.runtime" in told
    monkeypatch.setattr("core.cli.ready.problems", lambda: problems(weights))
    assert main(["ready"]) == 1
    assert capsys.readouterr() == ("", told + "\n")
    monkeypatch.setenv("RETAKE_LIVE", "server")
    assert problems(weights) == []


def test_an_assessor_that_is_none_is_told(weights, monkeypatch):
    monkeypatch.setenv("RETAKE_ASSESSOR", "oracle")
    choices = "imageqx, classical, ordinal"
    sentence = f"There is no assessor oracle. Set RETAKE_ASSESSOR to one of these: {choices}."
    assert problems(weights) == [sentence]
    monkeypatch.setenv("RETAKE_ASSESSOR", "classical")
    assert problems(weights) == []


def test_many_who_ask_do_not_make_it_look_more_than_once_in_a_while():
    looked, now = [], [0.0]

    def look():
        looked.append(now[0])
        return [Check("network", "broken" if len(looked) == 1 else "")]

    readiness = Readiness(look, lambda: now[0])
    for seconds, answer in ((0, ["broken"]), (KEPT_S - 1, ["broken"]), (KEPT_S, []), (KEPT_S + 1, [])):
        now[0] = seconds
        assert readiness.problems() == answer
    assert looked == [0, KEPT_S]


def test_the_entry_answers_beside_its_pages():
    app = importlib.import_module("serve").app
    paths = ["/healthz", "/readyz", "/metrics", "/api/studies/{study}/results"]
    paths.append("/{base:path}live/changes/{token}")
    assert [route.path for route in app._user_routes] == paths


def test_a_setting_that_cannot_be_used_ends_the_start_with_a_sentence(monkeypatch):
    monkeypatch.setenv("RETAKE_ISOLATED", "yes")
    with pytest.raises(SystemExit, match=r"^RETAKE_ISOLATED cannot be yes\. Set it to one of these: 0, 1\.$"):
        runpy.run_path(str(ROOT / "serve.py"))


def test_a_server_answers_200_or_503_with_a_sentence(monkeypatch):
    for found, status, words in (([], 200, b"Ready"), (["This is broken."], 503, b"This is broken.")):
        monkeypatch.setattr(
            routes, "_readiness", Readiness(lambda found=found: [Check("x", one) for one in found])
        )
        answer = routes.readyz(None)
        assert (answer.status_code, answer.body) == (status, words)


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture
def picture():
    return draw("lesion", 3, (240, 320), tone=0.3).rgb


def test_a_network_that_is_altered_while_it_runs_changes_no_verdict_and_is_reported(weights, picture):
    assessor = registry.open_assessor("imageqx", weights)
    before = assessor.assess(picture, assessor.rule())
    whole = (weights / "imageqx.onnx").read_bytes()
    (weights / "imageqx.onnx").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    after = assessor.assess(picture, assessor.rule())
    assert (after.label, after.flagged, after.explanations) == (
        before.label,
        before.flagged,
        before.explanations,
    )
    (sentence,) = problems(weights)
    assert "checksum" in sentence
    assert "git checkout" in sentence
    with pytest.raises(WeightsError):
        registry.open_assessor("imageqx", weights)
    (weights / "imageqx.onnx").write_bytes(whole)
    assert problems(weights) == []


def test_nothing_is_written_beside_the_weights(weights, picture):
    """The folder may be read-only."""
    before = contents(weights)
    assessor = registry.open_assessor("imageqx", weights)
    assessor.assess(picture, assessor.rule())
    assert problems(weights) == []
    assert contents(weights) == before
