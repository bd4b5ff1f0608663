"""What breaks while the app runs and is put right: it is reported, and nothing needs a restart."""

import hashlib
import shutil

import pytest

from core.quality import registry
from core.ready import problems
from core.runtime.manifest import WEIGHTS_DIR, WeightsError, load_manifest, save_entry
from core.synthetic.phantoms import draw


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """ImageQX as it ships, alone, in a folder of its own; the camera is watched by the server."""
    monkeypatch.setenv("RETAKE_LIVE", "server")
    monkeypatch.delenv("RETAKE_ASSESSOR", raising=False)
    shutil.copy(WEIGHTS_DIR / "imageqx.onnx", tmp_path)
    save_entry("imageqx", load_manifest().networks["imageqx"], tmp_path)
    return tmp_path


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
