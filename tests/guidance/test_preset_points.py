import pytest
import yaml

from core.guidance.preset import PRESETS_DIR, PresetError, load_preset
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import PassRule

BASE = PassRule(dict.fromkeys(EXPLANATIONS, 0.4), class_offsets={"poor_quality": -0.5})


@pytest.mark.parametrize("name", ["balanced", "lenient", "strict"])
def test_a_preset_names_its_operating_point(name):
    preset = load_preset(name)
    assert preset.name == preset.operating_point == name
    assert not preset.thresholds


def test_the_three_presets_differ_in_the_operating_point_alone():
    def content(name):
        read = yaml.safe_load((PRESETS_DIR / f"{name}.yaml").read_text(encoding="utf-8"))
        return {k: v for k, v in read.items() if k not in ("name", "description", "operating_point")}

    assert content("lenient") == content("balanced") == content("strict")


def test_the_rule_keeps_the_offsets_of_the_operating_point():
    rule = load_preset().rule(BASE)
    assert rule.thresholds == BASE.thresholds
    assert rule.class_offsets == {"poor_quality": -0.5}


def test_thresholds_of_the_preset_come_before_those_of_the_operating_point(tmp_path):
    path = tmp_path / "mine.yaml"
    text = (PRESETS_DIR / "strict.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("thresholds: {}", "thresholds: {blurry: 0.9}"), encoding="utf-8")
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
    with pytest.raises(PresetError, match=r"line 9.*operating_point"):
        load_preset(path)
