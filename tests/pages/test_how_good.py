import json

import pytest
from made_up_lesion_report import made_up_lesion
from made_up_report import made_up

from tests.pages.visitor import opened


@pytest.fixture
def page(fake_networks, monkeypatch, tmp_path):
    from core.ui import quality_tables

    monkeypatch.setattr(quality_tables, "FILE", tmp_path / "imageqx_report.json")
    monkeypatch.setattr(quality_tables, "LESION_FILE", tmp_path / "lesion_report.json")
    return opened("how_good")


def write(tmp_path, report, task="imageqx"):
    (tmp_path / f"{task}_report.json").write_text(json.dumps(report))


def drawn(at):
    return "".join(html.proto.body for html in at.get("html"))


def test_without_a_report_it_says_how_to_make_one(page):
    page.run()
    assert not page.exception
    assert not page.error
    assert "python -m core evaluate imageqx" in page.info[0].value
    assert "weights" in page.info[0].value
    assert not page.expander[:-1]


def test_a_broken_report_is_one_sentence(page, tmp_path):
    (tmp_path / "imageqx_report.json").write_text("{")
    page.run()
    assert not page.exception
    assert [error.value for error in page.error] == ["The report imageqx_report.json cannot be read."]


def test_first_come_what_passes_and_who_judged(page, tmp_path):
    write(tmp_path, made_up())
    page.run()
    assert not page.exception
    assert not page.error
    assert page.markdown[0].value.startswith("**Of 100 good photos of a spot, about 83 pass.")
    assert "labels are simulated" in page.info[0].value
    assert "No dermatologist rated these photos" in page.info[0].value
    assert page.caption[0].value.startswith("From 130 good (95% interval 79% to 87%) and 210 faulty")
    assert page.caption[1].value.startswith("Benchmark made-up-1 (seed 1); New collections: 400 photos")
    assert any("do not follow from the rows" in text.value for text in page.markdown)
    assert not page.warning


def test_the_paper_stands_beside_row_by_row(page, tmp_path):
    write(tmp_path, made_up())
    page.run()
    assert "Beside the paper, row by row" in [expander.label for expander in page.expander]
    assert "not known here" in drawn(page)
    assert "Retake beside the paper" in drawn(page)
    # Plots are pictures with words for whoever cannot see them.
    assert 'alt="Retake beside the paper. Clear view of a spot: ' in drawn(page)
    assert "<svg" not in drawn(page).replace("data:image/svg", "")


def test_another_set_of_photos_can_be_chosen(page, tmp_path):
    write(tmp_path, made_up())
    page.run()
    asked = page.button_group(key="how-good-section-imageqx")
    assert asked.options == [
        "New collections",
        "Known collections",
        "Drawn skin",
    ]
    assert asked.value == "left_out"
    assert any("the honest figure" in text.value for text in page.markdown)
    asked.set_value("phantoms").run()
    assert not page.exception
    assert any("say nothing about people" in text.value for text in page.markdown)
    assert "Drawn skin: 60 photos" in [caption.value for caption in page.caption]


def test_a_quick_look_is_called_so(page, tmp_path):
    write(tmp_path, made_up() | {"benchmark": "retake-quality-1 (shortened)"})
    page.run()
    assert "the figures are rough" in page.warning[0].value


def test_a_report_with_nothing_in_it_still_shows_the_limits(page, tmp_path):
    write(tmp_path, {"sections": {}})
    page.run()
    assert not page.exception
    assert not page.error
    assert "labels are simulated" in page.info[0].value


def test_without_a_report_the_lesion_part_says_how_to_make_one(page):
    page.run()
    assert [tab.label for tab in page.tabs] == ["The photo check", "The kind of skin change"]
    told = page.tabs[1].info[0].value
    assert "python -m core evaluate lesion" in told
    assert "`lesion_report.json`" in told
    assert not page.tabs[1].expander


def test_the_lesion_part_stands_beside_the_photo_check(page, tmp_path):
    write(tmp_path, made_up())
    report = made_up_lesion()
    write(tmp_path, report, "lesion")
    page.run()
    assert not page.exception
    assert not page.error
    check, kind = page.tabs
    assert check.markdown[0].value.startswith("**Of 100 good photos of a spot")
    recall = round(100 * report["headline"]["macro_recall"])
    assert f"right for about {recall} " in kind.markdown[0].value
    assert kind.caption[0].value.startswith("Source-held-out recall:")
    assert "not on patients" in kind.info[0].value
    titles = [expander.label for expander in kind.expander]
    for title in ("Beside the paper", "Which kinds does it mix up most?", "Does it know when not to answer?"):
        assert title in titles
    assert any("They are not comparable" in text.value for text in kind.markdown)
    asked = page.button_group(key="how-good-section-lesion")
    assert asked.value == "left_out"
    asked.set_value("validation").run()
    assert not page.exception
    assert page.button_group(key="how-good-section-imageqx").value == "left_out"
    # Table 3, and Figure 5 as a picture with words for whoever cannot see it.
    assert "Raised welt → Red patch" in drawn(page)
    assert "In truth Raised welt: answered" in drawn(page)


def test_figures_of_other_weights_are_called_so(page, tmp_path):
    from core.runtime.manifest import load_manifest

    report = made_up_lesion()
    write(tmp_path, report, "lesion")
    page.run()
    assert "of other weights" in page.tabs[1].warning[0].value
    write(tmp_path, report | {"sha256": load_manifest().networks["lesion"].sha256}, "lesion")
    page.run()
    assert not page.tabs[1].warning


def test_the_committed_reports_are_of_the_shipped_weights_and_can_be_shown(page, monkeypatch):
    from core.runtime.manifest import WEIGHTS_DIR
    from core.ui import quality_tables

    monkeypatch.setattr(quality_tables, "LESION_FILE", WEIGHTS_DIR / "lesion_report.json")
    page.run()
    assert not page.exception
    assert not page.tabs[1].warning
    assert len(page.tabs[1].expander) > 5
