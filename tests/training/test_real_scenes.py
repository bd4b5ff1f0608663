import cv2
import numpy as np
import pytest

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from training.data.sources import Row
from training.data.splits import rule, split_of
from training.evaluation.real_scenes import balanced_no_skin, real_report

LEFT_OUT = rule()["left_out_slugs"][:2]
RULE = PassRule(dict.fromkeys(EXPLANATIONS, 0.6))


def picture(folder, name, group, label, slug, level):
    rng = np.random.default_rng(abs(hash(name)) % 1000)
    pixels = np.clip(level + rng.normal(0, 4, (40, 60, 3)), 0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / name), pixels)
    return Row(folder, name, group, label, slug, f"{slug}/{name}", 60, 40, "", ())


@pytest.fixture
def rows(tmp_path):
    found = [picture(tmp_path, f"dark{i}.png", "real_quality", "too_dark", "darks", 20) for i in range(5)]
    found += [picture(tmp_path, f"sharp{i}.png", "real_quality", "sharp", "sharps", 130) for i in range(2)]
    for slug, count in ((LEFT_OUT[0], 7), (LEFT_OUT[1], 3), ("trained-on", 40)):
        found += [picture(tmp_path, f"{slug}{i}.png", "no_skin", "", slug, 140) for i in range(count)]
    found += [picture(tmp_path, "hand.png", "healthy_skin", "", LEFT_OUT[0], 60)]
    return found


class Dimmer:
    """Bad light is how dark it is; nothing else is ever wrong."""

    name = "dimmer"

    def assess(self, rgb, rule):
        return judge(
            assessor=self.name,
            width=1,
            height=1,
            quality=dict.fromkeys(QUALITY_CLASSES, 0.25),
            explanations=dict.fromkeys(EXPLANATIONS, 0.0) | {"bad_light": float(1 - rgb.mean() / 255)},
            rule=rule,
            milliseconds=0,
        )


def test_every_source_gives_as_many_and_none_was_trained_on(rows):
    chosen = balanced_no_skin(rows)
    slugs = [row.slug for row in chosen]
    assert len({slugs.count(slug) for slug in set(slugs)}) == 1
    assert set(LEFT_OUT) <= set(slugs)
    assert all(row.group == "no_skin" and split_of(row) != "train" for row in chosen)
    assert chosen == balanced_no_skin(rows[::-1])
    assert balanced_no_skin([]) == []


def test_faulty_scenes_stand_against_sharp_ones_and_scenes_without_skin(rows):
    steps = []
    found = real_report(Dimmer(), RULE, rows, lambda *step: steps.append(step))
    assert set(found) == {"too_dark"}
    entry = found["too_dark"]
    assert entry["explanation"] == "bad_light"
    assert entry["positives"] == 5
    assert entry["negatives"]["sharps"] == 2
    assert entry["n"] == 5 + sum(entry["negatives"].values())
    assert entry["negatives"][LEFT_OUT[0]] == entry["negatives"][LEFT_OUT[1]]
    assert entry["auc"] == 1
    assert entry["auc_interval"] == [1.0, 1.0]
    assert entry["recall"] == 1
    assert entry["specificity"] == 1
    assert steps[-1] == ("real_quality", entry["n"], entry["n"])


def test_no_real_scenes_no_figures(rows):
    assert real_report(Dimmer(), RULE, [row for row in rows if row.group != "real_quality"]) == {}
