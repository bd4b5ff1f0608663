import json
from pathlib import Path

import pytest
from made_up_report import made_up
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(fake_networks, monkeypatch, tmp_path):
    from core.live.stream import StreamState
    from core.ui import quality_tables

    still = StreamState(playing=False, connecting=False)
    monkeypatch.setattr("core.live.stream.camera_stream", lambda *args, **kwargs: still)
    monkeypatch.setattr(quality_tables, "FILE", tmp_path / "imageqx_report.json")
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    return at.switch_page("pages/how_good.py")


def write(tmp_path, report):
    (tmp_path / "imageqx_report.json").write_text(json.dumps(report))


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
    asked = page.button_group(key="how-good-section")
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
