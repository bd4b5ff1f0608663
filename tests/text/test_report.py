import base64
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from core.explain import Explanation
from core.guidance.preset import load_preset
from core.lesion.prediction import Prediction
from core.lesion.taxonomy import LABELS, Taxonomy, Words, shipped
from core.photo import photo_from_array
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.text.report import build_report, file_name

B = {"term": "Beta", "lay_name": "Second", "description": "Is second.", "photos": 3, "sources": 1}
THRESHOLDS = dict.fromkeys(EXPLANATIONS, 0.5)
MADE = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def verdict(label="lesion", **faults):
    return judge(
        assessor="imageqx",
        width=640,
        height=480,
        quality={name: 0.7 if name == label else 0.1 for name in QUALITY_CLASSES},
        explanations={name: faults.get(name, 0.1) for name in EXPLANATIONS},
        rule=PassRule(THRESHOLDS),
        milliseconds=1,
    )


def photo(name="mole.jpg"):
    rgb = np.full((480, 640, 3), (200, 140, 120), np.uint8)
    rgb[200:260, 300:360] = (90, 50, 40)
    return photo_from_array(rgb, name)


def heat(target):
    spread = np.eye(7, dtype=np.float32)
    return Explanation(target, spread if target == "blurry" else spread[::-1], "gradcam")


def report(name="mole.jpg", judged=None, **more):
    settings = {"made": MADE, "thresholds": THRESHOLDS} | more
    return build_report(photo(name), judged or verdict(), load_preset(), **settings).decode("utf-8")


def prediction():
    return Prediction(LABELS, (0.55, *(0.05,) * 9), False, None, 1.0)


class Tags(HTMLParser):
    VOID = frozenset({"meta", "img", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.all = [], []

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def tags(page):
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    return parser.all


def test_it_says_the_verdict_the_time_and_that_it_is_no_diagnosis():
    page = report()
    assert "This photo works" in page
    assert "2026-05-04 09:30 UTC" in page
    assert "640 × 480 px" in page
    assert "not a medical device and gives no diagnosis" in page


def test_a_photo_that_does_not_pass_is_told_what_to_improve():
    page = report(judged=verdict(blurry=0.8))
    assert "Not quite there yet" in page
    assert "To improve: Hold still" in page
    assert page.count("<td>Fine</td>") == 4


def test_a_map_of_the_check_is_asked_for_only_where_there_is_something_to_show():
    asked = []

    def explain(target):
        asked.append(target)
        return heat(target)

    assert "Where the check looked for" not in report(explain=explain)
    assert asked == []
    both = verdict(blurry=0.8, bad_framing=0.6)
    assert "Where the check looked for: " in report(judged=both, explain=explain)
    assert asked == [next(key for key in load_preset().priority if key in both.flagged)]


def test_the_point_that_only_nearly_fails_a_photo_is_not_called_fine():
    nearly = verdict("poor_quality", bad_light=0.45)
    page = report(judged=nearly, explain=heat)
    assert "<td>Nearly fine: Find softer, even light</td>" in page
    assert page.count("<td>Fine</td>") == 4
    assert "Only nearly fine: light." in page
    assert "Where the check looked for: Light" in page


def test_what_cannot_be_judged_has_neither_an_answer_nor_figures():
    page = report(judged=verdict("no_skin"))
    assert page.count("<td>Not judged</td><td class=number>–</td><td class=number>–</td>") == 2


def test_all_ten_classes_stand_in_it_best_first():
    page = report(prediction=prediction())
    places = [page.index(f">{shipped().lay_name(label)}<") for label in LABELS]
    assert places == sorted(places)
    assert "55.0%" in page
    assert "not among the 10" in page
    assert "303 photos of 2 sources" in page


def test_classes_that_were_learnt_from_few_photos_are_marked():
    page = report(prediction=prediction())
    assert "<td>Crust · learnt from few photos</td>" in page
    assert "<td>Ulcer</td>" in page


def test_another_networks_classes_stand_in_its_own_words_escaped():
    words = {"a": Words(term="Alpha", lay_name="<b>First</b>", description="Is first."), "b": Words(**B)}
    two = Prediction(("a", "b"), (0.9, 0.1), False, None, 1.0)
    page = report(prediction=two, taxonomy=Taxonomy(labels=words), no_map="No map here.")
    assert "&lt;b&gt;First&lt;/b&gt;" in page
    assert "<td>Beta · learnt from few photos</td>" in page
    assert "not among the 2" in page
    assert "No map here." in page
    assert "Is first." in page
    tags(page)


def test_without_a_prediction_there_is_no_class_in_it():
    page = report()
    assert not any(f">{shipped().lay_name(label)}<" in page for label in LABELS)


def test_an_override_is_marked():
    page = report(judged=verdict(blurry=0.8), prediction=prediction(), overridden=True)
    assert "did not pass the check" in page
    assert "did not pass the check" not in report(prediction=prediction())


@pytest.mark.parametrize(
    ("reason", "words"),
    [("not_a_lesion", "may mean nothing"), ("low_confidence", "a guess"), ("not_passed", "did not pass the")],
)
def test_an_answer_that_was_held_back_is_marked_with_the_reason(reason, words):
    held = replace(prediction(), abstained=True, reason=reason)
    assert words in report(prediction=held)
    assert words not in report(prediction=prediction())


def test_pictures_are_inside_and_nothing_is_loaded_or_run():
    judged = verdict(blurry=0.8)
    page = report(judged=judged, prediction=prediction(), explain=heat, lesion_map=heat("acne"))
    found = tags(page)
    sources = [attrs["src"] for tag, attrs in found if tag == "img"]
    assert len(sources) == 3
    assert len(set(sources)) == 3
    for source in sources:
        data = base64.b64decode(source.removeprefix("data:image/jpeg;base64,"))
        assert Image.open(io.BytesIO(data)).size == (640, 480)
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _attrs in found}
    assert not re.search(r"https?://|url\(|@import", page)
    assert any("default-src 'none'" in attrs.get("content", "") for tag, attrs in found if tag == "meta")
    assert all(attrs.get("alt") for tag, attrs in found if tag == "img")


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.jpg", '"><img src=x onerror=y>', "a & b.jpg"])
def test_a_photo_name_cannot_become_markup(name):
    page = report(name)
    found = tags(page)
    assert "script" not in {tag for tag, _attrs in found}
    assert len([tag for tag, _attrs in found if tag == "img"]) == 1
    assert not any(key.startswith("on") for _tag, attrs in found for key in attrs)


def test_it_says_what_made_it():
    page = report(networks={"imageqx": "ab12", "lesion": "cd34"})
    assert "preset: balanced, version 3" in page
    assert "Network imageqx: ab12" in page
    assert photo().sha256 in page


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mole.jpg", "retake-mole.html"), ("../../etc/pass wd.png", "retake-etc-pass-wd.html")],
)
def test_the_file_name_is_safe(name, expected):
    assert file_name(photo(name)) == expected


def test_the_saved_photo_is_named_like_its_report():
    assert file_name(photo("mole.png"), "jpg") == "retake-mole.jpg"


def test_a_nameless_photo_has_a_file_name_too():
    assert file_name(photo("")) == f"retake-{photo('').sha256[:8]}.html"
