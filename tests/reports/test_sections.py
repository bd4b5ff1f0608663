from html.parser import HTMLParser

import pytest
from made_up_report import made_up

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.reports import sections
from core.reports.svg import Plot
from core.reports.tables import Figure, Table


def table(found, title):
    (wanted,) = [
        part for section in found for part in section.parts if isinstance(part, Table) and part.title == title
    ]
    return wanted


def row(found, name):
    (wanted,) = [row for row in found.rows if row[0] == name]
    return wanted


def shown(cells):
    return [cell.shown() if isinstance(cell, Figure) else cell for cell in cells]


def test_a_full_report_has_every_section():
    report = made_up()
    assert [section.key for section in sections.overall(report)] == ["paper", "points", "real"]
    # Older reports still hold blocks that are no longer shown.
    old = {
        "comparisons": [{"name": "a", "seeds": 1}],
        "learning_curve": [{"subjects": 9}],
        "leave_source_out": {},
    }
    assert sections.overall(report | old) == sections.overall(report)
    assert [section.key for section in sections.of_photo_set(report, "left_out")] == [
        f"left_out-{key}"
        for key in ("gate", "figures", "confusion", "roc", "reliability", "fairness", "focus")
    ]


def test_rows_are_as_long_as_their_head():
    report = made_up()
    found = [*sections.overall(report), *sections.of_photo_set(report, "validation")]
    for part in [sections.glossary(), *(part for section in found for part in section.parts)]:
        if isinstance(part, Table):
            assert {len(row) for row in part.rows} == {len(part.head)}, part.title


def test_names_of_plots_are_unique():
    report = made_up()
    found = [*sections.overall(report)]
    for name in ("left_out", "validation", "phantoms"):
        found += sections.of_photo_set(report, name)
    names = []
    for part in (part for section in found for part in section.parts):
        names += [
            plot.name for plot in (part if isinstance(part, tuple) else (part,)) if isinstance(plot, Plot)
        ]
    assert len(names) > 30
    assert len(set(names)) == len(names)


def test_the_paper_stands_beside_row_by_row_and_nothing_is_invented():
    found = table(sections.overall(made_up()), "F1, row by row")
    assert found.head[1:4] == ("Retake: new collections", "Paper: network", "Paper: two raters")
    assert shown(row(found, "Clear view of a spot"))[1:4] == ["0.80", "not known here", "not known here"]
    assert shown(row(found, "Skin without a spot"))[2:4] == ["not known here", "0.65"]
    assert shown(row(found, "Mean of the classes"))[1:4] == ["0.79", "0.73", "0.77"]
    assert row(found, "Mean of the classes")[3].beside() == "± 0.07"
    # The threshold that is best for F1 on known collections, not the one that ships.
    assert shown(row(found, "Framing"))[1:] == ["0.44", "0.37", "0.24", "0.49"]
    assert "New collections: 400 photos" in found.note


def test_operating_points_say_what_passes():
    found = table(sections.overall(made_up()), "What passes")
    assert [row[0] for row in found.rows] == ["Lenient", "Balanced (default)", "Strict"]
    assert shown(row(found, "Balanced (default)"))[1:] == ["83%", "91%", "86%", "91%"]
    assert "130 good and 210 faulty" in found.note


def test_open_ends_of_skin_tone_are_told():
    found = table(sections.of_photo_set(made_up(), "left_out"), "Good photos by skin tone, in numbers")
    assert [row[3] for row in found.rows] == ["above 41°", "28° to 41°", "below 28°"]
    assert found.note.startswith("Largest difference: 9 in 100. ")
    assert "chance alone makes it 7 in 100" in found.note


def test_bins_without_photos_are_left_out_of_plots_and_kept_in_tables():
    report = made_up()
    empty = {"name": "dark", "ita_low": -90, "ita_high": -30, "n_good": 0, "specificity": None, "faults": {}}
    report["sections"]["left_out"]["fairness"]["bins"].append(empty)
    report["sections"]["left_out"]["reliability"]["bins_after"].append({"n": 0, "said": None, "right": None})
    found = sections.of_photo_set(report, "left_out")
    assert shown(table(found, "Good photos by skin tone, in numbers").rows[-1])[1:] == ["–", 0, "below -30°"]


@pytest.mark.parametrize("report", [{}, {"sections": {}}, {"sections": {"left_out": {"n": 3}}}, {"paper": 3}])
def test_a_report_without_anything_has_no_sections(report):
    assert sections.overall(report) == []
    assert sections.of_photo_set(report, "left_out") == []


def slim(tree):
    """One class and one explanation in place of all, so that there are fewer ways."""
    if not isinstance(tree, dict):
        return tree
    known = [key for key in tree if key in (*EXPLANATIONS, *QUALITY_CLASSES)]
    return {key: slim(value) for key, value in tree.items() if key not in known[1:]}


def prune(tree, path=()):
    """Every way to leave one branch of a tree out, or to have None in its place."""
    for key in list(tree):
        for lost in (True, False):
            kept = dict(tree)
            if lost:
                del kept[key]
            else:
                kept[key] = None
            yield kept
        if isinstance(tree[key], dict) and len(path) < 3:
            for inner in prune(tree[key], (*path, key)):
                yield {**tree, key: inner}


def test_whatever_is_missing_the_rest_is_drawn():
    report = made_up()
    report["sections"] = {"left_out": report["sections"]["left_out"]}
    report, tried = slim(report), 0
    for part in prune(report):
        sections.overall(part)
        sections.of_photo_set(part, "left_out")
        tried += 1
    assert tried > 100


class Cells(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_a_table_scrolls_inside_itself_and_names_rows_and_columns():
    odd = "<b>x</b>"
    made = Table(
        "Title & more", ("Name", odd, "n"), ((odd, Figure(0.5, (0.4, 0.6)), 3), ("two", None, 4)), odd
    )
    html = made.html()
    cells = Cells()
    cells.feed(html)
    frame = cells.tags[0]
    assert frame == (
        "div",
        {"class": "ev-scroll", "role": "region", "tabindex": "0", "aria-label": "Title & more"},
    )
    assert [attrs["scope"] for tag, attrs in cells.tags if tag == "th"] == ["col"] * 3 + ["row"] * 2
    assert odd not in html
    assert "0.40 to 0.60" in html
    assert not any(tag == "b" for tag, _attrs in cells.tags)


def test_percent_and_deviation():
    assert Figure(0.834, (0.8, 0.86), percent=True).shown() == "83%"
    assert Figure(0.834, (0.8, 0.86), percent=True).beside() == "80% to 86%"
    assert Figure(0.5, spread=0.031).beside() == "± 0.03"
    assert Figure(None, absent="not known here").shown() == "not known here"
    assert Figure(None, (0.1, 0.2)).beside() == ""


def test_every_explanation_is_in_the_glossary():
    words = {row[0] for row in sections.glossary().rows}
    assert {sections.name_of(key) for key in EXPLANATIONS} <= words
