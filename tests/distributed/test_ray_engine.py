"""The app's side of Ray, with no Ray: what it asks, and what it says where nothing answers."""

import socket
import sys

import numpy as np
import pytest

from core.__main__ import main
from core.explain.closed_form import ImageQXHead
from core.runtime import ray_connection, ray_engine
from core.runtime.engine import open_engine
from core.runtime.manifest import WEIGHTS_DIR, WeightsError, load_manifest
from core.runtime.ray_connection import EngineError, address_setting, answers, connect, workers_environment
from core.runtime.ray_engine import RayEngine, asking

ENTRY = load_manifest().networks["imageqx"]
PATH = WEIGHTS_DIR / ENTRY.file


class Handle:
    """Stands in for Ray Serve's: any of its methods gives the answer, or raises it."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def __getattr__(self, method):
        self.method = method
        return self

    def remote(self, *arguments):
        self.asked.append((self.method, arguments))
        return self

    def result(self, timeout_s):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def no_ray(monkeypatch):
    for name in ("ray", "ray.serve", "ray.data"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")


def test_it_hands_batches_over_and_answers_what_comes_back():
    asked = []

    def ask(method, *arguments):
        asked.append((method, arguments))
        return {"logits": "answer"} if method == "run" else (ENTRY.sha256, ["view", "detail"], ["logits"])

    engine = RayEngine("imageqx", PATH, ask)
    engine.use_threads(2)
    view, detail = np.zeros((1, 3, 8, 8)), np.ones((1, 3, 8, 8))
    assert engine.run(view, detail) == {"logits": "answer"}
    assert asked[0] == ("about", ())
    assert asked[1][0] == "run"
    assert asked[1][1][0] == (view, detail)
    with pytest.raises(ValueError, match="expected 2 batches, got 1"):
        engine.run(view)
    assert set(engine.initialisers(ImageQXHead.NAMES)) == set(ImageQXHead.NAMES)


def test_a_cluster_with_another_network_is_not_asked():
    with pytest.raises(EngineError, match=r"another version of the network imageqx") as error:
        RayEngine("imageqx", PATH, lambda method: ("0" * 64, [], []))
    assert error.value.code == "ray_networks"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [(TimeoutError(), "no answer within 7 s"), (RuntimeError("replica died\nat 3"), "(replica died)")],
)
def test_trouble_with_an_answer_is_one_sentence(monkeypatch, trouble, words):
    handle = Handle(trouble)
    monkeypatch.setattr(ray_engine, "package", lambda name: Serve({"retake-imageqx": handle}))
    ask = asking("imageqx", "head:6379", patience_s=7)
    with pytest.raises(EngineError) as error:
        ask("run", "batches")
    assert handle.asked == [("run", ("batches",))]
    assert words in error.value.message
    assert error.value.message.startswith("The networks on Ray at head:6379 do not answer")
    assert "\n" not in error.value.message


class Serve:
    def __init__(self, handles):
        self.get_app_handle = handles.__getitem__


def test_a_cluster_without_the_network_names_the_command(monkeypatch):
    monkeypatch.setattr(ray_engine, "package", lambda name: Serve({}))
    with pytest.raises(
        EngineError, match=r"head:6379 runs no network mine\. .*python -m core serve-networks"
    ):
        asking("mine", "head:6379")


def test_without_ray_the_app_says_which_package_is_missing(no_ray, monkeypatch):
    monkeypatch.setenv("RETAKE_ENGINE", "ray")
    with pytest.raises(WeightsError, match=r"needs the package ray, .*pip install -r requirements-ray\.txt"):
        open_engine("imageqx")


def test_an_engine_that_is_not_there_is_wrong(monkeypatch):
    monkeypatch.setenv("RETAKE_ENGINE", "rye")
    with pytest.raises(WeightsError, match=r"no engine rye\. Set RETAKE_ENGINE to one of: onnx, ray"):
        open_engine("imageqx")


class Ray:
    """Stands in for the package: nobody is to get as far as its own waiting."""

    def __init__(self, init=None):
        self.given, self._init = [], init

    def is_initialized(self):
        return False

    def init(self, **given):
        self.given.append(given)
        if self._init:
            raise self._init


def test_an_address_that_does_not_answer_is_never_handed_to_ray(monkeypatch):
    ray = Ray()
    real = ray_connection.package
    monkeypatch.setattr(ray_connection, "package", lambda name="ray": ray if name == "ray" else real(name))
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))  # bound, and nobody listens
        where = f"127.0.0.1:{busy.getsockname()[1]}"
        with pytest.raises(EngineError, match=f"No Ray answers at {where}.*RETAKE_RAY_ADDRESS"):
            connect(where)
    for nonsense in ("head", "head:port", "", ":6379"):
        assert not answers(nonsense)
    assert ray.given == []


def test_something_that_listens_and_is_no_ray_is_found_out():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert not answers(f"127.0.0.1:{mute.getsockname()[1]}", patience_s=0.3)


@pytest.mark.parametrize(
    ("error", "address", "words"),
    [
        (ConnectionError("none found"), None, "No Ray runs on this computer."),
        (SystemExit(15), "auto", "could not be joined (15)"),
        (RuntimeError("Version mismatch:\nmore"), "auto", "could not be joined (Version mismatch:)"),
    ],
)
def test_what_ray_says_becomes_a_sentence(monkeypatch, error, address, words):
    monkeypatch.setattr(ray_connection, "package", lambda name="ray": Ray(error))
    with pytest.raises(EngineError) as raised:
        connect(address)
    assert words in raised.value.message


def test_our_own_address_goes_before_rays_and_workers_never_ask_ray_themselves():
    assert address_setting({"RETAKE_RAY_ADDRESS": "a:1", "RAY_ADDRESS": "b:2"}) == "a:1"
    assert address_setting({"RAY_ADDRESS": "b:2"}) == "b:2"
    assert address_setting({}) is None
    given = workers_environment({"RETAKE_ENGINE": "ray", "RETAKE_THREADS": "3", "RETAKE_PHOTO_KEY": "secret"})
    assert (given["RETAKE_ENGINE"], given["RETAKE_THREADS"]) == ("", "3")
    assert "RETAKE_PHOTO_KEY" not in given


class TestCommands:
    @pytest.mark.parametrize(
        "words",
        [
            ["--engine", "ray"],
            ["--engine", "ray", "--jsonl", "OUT", "--cam", "maps"],
            ["--engine", "ray", "--jsonl", __file__],
            ["--workers", "2"],
            ["--engine", "ray", "--jsonl", "OUT", "--workers", "0"],
        ],
    )
    def test_wrong_usage_of_assess(self, words, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert main(["assess", "photos", *words]) == 2
        assert "error:" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        "words",
        [["assess", ".", "--engine", "ray", "--jsonl", "out"], ["serve-networks"], ["bench", "archive"]],
    )
    def test_without_ray_each_says_so_and_leaves_nothing(self, no_ray, words, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert main(words) == 1
        shown = capsys.readouterr()
        assert shown.out == ""
        assert shown.err.count("\n") == 1
        assert "needs the package ray" in shown.err
        assert not list(tmp_path.iterdir())

    def test_a_network_that_is_not_there_is_wrong_usage(self, capsys):
        assert main(["serve-networks", "imageqx", "mine"]) == 2
        assert "There is no network mine; choose from: imageqx," in capsys.readouterr().err
