import pytest

from core import embedding
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Verdict

SITE = "https://clinic.example"


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://clinic.example", SITE),
        ("HTTPS://Clinic.Example:443/", SITE),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://clinic.example/page", None),
        ("https://clinic.example?x=1", None),
        ("https://doctor@clinic.example", None),
        ("https://*.example", None),
        ("https://clinic.example:port", None),
        ("javascript:alert(1)", None),
        ("clinic.example", None),
        ("*", None),
        ("null", None),
        ("", None),
    ],
)
def test_an_origin_is_a_scheme_a_host_and_a_port(text, origin):
    assert embedding.origin_of(text) == origin


def test_only_what_the_operator_lists_is_told_anything():
    listed = f"{SITE}, http://localhost:3000 nonsense"
    assert embedding.parent(listed, "https://clinic.example:443", "true") == embedding.Parent(
        SITE, picture=True
    )
    assert embedding.parent(listed, "http://localhost:3000", "yes") == embedding.Parent(
        "http://localhost:3000"
    )
    for stranger in ("https://clinic.example.evil.example", "http://clinic.example", "nonsense", "*"):
        assert embedding.parent(listed, stranger, "true") == embedding.Parent(stranger=stranger)
    assert embedding.parent("", SITE, "true").origin is None
    assert embedding.parent("*", SITE, "true").origin is None
    assert embedding.parent(listed, "", "true") == embedding.Parent()


def test_the_outcome_tells_whether_a_photo_works_and_no_more():
    verdict = Verdict(
        quality=dict.fromkeys(QUALITY_CLASSES, 0.25),
        label="poor_quality",
        explanations=dict.fromkeys(EXPLANATIONS, 0.7),
        flagged=("blurry",),
        passes=False,
        nearest="blurry",
        assessor="imageqx",
        width=640,
        height=480,
        milliseconds=5.0,
    )
    told = embedding.outcome("o-1", "quiet@2", "da", [embedding.Shown(verdict, True, "close_up")])
    assert told == {
        "source": "retake",
        "version": 1,
        "type": "outcome",
        "id": "o-1",
        "preset": "quiet@2",
        "language": "da",
        "photos": [
            {
                "shot": "close_up",
                "passes": False,
                "overridden": True,
                "label": "poor_quality",
                "flagged": ["blurry"],
                "width": 640,
                "height": 480,
            }
        ],
    }
