import pytest
from made_up_entry import IMAGEQX, made_up_entry
from pydantic import ValidationError

from core.quality.labels import EXPLANATIONS
from core.runtime.manifest import OperatingPoint, load_manifest, save_entry


def entry(**points):
    return made_up_entry(**IMAGEQX, operating_points=points)


def test_a_manifest_without_operating_points_offers_its_thresholds():
    old = made_up_entry(**IMAGEQX)
    for name in ("balanced", "lenient", "strict"):
        assert old.point(name) == OperatingPoint(thresholds=IMAGEQX["thresholds"])


def test_operating_points_are_found_by_name_and_survive_the_file(tmp_path):
    strict = OperatingPoint(thresholds=dict.fromkeys(EXPLANATIONS, 0.2), class_offsets={"lesion": -1.0})
    save_entry("imageqx", entry(strict=strict), tmp_path)
    read = load_manifest(tmp_path / "manifest.json").networks["imageqx"]
    assert read.point("strict") == strict
    assert read.point().thresholds == IMAGEQX["thresholds"]


@pytest.mark.parametrize(
    ("point", "says"),
    [
        ({"thresholds": {"blurry": 0.5}}, "must have a threshold for each explanation"),
        ({"thresholds": IMAGEQX["thresholds"], "class_offsets": {"cat": 1.0}}, "a class that is not there"),
        ({"thresholds": IMAGEQX["thresholds"] | {"blurry": 1.5}}, "less than or equal to 1"),
        ({"thresholds": IMAGEQX["thresholds"], "class_offsets": {"lesion": 99}}, "less than or equal to 20"),
        ({"thresholds": IMAGEQX["thresholds"], "nonsense": 1}, "Extra inputs"),
    ],
)
def test_an_operating_point_that_makes_no_sense_is_refused(point, says):
    with pytest.raises(ValidationError, match=says):
        entry(balanced=point)
