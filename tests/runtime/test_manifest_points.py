import pytest
from pydantic import ValidationError

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.runtime.manifest import NetworkEntry, OperatingPoint, load_manifest, save_entry

FIELDS = {
    "file": "fake.onnx",
    "sha256": "0" * 64,
    "bytes": 1,
    "task": "imageqx",
    "labels": list(QUALITY_CLASSES),
    "explanations": list(EXPLANATIONS),
    "input_size": 224,
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
    "thresholds": dict.fromkeys(EXPLANATIONS, 0.5),
}


def entry(**points):
    return NetworkEntry(**FIELDS, operating_points=points)


def test_a_manifest_without_operating_points_offers_its_thresholds():
    old = NetworkEntry(**FIELDS)
    for name in ("balanced", "lenient", "strict"):
        assert old.point(name) == OperatingPoint(thresholds=FIELDS["thresholds"])


def test_operating_points_are_found_by_name_and_survive_the_file(tmp_path):
    strict = OperatingPoint(thresholds=dict.fromkeys(EXPLANATIONS, 0.2), class_offsets={"lesion": -1.0})
    save_entry("imageqx", entry(strict=strict), tmp_path)
    read = load_manifest(tmp_path / "manifest.json").networks["imageqx"]
    assert read.point("strict") == strict
    assert read.point().thresholds == FIELDS["thresholds"]


@pytest.mark.parametrize(
    ("point", "says"),
    [
        ({"thresholds": {"blurry": 0.5}}, "must have a threshold for each explanation"),
        ({"thresholds": FIELDS["thresholds"], "class_offsets": {"cat": 1.0}}, "a class that is not there"),
        ({"thresholds": FIELDS["thresholds"] | {"blurry": 1.5}}, "less than or equal to 1"),
        ({"thresholds": FIELDS["thresholds"], "class_offsets": {"lesion": 99}}, "less than or equal to 20"),
        ({"thresholds": FIELDS["thresholds"], "nonsense": 1}, "Extra inputs"),
    ],
)
def test_an_operating_point_that_makes_no_sense_is_refused(point, says):
    with pytest.raises(ValidationError, match=says):
        entry(balanced=point)
