import base64

import pytest
from made_up_lesion_report import made_up_lesion
from test_sections import prune, row, shown, table

from core.lesion.taxonomy import LABELS, shipped
from core.reports import lesion_sections, lesion_story
from core.reports.svg import Plot
from core.reports.tables import Table
from core.reports.view import report_view

lay_name = shipped().lay_name


def every_part(report):
    found = [*lesion_sections.overall(report)]
    for name in ("left_out", "validation", "phantoms"):
        found += lesion_sections.of_photo_set(report, name)
    return [part for section in found for part in section.parts]


def test_a_full_report_has_every_section():
    report = made_up_lesion()
    assert [section.key for section in lesion_sections.overall(report)] == [
        f"lesion-{key}" for key in ("headline", "paper", "sources", "refusing", "learnt")
    ]
    keys = [section.key for section in lesion_sections.of_photo_set(report, "left_out")]
    assert keys == [
        *(f"lesion-left_out-{key}" for key in ("classes", "pairs", "confusion", "coverage")),
        "left_out-reliability",
    ]


def test_rows_are_as_long_as_their_head_and_names_of_plots_unique():
    parts = every_part(made_up_lesion())
    for part in [lesion_sections.glossary(), *parts]:
        if isinstance(part, Table):
            assert {len(row) for row in part.rows} == {len(part.head)}, part.title
    plots = [plot for part in parts for plot in (part if isinstance(part, tuple) else (part,))]
    names = [plot.name for plot in plots if isinstance(plot, Plot)]
    assert len(names) > 8
    assert len(set(names)) == len(names)


def test_the_headline_is_source_held_out_and_calls_the_rest_in_source():
    report = made_up_lesion()
    found = table(lesion_sections.overall(report), "Found, kind by kind")
    assert any("in-source" in head for head in found.head)
    assert [row[0] for row in found.rows] == [lay_name(name) for name in report["headline"]["classes"]]
    entry = report["headline"]["classes"]["tumor"]
    assert shown(row(found, "Lump"))[1:3] == [f"{entry['recall']:.2f}", entry["n"]]
    assert "From no new collection: hair loss." in found.note


def test_the_paper_stands_beside_with_one_sentence_on_why_it_is_no_race():
    report = made_up_lesion()
    (section,) = [section for section in lesion_sections.overall(report) if section.key == "lesion-paper"]
    assert section.lead == lesion_story.not_comparable()
    assert section.lead.startswith("They are not comparable")
    assert section.lead.count(".") == 1
    assert [shown(row)[1] for row in section.parts[0].rows][2:] == ["89.8%", "84.9%"]


def test_each_kind_has_recall_precision_and_f1_with_intervals_and_n():
    report = made_up_lesion()
    found = table(lesion_sections.of_photo_set(report, "validation"), "Kinds")
    assert len(found.rows) == 10
    entry = report["sections"]["validation"]["classes"]["wheal"]
    cells = row(found, "Raised welt")
    assert cells[1] == entry["positives"]
    for cell, key in zip(cells[2:], ("recall", "precision", "f1"), strict=True):
        assert (cell.value, cell.around) == (entry[key], tuple(entry[f"{key}_interval"]))


def test_table_3_and_figure_5_show_what_is_mixed_up():
    report = made_up_lesion()
    sections = lesion_sections.of_photo_set(report, "validation")
    first = table(sections, "Most often confused").rows[0]
    assert first[0] == "Raised welt → Red patch"
    assert first[1] == report["sections"]["validation"]["confusion"][9][4]
    (matrix,) = [section.parts[0] for section in sections if section.key.endswith("confusion")]
    counts = report["sections"]["validation"]["confusion"]
    told = ", ".join(f"{lay_name(name)} {count}" for name, count in zip(LABELS, counts[9], strict=True))
    assert f"In truth Raised welt: answered {told}." in matrix.desc
    assert matrix.body.count('class="edge"') == 10


def test_knowing_when_not_to_answer_is_told_with_counts_and_intervals():
    report = made_up_lesion()
    overall = lesion_sections.overall(report)
    found = row(
        table(overall, "Told from skin changes"), "Known collections: any photo without a skin change"
    )
    entry = report["abstention"]["not_a_lesion"]["validation"]
    assert found[1].around == tuple(entry["auc_interval"])
    assert found[3:] == (60, 120)
    compared = table(overall, "Ways to tell, compared by area")
    assert {row[0] for row in compared.rows} == {
        "Energy of the answers",
        "Nearer to skin changes than to anything else (in use)",
        "Distance to skin changes",
        "Angle to skin changes",
    }
    answered = row(table(overall, "Answered, and why not"), "Known collections")
    assert answered[2].value >= 0.95


def test_sentences_lead_with_new_collections():
    report = made_up_lesion()
    told = report_view(report)
    assert told.sentences[0].startswith(
        "Of 100 photos of a kind of skin change, from collections that it never"
    )
    assert f"about {round(100 * report['headline']['macro_recall'])} " in told.sentences[0]
    assert "(in-source)" in told.sentences[1]
    assert told.sentences[-1].startswith("What it mixes up most: raised welt, called red patch in")
    assert "95% interval" in told.source
    assert "no such photos of: hair loss" in told.source
    assert "layman" in told.first


@pytest.mark.parametrize(
    "report", [{}, {"sections": {}}, {"task": "lesion", "sections": {"left_out": {"n": 3}}}]
)
def test_a_report_without_anything_has_nothing_to_tell(report):
    assert lesion_sections.overall(report) == []
    assert lesion_sections.of_photo_set(report, "left_out") == []
    assert lesion_story.sentences(report) == ()
    assert lesion_story.source(report) == ""


def test_whatever_is_missing_the_rest_is_drawn():
    report = made_up_lesion()
    report["sections"] = {"left_out": report["sections"]["left_out"]}
    for tree in (report["sections"]["left_out"]["classes"], report["learnt_from"]):
        for name in LABELS[:-1]:
            tree.pop(name, None)
    tried = 0
    for part in prune(report):
        lesion_sections.overall(part)
        lesion_sections.of_photo_set(part, "left_out")
        lesion_story.sentences(part)
        lesion_story.source(part)
        tried += 1
    assert tried > 100


def test_classes_of_another_taxonomy_are_called_by_their_label():
    assert lesion_story.kind("odd_spot") == "odd spot"
    report = made_up_lesion()
    report["labels"] = [f"kind_{i}" for i in range(10)]
    (section,) = [
        c for c in lesion_sections.of_photo_set(report, "validation") if c.key.endswith("confusion")
    ]
    drawn = base64.b64decode(section.parts[0].address().split(",")[1]).decode()
    assert "kind 3" in drawn
