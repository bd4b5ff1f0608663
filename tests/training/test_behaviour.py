import json

import numpy as np
import pytest

from core.guidance.preset import load_preset
from core.quality.labels import CONDITIONS, EXPLANATIONS, FRAMINGS, QUALITY_CLASSES
from core.quality.registry import open_assessor
from core.quality.second_opinion import FEATURES, chances
from core.quality.verdict import PassRule, judge
from core.runtime.manifest import Opinion
from core.synthetic.degrade import MODES
from core.synthetic.phantoms import draw
from tests.training.folders import write_manifest, write_phantom
from training import evaluate_cli
from training.data.sources import DataError, read_manifest
from training.evaluation import behaviour, examples, fit_opinion
from training.evaluation.behaviour import LADDER
from training.evaluation.examples import KINDS
from training.evaluation.faults import FAULTS, LOSSES, RIGHT, without_detail
from training.evaluation.good_pictures import Judged


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """One lesion, a body without one and a scene without skin; the ladder names the lesion."""
    entries = [
        write_phantom(tmp_path, "lesion", 3, (480, 640), "drawn", True),
        write_phantom(tmp_path, "healthy_skin", 4, (480, 640), "feet-a4", True),
        write_phantom(tmp_path, "no_skin", 5, (480, 640), "dtd", False),
    ]
    write_manifest(tmp_path, entries)
    rows, columns = np.nonzero(draw("lesion", 3, size=(480, 640), lesion_extent=0.3).mask)
    box = [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]
    monkeypatch.setattr(behaviour, "_listed", lambda: {"drawn": {entries[0]["path"]: box}})
    return tmp_path


def test_the_command_tells_what_each_fault_is_told_as(folder, tmp_path, capsys):
    out = tmp_path / "out"
    args = ["behaviour", "--data", str(folder), "--out", str(out)]
    assert run(args) == 0
    report = json.loads((out / "behaviour.json").read_text())
    assert set(report["faults"]) == set(LADDER)
    assert report["photographs"] == {"drawn": 1}
    for fault in report["faults"].values():
        for way in ("still/network_alone", "still/with_second_opinion", "live/with_second_opinion"):
            assert fault[way]["right_first"]["n"] == 1
            assert sum(fault[way]["keys"].values()) == 1
    assert report["faults"]["dark"]["still/with_second_opinion"]["right_first"]["share"] == 1
    found = {row["case"]: row for row in report["as_they_are"]}
    assert found["healthy skin that passes"]["n"] == 1, "the ladder's photographs are left out"
    assert found['scenes without skin told "Show your skin"']["with_second_opinion"]["share"] == 1
    assert "hives (`urtrf`) told that detail is missing" not in found
    printed = capsys.readouterr().out
    assert "| dark | 1 | " in printed
    assert "| healthy skin that passes | 1 | " in printed


def test_a_folder_without_the_photographs_is_told_in_a_sentence(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(behaviour, "_listed", lambda: {"elsewhere": {"other.jpg": [0, 0, 1, 1]}})
    assert run(["behaviour", "--data", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "none of the photographs" in capsys.readouterr().err


def run(argv):
    import argparse

    parser = argparse.ArgumentParser()
    evaluate_cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["evaluate", *argv])
    return args.run(args)


def test_nothing_is_fitted_on_the_ladder(folder, monkeypatch):
    monkeypatch.setattr(examples, "split_of", lambda row: "train")
    monkeypatch.setattr(examples, "_DEGRADED", 0)
    monkeypatch.setattr(examples, "_PHANTOMS", 0)
    shown = [one.kind for one in examples.examples(read_manifest(folder))]
    assert "good" not in shown
    assert {"healthy", "empty"} <= set(shown)


def test_phantoms_are_learnt_from_with_plain_faults(monkeypatch):
    monkeypatch.setattr(examples, "_PHANTOMS", 3)
    shown = list(examples._phantoms(seed=2))
    assert [one.kind == "good" for one in shown] == [True, False, False, False, False] * 3
    assert {one.kind for one in shown} <= set(FAULTS) | set(LOSSES) | {"good"}
    again, other = list(examples._phantoms(seed=2)), list(examples._phantoms(seed=3))
    assert all(np.array_equal(one.rgb, same.rgb) for one, same in zip(shown, again, strict=True))
    assert not any(np.array_equal(one.rgb, new.rgb) for one, new in zip(shown, other, strict=True))


def test_the_framing_may_refuse_two_in_a_hundred_of_the_good_pictures_that_pass():
    rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.5), second_opinion=True)
    kinds = tuple(CONDITIONS)
    bias = tuple(5.0 if name == "ready" else 0.0 for name in kinds)
    # The first number that it reads, where it is not zero, makes a picture blurred.
    weights = tuple((20.0 * (name == "blurry"),) + (0.0,) * (len(FEATURES) - 1) for name in kinds)
    opinion = Opinion(
        features=FEATURES, conditions=kinds, weights=weights, bias=bias, least_good=0.2, truncated_from=1
    )

    def judged(cut, blurred=0.0):
        network = judge(
            assessor="test",
            width=640,
            height=480,
            quality=dict(zip(QUALITY_CLASSES, (0.9, 0.0, 0.0, 0.1), strict=True)),
            explanations=dict.fromkeys(EXPLANATIONS, 0.1),
            rule=rule,
            milliseconds=1.0,
        )
        given = np.zeros(len(FEATURES))
        given[0] = blurred
        framing = dict.fromkeys(FRAMINGS, 0.0) | {"cut": cut, "whole": 1 - cut}
        return Judged(network, given, framing, "photographs")

    pictures = [judged(0.005 * number) for number in range(200)]
    level, counts = fit_opinion.truncated_from(opinion, pictures, rule)
    assert level == pytest.approx(0.976, abs=0.0015)
    assert counts == {"set_on": {"photographs": 200}, "lost": {"photographs": 4}}
    refused = [judged(0.99, blurred=1.0) for _number in range(200)]
    assert fit_opinion.truncated_from(opinion, pictures + refused, rule) == (level, counts)


