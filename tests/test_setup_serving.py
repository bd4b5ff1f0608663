import subprocess
import sys

from scripts import drive

HIDING = (sys.executable, str(drive.ROOT / "tests" / "without_torch.py"))


def run(*command):
    return subprocess.run([*HIDING, *command], cwd=drive.ROOT, capture_output=True, text=True)


def test_the_hiding_hides(tmp_path):
    script = tmp_path / "probe.py"
    script.write_text("import importlib.util\nprint(importlib.util.find_spec('torch'))\nimport torch\n")
    answer = run(str(script))
    assert answer.stdout.strip() == "None"
    assert "ModuleNotFoundError" in answer.stderr


def test_the_app_starts_and_serves_where_torch_is_not_installed(tmp_path):
    # What its pages do there is seen by the browser tests, which run against such a server.
    with drive.serve(tmp_path / "log", {"RETAKE_DATA": str(tmp_path)}, HIDING) as server:
        assert "Traceback" not in server.printed()


def test_what_needs_torch_says_how_to_add_it():
    answer = run("-m", "core", "train", "lesion", "--data", "nowhere", "--out", "nowhere")
    assert answer.returncode != 0
    assert "requirements.txt" in answer.stderr
    assert "Traceback" not in answer.stderr
