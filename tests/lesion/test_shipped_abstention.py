"""The shipped classifier knows when not to answer, and answers the drawn skin that demos are made of."""

import pytest

from core.lesion.classifier import LesionClassifier
from core.lesion.taxonomy import LABELS
from core.photo import read_photo
from core.runtime.engine import open_engine
from core.runtime.manifest import load_manifest
from core.synthetic.phantoms import draw
from core.ui import samples

FIT = "set anew with: python -m core evaluate lesion --data DIR --out DIR --fit-points --write-manifest"


@pytest.fixture(scope="module")
def classifier():
    manifest = load_manifest()
    assert manifest.networks["lesion"].abstention is not None, FIT
    return LesionClassifier(open_engine("lesion", manifest, threads=1), manifest.networks["lesion"])


@pytest.mark.parametrize("name", ["clear", "clear-deep-tone"])
def test_the_clear_samples_are_answered(classifier, name):
    assert classifier.predict(read_photo(samples.jpeg(name), name).small).reason is None


def test_drawn_lesions_are_in_distribution(classifier):
    reasons = [
        classifier.predict(draw("lesion", 40_000 + i, (480, 640), lesion_class=label).rgb).reason
        for i, label in enumerate(LABELS * 2)
    ]
    assert reasons.count(None) >= 0.85 * len(reasons)


def test_pictures_without_a_spot_are_mostly_turned_away(classifier):
    kinds = ("healthy_skin", "no_skin")
    reasons = [classifier.predict(draw(kinds[i % 2], 50_000 + i, (480, 640)).rgb).reason for i in range(16)]
    assert reasons.count("not_a_lesion") >= 8
