"""A made-up assessor is one entry: command line, app and Designer know it by nothing else."""

import json

import numpy as np
import pytest
from PIL import Image

from core.__main__ import main
from core.quality import registry
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Explains, PassRule, judge
from core.runtime.manifest import load_manifest
from core.ui import engines, practise_device
from tests.pages.visitor import opened


class Oracle:
    """Finds everything blurred; shows no place, knows no operating points, needs no weights."""

    name = "oracle"

    def rule(self, healthy_skin_passes=False, point=""):
        return PassRule(dict.fromkeys(EXPLANATIONS, 0.4), healthy_skin_passes)

    def assess(self, rgb, rule, *, width=None, height=None):
        return judge(
            assessor=self.name,
            width=width or rgb.shape[1],
            height=height or rgb.shape[0],
            quality=dict.fromkeys(QUALITY_CLASSES, 0.1) | {"lesion": 0.7},
            explanations=dict.fromkeys(EXPLANATIONS, 0.1) | {"blurry": 0.9},
            rule=rule,
            milliseconds=1.0,
        )


@pytest.fixture
def oracle(monkeypatch):
    """It judges here."""
    entry = registry.AssessorEntry("oracle", lambda _weights: Oracle())
    monkeypatch.setitem(registry.ENTRIES, "oracle", entry)
    monkeypatch.setenv("RETAKE_ASSESSOR", "oracle")
    return entry


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(np.full((320, 240, 3), 150, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("asked", [(), ("--assessor", "oracle")])
def test_the_command_line_knows_it(oracle, photo, capsys, monkeypatch, asked):
    if asked:
        monkeypatch.delenv("RETAKE_ASSESSOR")
    assert main(["assess", *asked, str(photo)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    row = json.loads(line)
    assert (row["assessor"], row["flagged"], row["passes"]) == ("oracle", ["blurry"], False)
    assert row["hint"]["key"] == "blurry"


def test_the_command_line_lists_it_and_says_what_it_cannot_do(oracle, photo, capsys, tmp_path):
    assert main(["assess", "--help"]) == 0
    assert "{imageqx,classical,ordinal,oracle}" in capsys.readouterr().out
    assert main(["assess", str(photo), "--cam", str(tmp_path / "maps")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "The assessor oracle cannot show where it looked. Leave out --cam." in err


def test_the_app_judges_with_it_and_offers_no_map(oracle, monkeypatch):
    assert isinstance(engines.assessor(), Oracle)
    assert engines.explainer() is None
    assert engines.rule("strict") == Oracle().rule()
    page = opened("check").run()
    page.segmented_control(key="check-way").set_value("samples").run()
    page.button(key="check-sample-clear").click().run()
    assert not page.exception
    (item,) = page.session_state["rt_visit"].kept["check-tray"].items.values()
    assert item.verdict.assessor == "oracle"
    assert item.verdict.flagged == ("blurry",)
    assert "Show me where" not in [pills.label for pills in page.button_group]


def test_the_designer_previews_with_it(oracle, monkeypatch):
    monkeypatch.setattr("core.designer.pictures.ROWS", ("blurry",))
    page = opened("designer").run()
    assert not page.exception
    told = " ".join(markdown.value for markdown in page.markdown)
    assert "**0 of 5 drawn photos pass**" in told


def test_the_browser_is_not_asked_to_run_what_it_cannot(oracle, monkeypatch):
    assert practise_device.lacking() == "assessor"
    able = registry.AssessorEntry("oracle", oracle.open, in_browser=True)
    monkeypatch.setitem(registry.ENTRIES, "oracle", able)
    assert practise_device.lacking() != "assessor"


@pytest.mark.parametrize("name", ["imageqx", "classical", "ordinal"])
def test_each_entry_opens_what_it_says(name):
    entry = registry.ENTRIES[name]
    opened = registry.open_assessor(name)
    assert entry.name == opened.name == name
    assert isinstance(opened, Explains)
    assert entry.rule("strict") == opened.rule(point="strict")
    assert entry.network is None or entry.network in load_manifest().networks


def test_the_default_is_one_of_them():
    assert registry.DEFAULT in registry.names()
