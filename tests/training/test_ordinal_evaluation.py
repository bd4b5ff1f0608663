import numpy as np
import pytest
from made_up_entry import ORDINAL, made_up_entry

from core.metrics import auc
from core.runtime.manifest import OperatingPoint
from training.data import ordinal_data
from training.data.ordinal_data import build_regions
from training.data.sources import DataError
from training.evaluation import ordinal
from training.evaluation.ordinal import (
    Ranked,
    adjusted,
    boxed,
    compact,
    delong,
    from_pool,
    ordinal_markdown,
    ordinal_report,
    section,
    shares,
    slope,
    threshold_of,
    write_plots,
)

ENTRY = made_up_entry(
    **ORDINAL,
    operating_points={"balanced": OperatingPoint(thresholds={}, class_offsets={"poor_quality": 0.0})},
)


class Stub:
    """Finds bright parts good."""

    name = "ordinal"

    def logits_of(self, parts):
        level = parts.mean(axis=(1, 2, 3)) / 64 - 2
        return level[:, None] + np.array([1.0, 0.5, 0.0, -0.5])


def made_up(n=400, seed=0, share=0.5):
    rng = np.random.default_rng(seed)
    good = rng.random(n) < share
    odds = rng.normal(0, 1, n) + np.where(good, 1.0, -1.0)
    return good, 1 / (1 + np.exp(-odds))


def test_delong_is_the_area_with_the_width_of_the_bootstrap():
    good, chance = made_up()
    area, error = delong(good, chance)
    assert area == pytest.approx(float(auc(good, chance)))
    rng = np.random.default_rng(1)
    again = [float(auc(good, chance, rng.multinomial(400, np.full(400, 1 / 400)))) for _turn in range(300)]
    assert error == pytest.approx(np.std(again), rel=0.15)
    assert np.isnan(delong(np.ones(4, bool), np.arange(4.0))).all()


def test_the_slope_is_one_where_chances_are_honest_and_less_where_they_are_too_sure():
    rng = np.random.default_rng(2)
    odds = rng.normal(0, 1.5, 20_000)
    good = rng.random(20_000) < 1 / (1 + np.exp(-odds))
    assert slope(good, 1 / (1 + np.exp(-odds))) == pytest.approx(1, abs=0.06)
    assert slope(good, 1 / (1 + np.exp(-2 * odds))) == pytest.approx(0.5, abs=0.03)
    assert np.isnan(slope(np.ones(3, bool), np.full(3, 0.4)))


def test_shares_by_hand():
    good = np.array([True, True, True, False, False])
    passed = np.array([True, True, False, True, False])
    found = {name: float(value) for name, value in shares(good, passed).items()}
    assert found == pytest.approx({"sensitivity": 2 / 3, "specificity": 0.5, "ppv": 2 / 3, "npv": 0.5})


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_the_adjusted_distribution_has_27_bad_of_100(share):
    good, chance = made_up(share=share)
    found = adjusted(good, chance, 0.5, resamples=40)
    whole = {name: float(value) for name, value in shares(good, chance >= 0.5).items()}
    assert found["sensitivity"] == pytest.approx(whole["sensitivity"], abs=0.06)
    wanted = 0.73 * whole["sensitivity"]
    wanted /= wanted + 0.27 * (1 - whole["specificity"])
    assert found["ppv"] == pytest.approx(wanted, abs=0.04)
    assert found["ppv_deviation"] < 0.1
    assert adjusted(np.ones(5, bool), np.full(5, 0.5), 0.5)["auc"] is None


def ranked_of(n=60, seed=0):
    good, chance = made_up(n, seed)
    return Ranked(
        chance=chance,
        score=4 * chance,
        agreeing=np.where(good, 4, 1),
        groups=np.array(["lesion", "no_skin"] * (n // 2)),
        sources=np.array(["somewhere"] * n),
        keys=np.array([f"key{i}" for i in range(n)]),
    )


def test_a_section_has_all_of_the_papers_figures():
    found = section(ranked_of(), 0.5)
    for name in ("auc", "sensitivity", "specificity", "ppv", "npv"):
        low, high = found[f"{name}_interval"]
        assert low <= found[name] <= high
    low, high = found["auc_delong_interval"]
    assert low < found["auc"] < high
    assert found["slope"] > 0
    assert sum(one["n"] for one in found["bins"]) == found["n"] == 60


def test_the_threshold_is_what_the_manifest_makes_of_it():
    point = OperatingPoint(thresholds={}, class_offsets={"poor_quality": float(np.log(3))})
    assert threshold_of(ENTRY.model_copy(update={"operating_points": {"balanced": point}})) == pytest.approx(
        0.75
    )
    assert threshold_of(ENTRY) == 0.5


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Rendered from an empty manifest but for one photograph: all samples are phantoms or of it."""
    from folders import key_for, write_manifest, write_phantom

    root, folder = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("pool")
    row = write_phantom(root, "lesion", 1, (72, 96), "drawn", masked=True)
    write_manifest(root, [row | {"split_key": key_for("validation", 0)[0]}])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordinal_data, "SIDE", 32)
        build_regions(root, folder, {"validation": 24}, seed=3)
    return root, folder


def test_a_report_from_rendered_samples_and_from_photographs_is_the_same(pool, tmp_path):
    from training.data.sources import read_manifest

    root, folder = pool
    rows = read_manifest(root)
    counts = {"validation": 24, "left_out": 0}
    report = ordinal_report(Stub(), ENTRY, rows, counts)
    from_parts = ordinal_report(Stub(), ENTRY, rows, counts, pool=folder)
    boxes = report["sections"]["validation"].pop("boxes")
    assert 0 < boxes["n"] <= report["sections"]["validation"]["n"]
    assert report == from_parts
    assert report["benchmark"] == "retake-quality-3 (shortened)"
    assert compact(report)["validation"]["auc"] == report["sections"]["validation"]["auc"]
    report["sections"]["validation"]["boxes"] = boxes
    text = ordinal_markdown(report)
    assert "cut to the lesion's box" in text
    assert "0.27 bad" in text
    write_plots(report, tmp_path)
    assert (tmp_path / "ordinal_calibration_validation.svg").read_text().startswith("<svg")


def test_a_pool_of_another_seed_is_refused(pool, monkeypatch):
    with pytest.raises(DataError, match="not the benchmark's"):
        from_pool(Stub(), ENTRY, pool[1], "validation", 25, ordinal.quiet)
    monkeypatch.setattr(ordinal, "pool_seed", lambda _folder: 4)
    with pytest.raises(DataError, match="another seed"):
        from_pool(Stub(), ENTRY, pool[1], "validation", 4, ordinal.quiet)


def test_a_box_is_cut_out_with_some_skin_around_it():
    from types import SimpleNamespace

    rgb = np.zeros((100, 200, 3), np.uint8)
    shot = SimpleNamespace(rgb=rgb, box=(80, 40, 120, 60))
    assert boxed(SimpleNamespace(group="lesion", shot=shot)).shape == (30, 60, 3)
    assert boxed(SimpleNamespace(group="healthy_skin", shot=shot)) is None
    edge = SimpleNamespace(rgb=rgb, box=(0, 0, 200, 100))
    assert boxed(SimpleNamespace(group="lesion", shot=edge)).shape == rgb.shape
