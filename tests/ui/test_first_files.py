"""What is named for the camera's page, by the server's settings."""

import asyncio
from types import SimpleNamespace

import pytest

from core.browser import publish
from core.runtime.weights import WeightsError
from core.ui import engines, routes

FILES = ("app/static/retake/1f/imageqx.onnx.gz",)


@pytest.fixture(autouse=True)
def _published(monkeypatch):
    monkeypatch.setattr(publish, "published", lambda: SimpleNamespace(first_files=FILES))
    for name in ("RETAKE_LIVE", "RETAKE_ASSESSOR", "RETAKE_PRESET"):
        monkeypatch.delenv(name, raising=False)


def named():
    return tuple(asyncio.run(routes._ahead()))


def test_it_is_what_a_browser_fetches_to_check_pictures():
    assert named() == FILES


@pytest.mark.parametrize(("name", "value"), [("RETAKE_LIVE", "server"), ("RETAKE_ASSESSOR", "classical")])
def test_nothing_where_the_settings_have_pictures_judged_elsewhere(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert named() == ()


def test_nothing_where_a_preset_names_another_judge(monkeypatch, tmp_path):
    preset = tmp_path / "own.yaml"
    preset.write_text("assessor: classical", encoding="utf-8")
    monkeypatch.setenv("RETAKE_PRESET", str(preset))
    assert named() == ()


def test_nothing_where_it_cannot_be_had(monkeypatch):
    def broken():
        raise WeightsError("missing", "a sentence")

    monkeypatch.setattr(publish, "published", lambda: None)
    assert named() == ()
    monkeypatch.setattr(publish, "published", broken)
    assert engines.first_files() == ()
    monkeypatch.setenv("RETAKE_ASSESSOR", "nobody")
    assert engines.first_files() == ()
