from xml.etree import ElementTree

from core.reports.timeline import Lane, timeline

LANES = [
    Lane("Hold <still>", [0.0, 0.1, 5.0], [(0.0, 2.0)], [(0.0, 3.0)]),
    Lane("Ready", [2.0], [(2.0, 8.0)]),
    Lane("Move closer", [4.0], []),
]


def boxes(plot):
    found = ElementTree.fromstring(plot.file()).iter("{http://www.w3.org/2000/svg}rect")
    return [(float(box.get("x")), float(box.get("width"))) for box in found if box.get("class") == "shade"]


def test_what_is_shown_is_as_long_as_it_lasted():
    _legend, first, second = boxes(timeline("t", "Prompts", LANES, 8.0))
    assert first[0] + first[1] == second[0]
    assert abs(second[1] - 3 * first[1]) < 0.5


def test_it_is_told_in_words_too():
    plot = timeline("t", "Prompts", LANES, 8.0)
    assert "Hold <still>: shown 0.0 to 2.0 s." in plot.desc
    assert "Move closer: never shown." in plot.desc
    assert "Hold &lt;still&gt;" in plot.file()


def test_another_preset_and_the_film_stand_beside_it_where_there_are_any():
    plain = timeline("t", "Prompts", LANES, 8.0).file()
    full = timeline("t", "Prompts", LANES, 8.0, pictures=[b"\xff\xd8jpeg"] * 4, compared="as with x").file()
    assert "as with x" in full
    assert "as with x" not in plain
    assert full.count("<image") == 4
    assert "<image" not in plain
    ElementTree.fromstring(full)
