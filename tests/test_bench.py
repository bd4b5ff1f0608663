import json
import sys
from types import SimpleNamespace

import pytest

import core.cli.bench
from core import bench as bench_module
from core.__main__ import main
from core.bench import TORCH_KEYS, app_first_page_s, bench, machine, medians_ms, resident_memory_mb
from core.explain.gradients import MissingTorchError


class TestMedians:
    def test_subjects_take_turns_and_the_first_round_is_left_out(self):
        order, now = [], [0.0]
        # What each call of a and b takes, in seconds, the unmeasured one first.
        costs = {"a": iter([100, 1, 5, 3]), "b": iter([100, 20, 10, 60])}

        def subject(name):
            def run():
                order.append(name)
                now[0] += next(costs[name])

            return run

        found = medians_ms({"a": subject("a"), "b": subject("b")}, 3, lambda: now[0])
        assert order == ["a", "b"] * 4
        assert found == {"a": 3000, "b": 20000}


def leave_out_processes(patch):
    """What starts other processes is made up."""
    patch.setattr(bench_module, "resident_memory_mb", lambda: (300.0, False))
    patch.setattr(bench_module, "app_first_page_s", lambda clock: (1.5, 2.5))


@pytest.fixture(scope="module")
def ran():
    """A whole run: its figures, its progress, threads of each engine that it opened, torch's at the end."""
    import torch

    told, opened = [], []
    real = bench_module.open_engine

    def opening(name, manifest, threads):
        opened.append(threads)
        return real(name, manifest, threads)

    torch.set_num_threads(2)
    with pytest.MonkeyPatch.context() as patch:
        leave_out_processes(patch)
        patch.setattr(bench_module, "open_engine", opening)
        figures = bench(rounds=1, threads=1, progress=told.append)
    return figures, told, opened, torch.get_num_threads()


@pytest.fixture
def without_torch(monkeypatch):
    def missing(*args):
        raise MissingTorchError

    leave_out_processes(monkeypatch)
    monkeypatch.setattr(bench_module, "Gradients", missing)


KEYS = {
    "threads",
    "rounds",
    "imageqx_onnx_ms",
    "lesion_onnx_ms",
    "closed_form_cam_ms",
    "closed_form_map_ms",
    "jpeg_12mp_to_verdict_ms",
    "resident_memory_mb",
    "torch_imported_while_serving",
    "app_first_page_s",
    "app_first_run_s",
    "notes",
    "cpu_count",
    "cpu",
    "system",
    "python",
    "versions",
    *TORCH_KEYS,
}


def test_every_figure_is_there(ran):
    figures, told, _opened, _threads = ran
    assert set(figures) == KEYS
    for key in KEYS - {"notes", "cpu", "system", "python", "versions", "torch_imported_while_serving"}:
        assert figures[key] > 0, key
    assert figures["imageqx_speedup"] == pytest.approx(
        figures["imageqx_torch_eager_channels_last_ms"] / figures["imageqx_onnx_ms"]
    )
    assert figures["cam_speedup"] == pytest.approx(
        figures["pytorch_grad_cam_ms"] / figures["closed_form_cam_ms"]
    )
    assert told
    json.dumps(figures)


def test_without_torch_its_figures_are_null_with_a_note(without_torch):
    figures = bench(rounds=1, threads=1)
    assert set(figures) == KEYS
    for key in TORCH_KEYS:
        assert figures[key] is None
        assert "pip install" in figures["notes"][key]
    assert figures["imageqx_onnx_ms"] > 0


def test_an_app_that_does_not_start_is_null_with_its_reason(without_torch, monkeypatch):
    def fail(clock):
        raise RuntimeError("port in use")

    monkeypatch.setattr(bench_module, "app_first_page_s", fail)
    figures = bench(rounds=1, threads=1)
    assert figures["app_first_page_s"] is None
    assert figures["app_first_run_s"] is None
    assert figures["notes"]["app_first_page_s"] == "port in use"


