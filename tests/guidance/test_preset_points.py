import numpy as np
import pytest

from core.guidance.preset import PRESETS_DIR, PresetError, load_preset
from core.quality.labels import EXPLANATIONS
from core.quality.registry import open_assessor
from core.quality.verdict import PassRule
from core.synthetic.degrade import worsen
from core.synthetic.phantoms import draw

BASE = PassRule(dict.fromkeys(EXPLANATIONS, 0.4), class_offsets={"poor_quality": -0.5})


@pytest.mark.parametrize("name", ["balanced", "lenient", "strict"])
def test_a_preset_names_its_operating_point(name):
    preset = load_preset(name)
    assert preset.name == preset.operating_point == name
    assert not preset.thresholds


def test_the_three_presets_differ_in_the_operating_point_and_the_second_opinion_alone():
    def content(name):
        own = {"name", "description", "operating_point", "second_opinion"}
        return load_preset(name).model_dump(exclude=own)

    assert content("lenient") == content("balanced") == content("strict")
    weighed = {name: load_preset(name).second_opinion for name in ("lenient", "balanced", "strict")}
    assert weighed == {"lenient": False, "balanced": True, "strict": True}


@pytest.mark.parametrize("name", ["balanced", "lenient", "strict", "quiet", "coach"])
def test_light_is_said_before_all_that_cannot_be_known_without_it(name):
    assert load_preset(name).priority[0] == "bad_light"


def test_the_rule_keeps_the_offsets_of_the_operating_point():
    rule = load_preset().rule(BASE)
    assert rule.thresholds == BASE.thresholds
    assert rule.class_offsets == {"poor_quality": -0.5}


def test_thresholds_of_the_preset_come_before_those_of_the_operating_point(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("operating_point: strict\nthresholds: {blurry: 0.9}\n", encoding="utf-8")
    rule = load_preset(path).rule(BASE)
    assert rule.thresholds == {**BASE.thresholds, "blurry": 0.9}
    assert rule.class_offsets == BASE.class_offsets


def test_a_preset_without_an_operating_point_is_balanced(tmp_path):
    path = tmp_path / "old.yaml"
    text = (PRESETS_DIR / "balanced.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("operating_point: balanced\n", ""), encoding="utf-8")
    assert load_preset(path).operating_point == "balanced"


def test_an_unknown_operating_point_is_named_with_its_line(tmp_path):
    path = tmp_path / "mine.yaml"
    text = (PRESETS_DIR / "balanced.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("operating_point: balanced", "operating_point: bold"), encoding="utf-8")
    with pytest.raises(PresetError, match=r"line 11.*operating_point"):
        load_preset(path)


def test_a_spot_seen_from_far_is_what_the_shots_of_context_and_region_ask_for():
    """With the network that ships: at a tenth of the frame the one always passes and the other in half of the
    cases, unless it is blurred; else it is skin without a spot."""
    network, preset = open_assessor("imageqx"), load_preset()
    base = network.rule(point=preset.operating_point)
    rules = {shot: preset.rule(base, shot=shot) for shot in ("context", "regional", "close_up")}
    passed = dict.fromkeys(rules, 0)
    for seed in range(500, 508):
        drawn = draw("lesion", seed, (480, 640), lesion_extent=0.1)
        soft = worsen(drawn.rgb, drawn.mask, "blurry", 0.95, np.random.default_rng(seed), mode="defocus")
        for shot, rule in rules.items():
            passed[shot] += network.assess(drawn.rgb, rule).passes
            assert not network.assess(soft, rule).passes
    assert passed["context"] >= 7
    assert passed["regional"] >= 3
    assert passed["close_up"] == 0