def test_a_fit_finds_what_tells_the_kinds_apart_on_features_of_any_scale():
    rng = np.random.default_rng(0)
    scale = np.logspace(-3, 3, len(FEATURES))
    kinds = list(KINDS)
    right = [name for name in kinds for _turn in range(40)]
    centres = rng.normal(0, 3, (len(kinds), len(FEATURES)))
    given = np.array([centres[kinds.index(name)] + rng.normal(0, 1, len(FEATURES)) for name in right]) * scale
    weights, bias = fit_opinion.fit(given, right, np.ones(len(right)))
    assert weights.shape == (len(kinds), len(FEATURES))
    told = [chances(one, weights, bias, list(KINDS.values())) for one in given]
    assert (
        np.mean([max(found, key=found.get) == KINDS[name] for found, name in zip(told, right, strict=True)])
        > 0.97
    )


def test_what_counts_less_moves_a_fit_less():
    rng = np.random.default_rng(1)
    kinds = [name for name in KINDS for _turn in range(60)]
    given = rng.normal(0, 1, (len(kinds), len(FEATURES)))
    # Some pictures of blocks look like good ones: they are doubted the more, the more the others count.
    alike = np.array([name == "blocks" for name in kinds]) & (np.arange(len(kinds)) % 2 == 0)
    given[:, 0] += [8.0 * (name == "good") for name in kinds]
    given[alike, 0] += 8
    doubted = []
    for weight in (1.0, 0.05):
        found = fit_opinion.fit(given, kinds, np.where(alike, weight, 1.0))
        good = given[[name == "good" for name in kinds]]
        doubted.append(
            np.mean([chances(one, *found, list(KINDS.values()))["low_resolution"] for one in good])
        )
    assert doubted[1] < doubted[0] / 2


def test_a_kind_without_an_example_is_named():
    with pytest.raises(DataError, match="good"):
        fit_opinion.fit(np.zeros((3, len(FEATURES))), ["motion", "empty", "dark"], [1.0] * 3)


def test_every_condition_has_a_kind_and_every_loss_of_detail_is_one():
    assert set(KINDS.values()) == set(CONDITIONS)
    assert [name for name, condition in KINDS.items() if condition == "low_resolution"] == list(LOSSES)
    put = set(examples._OF_MODE)
    assert put == {mode for modes in MODES.values() for mode in modes}
    assert all(KINDS[examples._OF_MODE[mode]] == fault for fault, modes in MODES.items() for mode in modes)


@pytest.fixture(scope="module")
def shipped():
    return open_assessor("imageqx")


def test_what_ships_has_an_opinion_of_this_network(shipped):
    from core.runtime.manifest import load_manifest

    entry = load_manifest().networks["imageqx"]
    assert entry.opinion is not None
    assert entry.opinion.provenance["network"] == entry.sha256, (
        "fit it anew: python -m training.evaluation.fit_opinion"
    )
    assert entry.opinion.conditions == tuple(KINDS.values())
    assert set(entry.opinion.provenance["examples"]) == set(KINDS)


def test_plain_faults_on_drawings_are_told_by_their_names(shipped):
    preset = load_preset()
    rule = preset.rule(shipped.rule())
    told = []

    def told_of(rgb):
        return behaviour.still_prompts(shipped, rgb, preset, rule)["with_second_opinion"]

    for number in range(3, 15):
        phantom = draw("lesion", number, size=(900, 1200), lesion_extent=0.4)
        rows, columns = np.nonzero(phantom.mask)
        box = tuple(float(v) for v in (columns.min(), rows.min(), columns.max(), rows.max()))
        assert told_of(phantom.rgb) == "ready"
        for fault in ("defocus", "motion", "dark", "bright"):
            worse = FAULTS[fault](phantom.rgb, box, np.random.default_rng(number), 1.0)
            told.append((fault, told_of(worse)))
        halved = FAULTS["cut"](phantom.rgb, box, np.random.default_rng(number), 1.0)
        assert told_of(halved) in RIGHT["cut"]
    # As measured, 45 of 48 are right and one passes. Other drawings of the same kind were learnt from; what
    # holds on photographs is in docs/RESULTS.md.
    assert sum(key in RIGHT[fault] for fault, key in told) >= 43, told
    assert sum(key == "ready" for _fault, key in told) <= 2, told


def test_blocks_are_told_in_a_frame_of_a_video_and_sharp_frames_pass(shipped):
    preset = load_preset()
    rule = preset.rule(shipped.rule())
    told = []
    for number in range(3, 7):
        rgb = draw("lesion", number, size=(480, 640), lesion_extent=0.4).rgb
        for shown in (rgb, without_detail(rgb, "blocks")):
            frame = behaviour.video_frame(shown, np.random.default_rng(number))
            told.append(behaviour.still_prompts(shipped, frame, preset, rule)["with_second_opinion"])
    assert told[::2] == ["ready"] * 4
    assert told[1::2].count("low_resolution") >= 3, told
