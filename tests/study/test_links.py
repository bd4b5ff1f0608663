from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from core.study.design import Completion
from core.study.links import address_of, batch_csv, cards_html, completion_url, qr_svg


def test_an_address_has_the_token_and_what_a_panel_fills_in(store, make_design):
    (link,) = store.add_links(store.create(make_design()))
    assert address_of(link, "https://x.example/app/") == f"https://x.example/app/take-part?study={link.token}"
    panel = Completion(passed_on=("PROLIFIC_PID", "STUDY_ID"))
    address = address_of(link, "https://x.example", panel)
    assert address.endswith("&PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}")


def test_a_qr_code_is_an_svg_image():
    image = ElementTree.fromstring(qr_svg("https://x.example/take-part?study=abc"))
    assert image.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_batch_is_a_table_that_no_spreadsheet_runs(store, make_design):
    links = store.add_links(store.create(make_design()), "single", count=2, label="=cmd()")
    lines = batch_csv(links, "https://x.example").decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith('"\'=cmd()"')
    assert links[0].token in lines[1]


def test_a_batch_is_a_sheet_of_cards_that_names_no_arm(store, make_design):
    study_id = store.create(make_design())
    store.open(study_id)
    made = store.add_links(study_id, "single", count=3, arm="quiet", label="<Ward 3>")
    sheet = cards_html(made, "https://x.example", "Coaching & co")
    assert sheet.count("<svg") == sheet.count("&lt;Ward 3&gt;") == 3
    assert all(link.link_id in sheet for link in made)
    assert "quiet" not in sheet
    assert "<h1>Coaching &amp; co</h1>" in sheet


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, ""),
        ("https://p.example/done", {"PID": ["a&b=c/ü"], "cc": None}),
        ("https://p.example/done?cc=C1", {"PID": ["a&b=c/ü"], "cc": ["C1"]}),
        ("https://p.example/done?who={PID}&cc=C1", {"who": ["a&b=c/ü"], "PID": None}),
        ("https://p.example/done?PID=fixed", {"PID": ["fixed"]}),
        ("https://p.example/done?x={OTHER}", {"x": ["{OTHER}"]}),
        ("https://p.example/done?x={SESSION}#end", {"x": [""]}),
    ],
)
def test_a_panel_gets_its_parameters_back(url, expected):
    completion = Completion(url=url, passed_on=("PID", "SESSION"))
    made = completion_url(completion, {"PID": "a&b=c/ü", "OTHER": "no"})
    if url is None:
        assert made == ""
        return
    asked = parse_qs(urlsplit(made).query, keep_blank_values=True)
    assert {name: asked.get(name) for name in expected} == expected
    assert made.startswith("https://p.example/done?")
