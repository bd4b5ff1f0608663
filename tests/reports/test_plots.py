import base64
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from core.reports import plots
from core.reports.plots import Bin, Mark
from core.reports.svg import Frame, words

ODD = "<script>alert('x')</script> & \"quotes\" \x00\x1b"
SVG = "{http://www.w3.org/2000/svg}"
CURVE = [(0.0, 0.0), (0.1, 0.7), (1.0, 1.0)]


def every_plot(title="A title"):
    bins = [Bin(0.5, 0.4, 10), Bin(0.9, 0.95, 40)]
    marks = [Mark(0.6, "full", (0.5, 0.7)), Mark(0.4, "paper"), Mark(0.3, "raters"), Mark(0.8, "open")]
    return [
        plots.confusion("c", title, [[3, 1], [0, 0]], [title, "other"]),
        plots.confusion("c2", title, np.eye(10, dtype=int).tolist(), [title, *"bcdefghij"]),
        plots.coverage("v", title, [(title, [(1.0, 0.5), (0.5, 0.8)]), ("other", [(1.0, 0.4)])]),
        plots.roc("r", title, CURVE, auc=0.91, around=(0.88, 0.94), shipped=(0.1, 0.7)),
        plots.roc("r2", title, CURVE),
        plots.reliability("b", title, bins, bins, (0.1, None)),
        plots.reliability("b2", title, [], bins),
        plots.dots("d", title, [(title, marks), ("nothing", [])], [("full", title)], "F1"),
    ]


@pytest.mark.parametrize("title", ["A title", ODD])
def test_every_plot_is_sound_xml_with_a_title_and_a_description(title):
    for plot in every_plot(title):
        root = ElementTree.fromstring(plot.inline())
        assert root.get("role") == "img"
        labelled = root.get("aria-labelledby").split()
        found = {node.get("id"): node.text for node in root if node.tag in (f"{SVG}title", f"{SVG}desc")}
        assert list(found) == labelled
        assert found[labelled[0]] == re.sub("[\x00\x1b]", "", title)
        assert not list(root.iter(f"{SVG}script"))
        numbers = [float(root.get(side)) for side in ("width", "height")]
        assert root.get("viewBox").split()[2:] == [f"{n:g}" for n in numbers]


def test_a_plot_as_a_picture_carries_its_style_and_says_what_it_shows():
    plot = plots.roc("r", "Light", CURVE, auc=0.91)
    shown = plots.figure(plot, inline=False)
    (address,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', shown)
    drawn = base64.b64decode(address).decode()
    assert ElementTree.fromstring(drawn).find(f"{SVG}style") is not None
    assert "prefers-color-scheme: dark" in drawn
    assert 'alt="Light. ROC curve' in shown
    assert "<svg" not in shown


def test_long_names_are_broken_and_stay_inside_the_plot():
    odd = "A rather long name that has to be broken"
    for plot in (
        plots.confusion("c", "t", [[9999, 1], [0, 0]], [odd, "other"]),
        plots.dots("d", "t", [(odd, [Mark(0.5, "full")])], [("full", "Retake: known collections")], "F1"),
    ):
        for node in ElementTree.fromstring(plot.inline()).iter(f"{SVG}text"):
            x, y, wide = float(node.get("x")), float(node.get("y")), 6.6 * len(node.text or "")
            left = {"start": x, "middle": x - wide / 2, "end": x - wide}[node.get("text-anchor")]
            assert 0 <= y <= plot.height, node.text
            assert left >= 0, node.text
            assert left + wide <= plot.width, node.text


def test_confusion_tells_every_count():
    plot = plots.confusion("c", "t", [[3, 1], [0, 6]], ["spot", "skin"])
    assert plot.desc == "In truth spot: answered spot 3, skin 1. In truth skin: answered spot 0, skin 6."
    assert plot.body.count('class="edge"') == 2
    assert "75%" in plot.body
    assert "100%" in plot.body


def test_ten_classes_fit_with_their_answers_upright():
    names = ["Fluid-filled bump", *(f"Kind {i}" for i in range(9))]
    plot = plots.confusion("c", "t", (137 * np.eye(10, dtype=int)).tolist(), names)
    root = ElementTree.fromstring(plot.inline())
    turned = [node for node in root.iter(f"{SVG}g") if "rotate(-90" in (node.get("transform") or "")]
    assert len(turned) == 10
    cells = [node for node in root.iter(f"{SVG}text") if node.text == "137"]
    across = sorted(float(node.get("x")) for node in cells)
    # Three digits of 11 px in a cell, and every cell inside.
    assert min(np.diff(across)) > 3 * 6.6
    assert across[-1] + 10 < plot.width
    assert max(float(node.get("y")) for node in cells) < plot.height


def test_coverage_goes_from_all_answered_to_the_surest():
    plot = plots.coverage("v", "t", [("New", [(1.0, 0.5), (0.5, 0.8)])])
    assert plot.desc == "New: 50% right with 100% answered, 80% right with 50% answered."
    assert 'points="190,94 328,151"' in plot.body


def test_a_roc_curve_goes_where_its_points_say():
    plot = plots.roc("r", "t", CURVE, shipped=(0.1, 0.7))
    assert 'points="30,166 42.2,80.6 152,44"' in plot.body
    assert 'cx="42.2" cy="80.6"' in plot.body
    assert "70% found, 10% false alarms" in plot.desc


def test_values_outside_stay_on_the_edge():
    frame = Frame(10, 10, 100, 50)
    assert (frame.x(-1), frame.x(2), frame.y(-1), frame.y(2)) == (10, 110, 60, 10)
    assert Frame(0, 0, 10, 10, x_low=1, x_high=1).x(1) == 0


def test_words_are_safe():
    assert words('<a href="x">&\'\x07') == "&lt;a href=&quot;x&quot;&gt;&amp;&#x27;"
