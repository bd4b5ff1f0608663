"""Shares of refused photos from stored answers."""

import json

import numpy as np
import pytest

from core.designer.refusal_rates import Scores, ScoresError, Stored, load, passes, refused, save
from core.quality.imageqx import rule_of
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.runtime.manifest import WEIGHTS_DIR, load_manifest


def made(count=60, seed=0):
    rng = np.random.default_rng(seed)
    quality = rng.dirichlet(np.ones(4), count)
    label = rng.integers(0, 4, count)
    return Scores(
        quality=quality,
        explanations=rng.random((count, 5)),
        label=label,
        good=(label == QUALITY_CLASSES.index("lesion")) & (rng.random(count) < 0.8),
        given=rng.random((count, 5)) < 0.3,
        group=np.arange(count) // 3,
    )


@pytest.mark.parametrize("healthy", [False, True])
def test_a_photo_passes_as_it_does_when_it_is_judged(healthy):
    scores = made()
    rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.8), healthy, {"lesion": 0.7, "poor_quality": -0.4})
    for k, passed in enumerate(passes(scores, rule)):
        verdict = judge(
            assessor="x",
            width=1,
            height=1,
            quality=dict(zip(QUALITY_CLASSES, map(float, scores.quality[k]), strict=True)),
            explanations=dict(zip(EXPLANATIONS, map(float, scores.explanations[k]), strict=True)),
            rule=rule,
            milliseconds=0,
        )
        assert verdict.passes == passed


def test_stored_answers_come_back(tmp_path):
    stored = Stored("abc", "made-up", {"left_out": made(), "validation": made(9, seed=1)})
    save(stored, tmp_path / "s.npz")
    back = load(tmp_path / "s.npz")
    assert (back.sha256, back.benchmark) == ("abc", "made-up")
    assert len(back.sections["validation"]) == 9
    for name in ("label", "good", "given", "group"):
        np.testing.assert_array_equal(
            getattr(back.sections["left_out"], name), getattr(stored.sections["left_out"], name)
        )
    np.testing.assert_allclose(
        back.sections["left_out"].quality, stored.sections["left_out"].quality, atol=1e-5
    )


def test_shares_count_what_is_refused():
    scores = made()
    everything = {one.kind: one for one in refused(scores, PassRule(dict.fromkeys(EXPLANATIONS, 0.0)))}
    assert all(one.share == 1 for one in everything.values())
    assert everything["good"].n == scores.good.sum()
    assert everything["faulty"].n == (scores.label == QUALITY_CLASSES.index("poor_quality")).sum()
    open_rule = PassRule(dict.fromkeys(EXPLANATIONS, 1.1), class_offsets={"lesion": 50.0})
    assert all(one.refused == 0 for one in refused(scores, open_rule))
    some = {
        one.kind: one
        for one in refused(scores, PassRule(dict.fromkeys(EXPLANATIONS, 0.9), class_offsets={"lesion": 3.0}))
    }
    low, high = some["good"].around
    assert low <= some["good"].share <= high


def test_without_photos_of_a_kind_there_is_no_share():
    scores = made(4)
    none = Scores(**{**vars(scores), "good": np.zeros(4, bool)})
    good = refused(none, PassRule(dict.fromkeys(EXPLANATIONS, 0.5)))[0]
    assert (good.n, good.share, good.around) == (0, None, None)


def test_no_file_is_no_error_and_a_broken_one_is_a_sentence(tmp_path):
    assert load(tmp_path / "none.npz") is None
    (tmp_path / "s.npz").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(ScoresError, match=r"s\.npz cannot be read"):
        load(tmp_path / "s.npz")
    save(Stored("", "", {"left_out": made(4)}), tmp_path / "s.npz")
    whole = dict(np.load(tmp_path / "s.npz"))
    np.savez(tmp_path / "s.npz", **(whole | {"left_out/good": np.zeros(3, bool)}))
    with pytest.raises(ScoresError):
        load(tmp_path / "s.npz")
    np.savez(tmp_path / "s.npz", **(whole | {"format": np.array(99)}))
    with pytest.raises(ScoresError):
        load(tmp_path / "s.npz")


@pytest.mark.parametrize("point", ["balanced", "lenient", "strict"])
def test_the_committed_answers_give_the_shares_of_the_committed_report(point):
    stored = load()
    entry = load_manifest().networks["imageqx"]
    assert stored.sha256 == entry.sha256, "answers of other weights: python -m core evaluate imageqx"
    report = json.loads((WEIGHTS_DIR / "imageqx_report.json").read_text(encoding="utf-8"))
    assert stored.benchmark == report["benchmark"]
    for section, told in report["operating_points"][point]["sections"].items():
        found = {one.kind: one for one in refused(stored.sections[section], rule_of(entry.point(point)))}
        good, faulty = found["good"], found["faulty"]
        assert (good.n, faulty.n) == (told["good_lesion_n"], told["faulty_n"])
        assert 1 - good.share == pytest.approx(told["good_lesion_passes"], abs=0.001)
        assert faulty.share == pytest.approx(told["faulty_refused"], abs=0.001)
        assert [1 - good.around[1], 1 - good.around[0]] == pytest.approx(
            told["good_lesion_passes_interval"], abs=0.002
        )
        assert list(faulty.around) == pytest.approx(told["faulty_refused_interval"], abs=0.002)


def test_the_committed_file_is_small_and_holds_no_pictures():
    file = WEIGHTS_DIR / "imageqx_scores.npz"
    assert file.stat().st_size < 150_000
    columns = np.load(file)
    assert all(columns[name].ndim <= 2 for name in columns.files)
