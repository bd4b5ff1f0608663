from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from core.guidance.conditions import KEYS
from core.guidance.preset import PRESETS_DIR, PresetError, load_preset
from core.quality.labels import EXPLANATIONS

BALANCED = (PRESETS_DIR / "balanced.yaml").read_text(encoding="utf-8")
SHIPPED = sorted(PRESETS_DIR.glob("*.yaml"))
DEFAULTS = dict.fromkeys(EXPLANATIONS, 0.5)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert BALANCED.count(old) >= 1
    path = tmp_path / "mine.yaml"
    path.write_text(BALANCED.replace(old, new, 1), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    return next(number for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_prompt_is_short_and_complete(path):
    preset = load_preset(path)
    for wording in preset.prompts.values():
        assert set(wording) == set(KEYS)
        for prompt in wording.values():
            assert 2 <= len(prompt.text.split()) <= 7
            assert len(prompt.spoken) >= len(prompt.text)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_no_english_prompt_blames_or_speaks_of_colour(path):
    said = " ".join(
        f"{prompt.text} {prompt.spoken}" for prompt in load_preset(path).prompts["en"].values()
    ).lower()
    for word in ("bad", "wrong", "fail", "error", "poor", "green", "red ", "must", "you did", "mistake"):
        assert word not in said


def test_the_name_and_the_path_give_the_same_preset():
    assert load_preset("balanced") == load_preset(PRESETS_DIR / "balanced.yaml")


def test_a_preset_cannot_be_changed():
    preset = load_preset()
    with pytest.raises(ValidationError):
        preset.version = 2


def test_the_rule_takes_defaults_and_overrides(tmp_path):
    path = changed(tmp_path, "thresholds: {}", "thresholds: {blurry: 0.7}")
    rule = load_preset(path).rule(DEFAULTS)
    assert rule.thresholds == {**DEFAULTS, "blurry": 0.7}
    assert not rule.healthy_skin_passes
    assert load_preset(path).rule(DEFAULTS, healthy_skin_passes=True).healthy_skin_passes


def test_a_preset_may_let_healthy_skin_pass(tmp_path):
    path = changed(tmp_path, "healthy_skin_passes: false", "healthy_skin_passes: true")
    assert load_preset(path).rule(DEFAULTS).healthy_skin_passes


def test_a_language_that_is_missing_falls_back_to_the_first():
    preset = load_preset()
    assert preset.prompt("blurry", "xx") == preset.prompt("blurry", "en")


@pytest.mark.parametrize(
    ("old", "new", "line_with", "says"),
    [
        ("text: Hold still", "text: Hold", "text: Hold", "2 to 7 words, not 1"),
        (
            "text: Hold still",
            "text: Please do try to hold the camera still",
            "text: Please",
            "2 to 7 words, not 8",
        ),
        ("  lead: 1.5", "  laed: 1.5", "laed", "spelling"),
        ("  lead: 1.5", "  lead: 0.5", "lead:", "greater than or equal to 1"),
        ("thresholds: {}", "thresholds: {blury: 0.5}", "thresholds:", "unknown: blury"),
        ("thresholds: {}", "thresholds: {blurry: 1.5}", "thresholds:", "less than or equal to 1"),
        ("[no_skin, bad_framing,", "[bad_framing,", "priority:", "name each of these once"),
        ("    ready:\n", "    redy:\n", "prompts:", "en: add the prompts for ready"),
        ("version: 1", "version: one", "version:", "valid integer"),
        ("version: 1", "version: 1\nversion: 2", "version: 2", "a second time"),
        ("timing:", "timing: [", "window_ms", "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_do(tmp_path, old, new, line_with, says):
    path = changed(tmp_path, old, new)
    with pytest.raises(PresetError) as caught:
        load_preset(path)
    assert caught.value.code == "preset_invalid"
    assert says in caught.value.message
    if "valid YAML" not in says:
        assert f"line {line_of(path, line_with)}:" in caught.value.message
    else:
        assert ", line " in caught.value.message
    assert "Traceback" not in caught.value.message


def test_a_missing_part_is_named(tmp_path):
    content = yaml.safe_load(BALANCED)
    del content["gate"]
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(PresetError, match="gate: this is missing; add it"):
        load_preset(path)


@pytest.mark.parametrize("content", ["", "just words", "- a\n- list\n"])
def test_a_file_that_is_no_preset_is_refused(tmp_path, content):
    path = tmp_path / "mine.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PresetError) as caught:
        load_preset(path)
    assert "line 1" in caught.value.message


def test_a_name_that_does_not_exist_lists_those_that_do():
    with pytest.raises(PresetError, match="balanced") as caught:
        load_preset("no_such")
    assert caught.value.code == "preset_missing"


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(PresetError) as caught:
        load_preset(path)
    assert caught.value.code == "preset_invalid"
