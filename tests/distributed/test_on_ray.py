"""A real Ray of two cores, one for all of it: an archive whose run is killed, then the app's networks."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from core.__main__ import main
from core.lesion.networks import open_lesion
from core.quality import registry
from core.runtime.manifest import load_manifest
from core.runtime.ray_connection import OWN, EngineError, connect
from core.synthetic.phantoms import draw
from scripts.setup_env import ROOT

# Ray's own warnings, of its next versions, are not ours.
pytestmark = pytest.mark.filterwarnings("ignore")
PHOTOS = 40
BAD = os.fsdecode(b"caf\xe9.jpg")  # a name that is no Unicode either


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """Its address; its token is made up, so that none is left in anyone's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RETAKE_THREADS", "1")
        connect(OWN, num_cpus=2, include_dashboard=False)
        import ray

        patch.setenv("RETAKE_RAY_ADDRESS", ray.get_runtime_context().gcs_address)
        yield
        from ray import serve

        serve.shutdown()  # else the threads of its handles go on
        ray.shutdown()


@pytest.fixture(scope="module")
def spot():
    return draw("lesion", 5, size=(480, 640), tone=0.3).rgb


@pytest.fixture
def folder(tmp_path, spot):
    """Photos that all show the same, and one that is none."""
    root = tmp_path / "photos"
    root.mkdir()
    Image.fromarray(spot).save(root / "0.jpg")
    for number in range(1, PHOTOS):
        shutil.copy(root / "0.jpg", root / f"{number}.jpg")
    (root / BAD).write_bytes(b"\xff\xd8\xff and nothing more")
    return root


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]


def test_an_archive_whose_run_is_killed_goes_on_where_it_was(folder, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["assess", str(folder), "--engine", "ray", "--jsonl", str(out), "--workers", "1"]
    run = subprocess.Popen([sys.executable, "-m", "core", *words], cwd=ROOT, env={**os.environ}, stdout=-3)
    first = out / "part-00001.jsonl"
    while not (first.exists() and first.read_bytes().count(b"\n") >= 3):
        assert run.poll() is None
        time.sleep(0.02)
    run.kill()
    run.wait()
    with first.open("a") as part:
        part.write('{"path": "')  # as if a line was being written
    before = {row["path"] for row in lines(first)}
    assert 3 <= len(before) < PHOTOS

    assert main(words) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count(f"{PHOTOS + 1 - len(before)} photos assessed") == 1
    assert f"{len(before)} were there already" in shown.err
    rest = lines(out / "part-00002.jsonl")
    assert len(rest) == PHOTOS + 1 - len(before)
    everything = {row["path"]: row for row in [*lines(first), *rest]}
    assert set(everything) == {str(path) for path in folder.iterdir()}
    assert everything.pop(str(folder / BAD))["error"]["code"] == "corrupt"

    assert main(["assess", str(folder / "0.jpg")]) == 0
    here = json.loads(capsys.readouterr().out)
    for row in everything.values():
        assert list(row) == list(here)
        assert row["hint"] == here["hint"]
        assert row["quality"] == pytest.approx(here["quality"], abs=1e-5)
        assert row["explanations"] == pytest.approx(here["explanations"], abs=1e-5)

    # Nothing is left to do, and nothing new is written.
    assert main(words) == 0
    assert sorted(path.name for path in out.iterdir()) == ["made-with.json", first.name, "part-00002.jsonl"]


def test_more_workers_than_cores_are_refused(folder, tmp_path, capsys):
    words = ["assess", str(folder), "--engine", "ray", "--jsonl", str(tmp_path / "out"), "--workers", "3"]
    assert main(words) == 1
    assert capsys.readouterr().err.strip() == "Ray has 2 cores: --workers can be no more than that."


def test_networks_on_ray_answer_as_those_here_do(spot, monkeypatch):
    from core.distributed import deployments  # not at the top: every worker of the tests would load Ray

    manifest = load_manifest()

    def opened():
        return registry.open_assessor("imageqx"), open_lesion("lesion", manifest)

    here = opened()
    assert deployments.start(["imageqx", "lesion"], most=1)[1] is False
    monkeypatch.setenv("RETAKE_ENGINE", "ray")
    there = opened()
    assert {type(one._engine).__name__ for one in there} == {"RayEngine"}

    rule = here[0].rule()
    wanted, found = (assessor.assess(spot, rule) for assessor in (here[0], there[0]))
    assert found.quality == pytest.approx(wanted.quality, abs=1e-5)
    assert found.explanations == pytest.approx(wanted.explanations, abs=1e-5)
    np.testing.assert_allclose(
        there[0].explain(spot, "lesion").heatmap, here[0].explain(spot, "lesion").heatmap, atol=1e-5
    )
    wanted, found = (classifier.predict(spot) for classifier in (here[1], there[1]))
    assert found.labels == wanted.labels
    assert found.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)
    best = wanted.labels[0]
    np.testing.assert_allclose(
        there[1].explain(spot, best).heatmap, here[1].explain(spot, best).heatmap, atol=1e-5
    )

    # Several at once are answered together, each with its own.
    pictures = [np.ascontiguousarray(np.roll(spot, 60 * turn, axis=1)) for turn in range(6)]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda rgb: there[0].assess(rgb, rule).quality, pictures))
    for rgb, quality in zip(pictures, together, strict=True):
        assert quality == pytest.approx(here[0].assess(rgb, rule).quality, abs=1e-5)

    with pytest.raises(EngineError, match="runs no network ordinal"):
        registry.open_assessor("ordinal")
