import json

import numpy as np

from core.quality.labels import QUALITY_CLASSES
from training.evaluation.mistakes import worst, write_mistakes


def test_the_surest_mistakes_come_first_and_once_each(make_predictions):
    label = np.array([3, 3, 3, 0])
    said = np.array([0, 0, 3, 0])
    quality = np.array([[0.6, 0, 0, 0.4], [0.9, 0, 0, 0.1], [0.1, 0, 0, 0.9], [1, 0, 0, 0.0]])
    calm = np.zeros((4, 5))
    made = make_predictions(
        4, label=label, predicted=said, quality=quality, votes=calm, scores=calm, flagged=calm > 0
    )
    found = worst({"left_out": made})
    assert [picture for _entry, picture in found] == [b"jpeg 1", b"jpeg 0"]
    entry = found[0][0]
    assert entry["file"] == "mistakes/01.jpg"
    assert (entry["about"], entry["name"], entry["true"], entry["said"]) == (
        "class",
        "lesion",
        "poor_quality",
        "lesion",
    )
    assert entry["probability"] == 0.9


def test_false_alarms_and_misses_of_explanations(make_predictions):
    label = np.zeros(3, int)
    votes, scores, flagged = np.zeros((3, 5)), np.full((3, 5), 0.2), np.zeros((3, 5), bool)
    flagged[0, 1], scores[0, 1] = True, 0.8  # nobody gave bad_light
    votes[1, 2], scores[1, 2] = 0.75, 0.1  # most gave blurry
    votes[2, 2] = 0.25  # few gave blurry: no mistake to miss it
    made = make_predictions(3, label=label, predicted=label, votes=votes, scores=scores, flagged=flagged)
    found = [(entry["kind"], entry["name"], entry["votes"]) for entry, _picture in worst({"x": made})]
    assert found == [("false_alarm", "bad_light", 0.0), ("missed", "blurry", 0.75)]


def test_at_most_so_many_from_every_kind_and_left_out_first(make_predictions):
    sections = {"validation": make_predictions(300, seed=1), "left_out": make_predictions(300, seed=2)}
    found = worst(sections, most=24)
    assert len(found) == 24
    assert len({(entry["about"], entry["name"], entry["kind"]) for entry, _p in found}) >= 12
    assert found[0][0]["section"] == "left_out"
    places = [(entry["section"], picture) for entry, picture in found]
    assert len(set(places)) == 24
    assert all(entry["true"] in QUALITY_CLASSES for entry, _p in found)
    json.dumps([entry for entry, _picture in found])


def test_pictures_of_an_earlier_run_are_replaced(make_predictions, tmp_path):
    old = tmp_path / "mistakes" / "23.jpg"
    old.parent.mkdir()
    old.write_bytes(b"old")
    (old.parent / "mine.jpg").write_bytes(b"kept")
    index = write_mistakes(worst({"left_out": make_predictions(60)}, most=3), tmp_path)
    assert sorted(path.name for path in old.parent.iterdir()) == ["01.jpg", "02.jpg", "03.jpg", "mine.jpg"]
    assert [entry["file"] for entry in index] == ["mistakes/01.jpg", "mistakes/02.jpg", "mistakes/03.jpg"]
    assert (tmp_path / index[0]["file"]).read_bytes().startswith(b"jpeg")
