"""Our drawings: each fault has one, the browser knows the same, and each has words for who cannot see it."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.browser.publish import _WEB
from core.data_uri import data_uri
from core.guidance.conditions import PICTURE_KEYS, REFINED
from core.text import drawings, tries
from core.ui import photo_guide

NAMES = sorted({*drawings.DRAWINGS.values()})
GUIDE = sorted(path.stem for path in (Path(drawings.__file__).parent / "drawings").glob("*.svg"))


def test_every_fault_of_a_picture_has_its_drawing_and_the_browser_has_them_all():
    assert set(drawings.DRAWINGS) == {*PICTURE_KEYS, *REFINED}
    assert set(drawings.help_words()) == set(NAMES)
    assert {path.name for path in _WEB.glob("*.svg")} == {f"help-{name}.svg" for name in NAMES}


@pytest.mark.parametrize("name", [*NAMES, *GUIDE])
def test_a_drawing_is_sound_svg_that_fetches_and_runs_nothing(name):
    svg = drawings.help_drawing(name) if name in NAMES else drawings.guide_drawing(name)
    tree = ElementTree.fromstring(svg)
    for part in tree.iter():
        assert part.tag.split("}")[1] not in ("script", "foreignObject", "image", "use")
        assert not [
            attribute for attribute in part.attrib if attribute.startswith("on") or "href" in attribute
        ]


def test_the_guide_uses_every_drawing(monkeypatch):
    shown = []
    monkeypatch.setattr(photo_guide.st, "html", shown.append)
    monkeypatch.setattr(photo_guide.st, "markdown", shown.append)
    photo_guide.section()
    for name in GUIDE:
        address = data_uri(drawings.guide_drawing(name).encode("utf-8"), "image/svg+xml")
        assert address in shown[0]


def test_help_is_for_conditions_that_have_a_drawing():
    assert "Hold still &amp; wait" in drawings.help_panel("blurry", "Hold still & wait")
    assert "<img" in drawings.help_panel("blurry", "Hold still")
    assert "<img" not in drawings.help_panel("blurry", "Hold still", drawn=False)
    assert drawings.help_panel("ready", "The picture is good.") == ""


def test_only_the_newest_tries_are_shown_each_with_its_own_number():
    said = tries.strip([tries.Tried(b"x", f"advice {number} <b>") for number in range(1, 9)])
    assert said.count("<li>") == tries.MOST
    assert "1. advice" not in said
    assert "8. advice 8 &lt;b&gt;" in said
    assert tries.strip([]) == ""
