import re
from html.parser import HTMLParser

import pytest
from made_up_lesion_report import made_up_lesion
from made_up_report import made_up
from PIL import Image

from training.evaluation.report_html import html

ODD = "<img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    VOID = frozenset({"meta", "img", "br", "rect", "line", "circle", "polygon", "polyline"})

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.captions, self.text, self.unclosed = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unclosed.append(tag)

    def handle_data(self, data):
        self.text.append(data)
        if self.open[-2:] == ["caption", "span"]:
            self.captions.append(data)


def read(page):
    parsed = Page()
    parsed.feed(page)
    assert not parsed.open
    assert not parsed.unclosed
    return parsed


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "mistakes").mkdir()
    for name in ("01.jpg", "02.jpg", "a b#.jpg"):
        Image.new("RGB", (8, 8), "tan").save(tmp_path / "mistakes" / name)
    return tmp_path


def test_the_page_is_whole_and_has_every_table():
    page = read(html(made_up()))
    for caption in (
        "F1, row by row",
        "What passes",
        "Classes",
        "Faults, some rater",
        "Faults, half the raters",
        "Good photos by skin tone, in numbers",
        "The fault is on the spot alone",
        "Calibration",
    ):
        assert caption in page.captions
    assert ("html", {"lang": "en"}) in page.tags
    assert "How good is ImageQX?" in page.text


def test_every_plot_has_a_title_and_a_description_of_its_own():
    page = read(html(made_up()))
    plots = [attrs for tag, attrs in page.tags if tag == "svg"]
    ids = {attrs["id"] for _tag, attrs in page.tags if "id" in attrs}
    assert len(plots) > 30
    labels = [label for attrs in plots for label in attrs["aria-labelledby"].split()]
    assert len(labels) == 2 * len(plots) == len(set(labels))
    assert set(labels) <= ids
    assert {attrs["role"] for attrs in plots} == {"img"}
    assert all(len(words) > 10 for words in re.findall("<desc[^>]*>([^<]*)</desc>", html(made_up())))


def test_it_loads_nothing_and_runs_nothing(pictures):
    page = read(html(made_up(), pictures))
    assert not [tag for tag, _attrs in page.tags if tag in ("script", "link", "iframe", "object")]
    for _tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on")]
        assert attrs.get("href", "#").startswith("#")
    assert "http" not in re.sub(r'xmlns="[^"]+"', "", html(made_up(), pictures)).replace("http-equiv", "")


def test_simulated_labels_and_limits_come_before_any_table():
    page = html(made_up())
    first = page.index("<table")
    for words in (
        "labels are simulated",
        "No dermatologist rated",
        "do not follow from the rows",
        "95% intervals",
    ):
        assert page.index(words) < first


def test_names_from_the_report_are_escaped():
    report = made_up()
    report["benchmark"] = report["task"] = ODD
    report["sections"]["left_out"]["fairness"]["bins"][0]["name"] = ODD
    report["sections"]["left_out"]["classes"] = {ODD: report["sections"]["left_out"]["classes"]["lesion"]}
    report["operating_points"][ODD] = report["operating_points"]["strict"]
    report["real_quality"] = {ODD: {"explanation": ODD, "auc": 0.5}}
    page = read(html(report))
    assert not [tag for tag, attrs in page.tags if tag == "img" or "onerror" in attrs]
    assert ODD in page.text


def test_mistakes_are_shown_beside_the_page_the_worst_first(pictures):
    page = read(html(made_up(), pictures))
    shown = [attrs for tag, attrs in page.tags if tag == "img"]
    assert [attrs["src"] for attrs in shown] == ["mistakes/01.jpg", "mistakes/02.jpg"]
    assert shown[0]["alt"] == (
        "In truth: clear view of a spot. Answered: hard to judge, 93% sure. New collections, made-up."
    )
    assert shown[1]["alt"].startswith("Sharpness: let through, 4% sure of a fault; 75% of the raters")


def test_pictures_that_the_report_does_not_name_are_shown_by_their_own(pictures):
    page = read(html(made_up() | {"mistakes": []}, pictures))
    shown = [attrs for tag, attrs in page.tags if tag == "img"]
    assert [attrs["src"] for attrs in shown] == [
        "mistakes/01.jpg",
        "mistakes/02.jpg",
        "mistakes/a%20b%23.jpg",
    ]
    assert shown[2]["alt"] == "a b#"


def test_without_pictures_nothing_is_said_of_them(tmp_path):
    assert "Worst mistakes" not in html(made_up(), tmp_path)
    assert "Worst mistakes" not in html(made_up())


@pytest.mark.parametrize("report", [{}, {"task": "imageqx", "sections": {}}, {"sections": {"left_out": {}}}])
def test_a_report_without_figures_is_still_a_page(report):
    assert "labels are simulated" in html(report)
    read(html(report))


def test_the_lesion_classifier_has_a_page_of_its_own():
    page = html(made_up_lesion())
    parsed = read(page)
    assert "How good is the lesion classifier?" in parsed.text
    assert "labels are simulated" not in page
    assert page.index("layman") < page.index("<table")
    for caption in ("Found, kind by kind", "Most often confused", "Told from skin changes", "Calibration"):
        assert caption in parsed.captions
    plots = [attrs for tag, attrs in parsed.tags if tag == "svg"]
    labels = [label for attrs in plots for label in attrs["aria-labelledby"].split()]
    assert len(labels) == 2 * len(plots) == len(set(labels))
    assert not [tag for tag, _attrs in parsed.tags if tag in ("script", "img")]