def test_networks_get_as_many_threads_in_both_runtimes(ran):
    _figures, _told, opened, threads = ran
    assert opened == [1, 1]
    assert threads == 1


def test_memory_is_that_of_a_process_without_torch():
    megabytes, torch_imported = resident_memory_mb()
    assert 50 < megabytes < 4000
    assert not torch_imported


def test_the_app_answers_and_then_its_page_is_drawn(tmp_path):
    app, witness = tmp_path / "app.py", tmp_path / "witness"
    app.write_text(
        f"import pathlib, streamlit as st\nst.title('hello')\npathlib.Path({str(witness)!r}).touch()\n"
    )
    ticks = iter(range(10**9))
    answered, drawn = app_first_page_s(lambda: next(ticks) / 1000, app)
    assert 0 < answered <= drawn
    assert witness.exists()


def test_an_app_that_is_not_there_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="does not exist"):
        app_first_page_s(lambda: 0.0, tmp_path / "nothing.py")


def test_an_app_that_does_not_answer_in_time_is_given_up():
    with pytest.raises(RuntimeError, match="no answer"):
        app_first_page_s(lambda: 0.0, limit_s=0.01)


def test_machine_names_versions():
    found = machine()
    assert found["cpu_count"] >= 1
    assert found["versions"]["onnxruntime"]
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))


MADE_UP = {"rounds": 7, "samples": [[0.5 * turn, 400.0 + turn] for turn in range(12)]}
ACTIONS = {
    (): "core.cli.bench.bench",
    ("archive",): "core.distributed.throughput.throughput",
    ("browser",): "core.cli.bench_browser.bench",
    ("soak",): "core.cli.bench_load.soak",
}


@pytest.fixture(params=ACTIONS, ids=lambda words: words[0] if words else "bench")
def action(request, monkeypatch):
    """The words of each bench that has ``--json``, which finds made-up figures at once."""
    monkeypatch.setattr(ACTIONS[request.param], lambda *given, **named: dict(MADE_UP))
    monkeypatch.setattr("core.cli.bench_archive.package", lambda name: None)
    without_ray = SimpleNamespace(assess_archive=None)
    monkeypatch.setitem(sys.modules, "core.distributed.archive", without_ray)
    monkeypatch.setattr("core.cli.bench_browser.table", lambda found: f"rounds: {found['rounds']}")
    monkeypatch.setattr("core.cli.bench_browser.machine", dict)
    return ["bench", *request.param]


def test_each_bench_prints_its_figures_and_writes_them(capsys, action, tmp_path):
    path = tmp_path / "new" / "bench.json"
    assert main([*action, "--json", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == json.dumps(MADE_UP, indent=2) + "\n"
    printed = capsys.readouterr()
    assert "rounds" in printed.out
    assert printed.err == ""


def test_a_file_that_cannot_be_written_is_one_sentence_and_the_figures_are_printed(capsys, action, tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "bench.json"
    assert main([*action, "--json", str(path)]) == 1
    printed = capsys.readouterr()
    assert "rounds" in printed.out
    assert printed.err.startswith(f"{path} could not be written (")
    assert printed.err.count("\n") == 1


def test_a_plot_that_cannot_be_written_keeps_no_figures_back(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("core.cli.bench_load.soak", lambda *given, **named: dict(MADE_UP))
    path, plot = tmp_path / "soak.json", tmp_path / "soak.svg"
    assert main(["bench", "soak", "--json", str(path), "--svg", str(tmp_path)]) == 1
    assert json.loads(path.read_text()) == MADE_UP
    assert capsys.readouterr().err.startswith(f"{tmp_path} could not be written (")
    assert main(["bench", "soak", "--svg", str(plot)]) == 0
    assert "MiB a minute" in plot.read_text(encoding="utf-8")


def test_the_numbers_that_were_asked_for_are_used(capsys, monkeypatch):
    monkeypatch.setattr(
        core.cli.bench, "bench", lambda rounds, threads, progress: {"rounds": rounds, "threads": threads}
    )
    assert main(["bench", "--rounds", "7", "--threads", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rounds": 7, "threads": 2}
