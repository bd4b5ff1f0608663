import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from made_up_entry import IMAGEQX, made_up_entry

from core.quality.image_stats import image_stats
from core.quality.imageqx import ImageQX
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule
from core.runtime.engine import open_engine
from core.runtime.manifest import NetworkEntry, load_manifest
from core.runtime.preprocess import network_square


def entry(**changes) -> NetworkEntry:
    return made_up_entry(**IMAGEQX | changes)


class FakeEngine:
    """Answers with set logits; remembers what it was given."""

    def __init__(self, logits, explanations, features=None, weights=None):
        self.answer = {
            "logits": np.float32([logits]),
            "explanations": np.float32([explanations]),
            "features": np.zeros((1, 3, 7, 7), np.float32) if features is None else features[None],
        }
        self.weights = weights
        self.batches = []

    def run(self, *batches):
        self.batches.extend(batches)
        return self.answer

    def initialisers(self, names):
        return {name: self.weights[name] for name in names}


def ticking(step=0.25):
    now = -step

    def clock():
        nonlocal now
        now += step
        return now

    return clock


PICTURE = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
CALM = [-9.0] * 5


def rule(**thresholds):
    return PassRule(dict.fromkeys(EXPLANATIONS, 0.5) | thresholds)


def test_probabilities_are_softmax_and_sigmoid_of_the_logits():
    logits, faults = [2.0, 0.0, -1.0, 0.5], [-3.0, 0.0, 1.0, -0.5, 2.0]
    verdict = ImageQX(FakeEngine(logits, faults), entry(), ticking()).assess(PICTURE, rule())
    powers = np.exp(logits)
    assert list(verdict.quality) == list(QUALITY_CLASSES)
    np.testing.assert_allclose(list(verdict.quality.values()), powers / powers.sum(), rtol=1e-6)
    np.testing.assert_allclose(
        list(verdict.explanations.values()), 1 / (1 + np.exp(-np.array(faults))), rtol=1e-6
    )
    assert verdict.flagged == ("bad_light", "blurry", "too_far_away")
    assert verdict.assessor == "imageqx"
    assert verdict.milliseconds == 250


def test_temperature_softens_the_classes_only():
    logits, faults = [3.0, 0.0, 0.0, 0.0], [1.0] * 5
    cold = ImageQX(FakeEngine(logits, faults), entry()).assess(PICTURE, rule())
    warm = ImageQX(FakeEngine(logits, faults), entry(temperature=3.0)).assess(PICTURE, rule())
    assert warm.quality["lesion"] == pytest.approx(np.e / (np.e + 3))
    assert warm.quality["lesion"] < cold.quality["lesion"]
    assert warm.explanations == cold.explanations


def test_huge_logits_give_plain_zeros_and_ones():
    with np.errstate(over="raise", invalid="raise"):
        verdict = ImageQX(FakeEngine([1e4, -1e4, 0, 0], [1e4, -1e4, 0, 0, 0]), entry()).assess(
            PICTURE, rule()
        )
    assert verdict.quality["lesion"] == 1
    assert verdict.explanations["bad_framing"] == 1
    assert verdict.explanations["bad_light"] == 0


def test_names_follow_the_manifest_not_a_fixed_order():
    turned = entry(labels=list(QUALITY_CLASSES[::-1]), explanations=list(EXPLANATIONS[::-1]))
    verdict = ImageQX(FakeEngine([0, 0, 0, 9.0], [9.0, *CALM[1:]]), turned).assess(PICTURE, rule())
    assert verdict.label == "lesion"
    assert verdict.flagged == ("too_far_away",)
    assert list(verdict.quality) == list(QUALITY_CLASSES)


def test_the_rule_given_decides_and_the_manifest_offers_one():
    assessor = ImageQX(
        FakeEngine([9, 0, 0, 0], [-9, -9, -0.2, -9, -9]), entry(thresholds=dict.fromkeys(EXPLANATIONS, 0.4))
    )
    own = assessor.rule()
    assert own.thresholds == dict.fromkeys(EXPLANATIONS, 0.4)
    assert not own.healthy_skin_passes
    assert assessor.rule(healthy_skin_passes=True).healthy_skin_passes
    assert not assessor.assess(PICTURE, own).passes
    assert assessor.assess(PICTURE, rule(blurry=0.6)).passes


def test_reports_the_size_of_the_original():
    assessor = ImageQX(FakeEngine([9, 0, 0, 0], CALM), entry())
    verdict = assessor.assess(PICTURE, rule())
    assert (verdict.width, verdict.height) == (640, 480)
    verdict = assessor.assess(PICTURE, rule(), width=4000, height=3000)
    assert (verdict.width, verdict.height) == (4000, 3000)


def test_input_is_made_as_the_manifest_says():
    engine = FakeEngine([9, 0, 0, 0], CALM)
    ImageQX(engine, entry(input_size=160, mean=(0, 0, 0), std=(1, 1, 1))).assess(PICTURE, rule())
    (batch,) = engine.batches
    assert batch.shape == (1, 3, 160, 160)
    assert 0 <= batch.min() < batch.max() <= 1


def test_a_network_that_says_where_the_lesion_is_is_heard():
    engine = FakeEngine([9, 0, 0, 0], CALM)
    assert ImageQX(engine, entry()).assess(PICTURE, rule()).where is None
    engine.answer["places"] = np.full((1, 1, 7, 7), -9, np.float32)
    assert ImageQX(engine, entry()).assess(PICTURE, rule()).where is None
    engine.answer["places"][0, 0, 3, 6] = 9
    where = ImageQX(engine, entry()).assess(PICTURE, rule()).where
    assert (where.x, where.y) == pytest.approx((6 / 7, 0))


def test_refuses_another_network():
    with pytest.raises(ValueError, match="not an ImageQX"):
        ImageQX(FakeEngine([], []), entry(labels=["a", "b", "c", "d"]))


def test_one_pass_explains_all_nine_targets():
    rng = np.random.default_rng(0)
    weights = {
        "explain_hidden.weight": rng.normal(size=(64, 3)).astype(np.float32),
        "explain_out.weight": rng.normal(size=(5, 64)).astype(np.float32),
        "quality_hidden.weight": rng.normal(size=(64, 3)).astype(np.float32),
        "quality_out.weight": rng.normal(size=(4, 69)).astype(np.float32),
    }
    engine = FakeEngine([1, 0, 0, 0], CALM, rng.random((3, 7, 7), dtype=np.float32), weights)
    assessor = ImageQX(engine, entry())
    found = assessor.explain_all(PICTURE)
    assert set(found) == {*EXPLANATIONS, *QUALITY_CLASSES}
    assert len(engine.batches) == 1
    for name, explanation in found.items():
        assert (explanation.target, explanation.method) == (name, "gradcam")
        np.testing.assert_array_equal(explanation.heatmap, assessor.explain(PICTURE, name).heatmap)
    with pytest.raises(KeyError):
        assessor.explain(PICTURE, "acne")


@pytest.fixture(scope="module")
def shipped():
    manifest = load_manifest()
    return ImageQX(open_engine("imageqx", manifest, threads=1), manifest.networks["imageqx"])


def test_shipped_network_gives_probabilities(shipped):
    verdict = shipped.assess(PICTURE, shipped.rule())
    assert sum(verdict.quality.values()) == pytest.approx(1)
    assert all(0 <= chance <= 1 for chance in verdict.explanations.values())
    # What cannot be seen for want of light is not called no skin.
    believed = [name for name in verdict.quality if name != "no_skin" or "bad_light" not in verdict.flagged]
    assert verdict.label == max(believed, key=verdict.quality.get)
    assert verdict.milliseconds > 0


def test_the_glance_of_the_second_opinion_comes_with_the_verdict(shipped):
    alone = shipped.assess(PICTURE, shipped.rule())
    weighed = shipped.assess(PICTURE, replace(shipped.rule(), second_opinion=True))
    assert alone.stats is None
    assert weighed.stats.luma == image_stats(network_square(PICTURE)).luma


def test_one_answer_tells_both_verdicts_and_what_the_opinion_reads():
    manifest = load_manifest()
    engine, asked = open_engine("imageqx", manifest), []

    class Counted:
        def run(self, *batches):
            asked.append(batches)
            return engine.run(*batches)

    assessor = ImageQX(Counted(), manifest.networks["imageqx"], clock=lambda: 0.0)
    rule = replace(assessor.rule(), second_opinion=True)
    found = assessor.weigh(PICTURE, rule)
    assert len(asked) == 1
    assert found.alone == assessor.assess(PICTURE, replace(rule, second_opinion=False))
    assert replace(found.verdict, stats=None) == replace(assessor.assess(PICTURE, rule), stats=None)
    np.testing.assert_array_equal(found.read, assessor.opinion_features(PICTURE))


def test_a_network_that_lacks_a_part_has_nothing_that_an_opinion_reads():
    engine = FakeEngine([9, 0, 0, 0], [0] * 5)
    assessor = ImageQX(engine, entry(detail=True))
    passing = PassRule(dict.fromkeys(EXPLANATIONS, 0.9))
    for lacked, given in (("places", {}), ("framing", {"places": np.zeros((1, 1, 7, 7), np.float32)})):
        engine.answer.update(given)
        found = assessor.weigh(PICTURE, passing)
        assert (found.read, found.framing, found.verdict) == (None, None, found.alone), lacked
        with pytest.raises(ValueError, match="detail view"):
            assessor.opinion_features(PICTURE)
    engine.answer["framing"] = np.array([[0, 9, 0, 0, 0, 0]], np.float32)
    found = assessor.weigh(PICTURE, passing)
    assert found.read is not None
    assert found.framing["cut"] > 0.99
    assert sum(found.framing.values()) == pytest.approx(1)


def test_shipped_network_answers_alike_from_many_threads(shipped):
    pictures = [np.roll(PICTURE, 40 * i, axis=1) for i in range(4)]
    alone = [dict(shipped.assess(picture, shipped.rule()).quality) for picture in pictures]
    together = [None] * 4

    def work(i):
        together[i] = dict(shipped.assess(pictures[i], shipped.rule()).quality)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(alone, together, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_serving_imports_no_torch_and_no_streamlit():
    program = (
        "import sys, core.quality.imageqx, core.quality.classical, core.lesion.classifier, core.photo, "
        "core.explain.overlay, core.explain.gradients, core.cli.assess, core.cli.classify, core.__main__\n"
        "print([name for name in ('torch', 'streamlit', 'pytorch_grad_cam') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
