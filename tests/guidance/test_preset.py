from pathlib import Path

import pytest
from pydantic import ValidationError

from core.guidance.conditions import CAMERA_KEYS, KEYS, PICTURE_KEYS, REFINED, WORDED_KEYS
from core.guidance.preset import (
    PRESETS_DIR,
    PresetError,
    load_named,
    load_preset,
    preset_files,
)
from core.guidance.wording import MOST_LETTERS, WORDS_DIR, house_languages, house_words
from core.i18n import LANGUAGES
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import PassRule

BALANCED = (PRESETS_DIR / "balanced.yaml").read_text(encoding="utf-8")
SHIPPED = ("balanced", "coach", "lenient", "quiet", "strict")
DEFAULTS = dict.fromkeys(EXPLANATIONS, 0.5)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert BALANCED.count(old) >= 1
    return saved(tmp_path, BALANCED.replace(old, new, 1))


def saved(tmp_path: Path, text: str, name: str = "mine") -> Path:
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    return next(number for number, line in lines if text in line and not line.startswith("#"))


def test_these_presets_ship():
    assert tuple(preset_files()) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("language", house_languages())
def test_every_preset_has_a_prompt_for_every_condition_in_every_language(name, language):
    preset = load_preset(name)
    for key in WORDED_KEYS:
        prompt = preset.prompt(key, language)
        assert prompt.text
        assert prompt.spoken
        if language == "en":
            assert 2 <= len(prompt.text.split()) <= 7
            assert len(prompt.text) <= 40
            assert len(prompt.spoken) >= len(prompt.text)


@pytest.mark.parametrize("language", house_languages())
def test_the_house_has_words_for_everything_in_each_of_its_languages(language):
    assert set(house_words(language)) == set(WORDED_KEYS)


@pytest.mark.parametrize("name", SHIPPED)
def test_no_english_prompt_blames_or_speaks_of_colour(name):
    preset = load_preset(name)
    said = " ".join(f"{preset.prompt(key).text} {preset.prompt(key).spoken}" for key in WORDED_KEYS).lower()
    for word in ("bad", "wrong", "fail", "error", "poor", "green", "red ", "must", "you did", "mistake"):
        assert word not in said


def test_the_name_and_the_path_give_the_same_preset():
    assert load_preset("balanced") == load_preset(PRESETS_DIR / "balanced.yaml")


def test_a_preset_cannot_be_changed():
    preset = load_preset()
    with pytest.raises(ValidationError):
        preset.version = 2


def test_what_a_preset_leaves_out_comes_from_balanced_key_by_key(tmp_path):
    text = "timing: {lead: 2.5}\nshots: {context: {thresholds: {blurry: 0.9}}}\n"
    mine = load_preset(saved(tmp_path, text))
    start = load_preset()
    assert mine.timing == start.timing.model_copy(update={"lead": 2.5})
    assert mine.shots.context.thresholds == {**start.shots.context.thresholds, "blurry": 0.9}
    assert mine.gate == start.gate
    assert (mine.name, mine.version, mine.description) == ("mine", 1, "")


def test_own_presets_are_found_in_their_folders_and_none_takes_a_shipped_name(tmp_path):
    saved(tmp_path, "gate: {auto_capture: true}\n")
    saved(tmp_path, "gate: {auto_capture: true}\n", "balanced")
    saved(tmp_path, "", "No name")
    folders = [tmp_path, tmp_path / "not there"]
    assert set(preset_files(folders)) == {*SHIPPED, "mine"}
    assert load_preset("mine", folders).gate.auto_capture
    assert not load_named("balanced", folders).gate.auto_capture
    with pytest.raises(PresetError, match="balanced") as caught:
        load_preset("mine")
    assert caught.value.code == "preset_missing"


@pytest.mark.parametrize("name", ["../balanced", "/etc/passwd", "balanced.yaml", "words/en", "", "Balanced"])
def test_a_name_from_an_address_leads_out_of_no_folder(name):
    with pytest.raises(PresetError) as caught:
        load_named(name)
    assert caught.value.code == "preset_missing"


def test_the_rule_takes_defaults_and_overrides(tmp_path):
    path = changed(tmp_path, "thresholds: {}", "thresholds: {blurry: 0.7}")
    rule = load_preset(path).rule(DEFAULTS)
    assert rule.thresholds == {**DEFAULTS, "blurry": 0.7}
    assert not rule.healthy_skin_passes
    assert load_preset(path).rule(DEFAULTS, healthy_skin_passes=True).healthy_skin_passes


def test_each_shot_of_a_series_has_a_rule_of_its_own(tmp_path):
    text = (
        "thresholds: {blurry: 0.6}\nshots: {close_up: {thresholds: {blurry: 0.3}, healthy_skin_passes: true}}"
    )
    preset = load_preset(saved(tmp_path, text))
    base = PassRule(DEFAULTS, class_offsets={"poor_quality": -0.5})
    assert preset.rule(base).thresholds["blurry"] == 0.6
    close = preset.rule(base, shot="close_up")
    assert (close.thresholds["blurry"], close.healthy_skin_passes) == (0.3, True)
    assert close.class_offsets == {"poor_quality": -0.5}
    context = preset.rule(base, shot="context")
    assert (context.thresholds["too_far_away"], context.thresholds["blurry"]) == (1, 0.6)
    assert context.class_offsets == {"poor_quality": -4}


def test_a_preset_may_let_healthy_skin_pass(tmp_path):
    path = changed(tmp_path, "healthy_skin_passes: false", "healthy_skin_passes: true")
    assert load_preset(path).rule(DEFAULTS).healthy_skin_passes


def test_quiet_says_one_thing_only():
    quiet = load_preset("quiet")
    assert {quiet.merged_into(key) for key in (*PICTURE_KEYS, *REFINED)} == {"adjust"}
    assert [quiet.merged_into(key) for key in CAMERA_KEYS] == [*CAMERA_KEYS]
    assert quiet.merged_into("ready") == "ready"
    assert all(load_preset().merged_into(key) == key for key in KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_coach_has_short_words_of_its_own_for_the_same_conditions_in_every_language(language):
    prompts = load_preset("coach").prompts
    own = prompts.of(language)
    assert set(own) == set(prompts.of("en"))
    for prompt in own.values():
        assert len(prompt.text) <= MOST_LETTERS
        assert prompt.text != prompt.spoken


def test_a_condition_that_is_merged_takes_its_refinements_along_unless_they_are_named(tmp_path):
    text = "merge: {bad_light: blurry, glare: too_bright}"
    preset = load_preset(saved(tmp_path, text))
    assert [preset.merged_into(key) for key in ("too_dark", "glare", "move_up")] == [
        "blurry",
        "too_bright",
        "move_up",
    ]


@pytest.fixture
def spanish(monkeypatch, tmp_path):
    """A house that speaks a little of a language nobody ships."""
    for source in WORDS_DIR.glob("*.yaml"):
        saved(tmp_path, source.read_text(encoding="utf-8"), source.stem)
    saved(tmp_path, "blurry: {text: xx house, spoken: xx house}\nglare: {text: xx glare, spoken: x}", "xx")
    monkeypatch.setattr("core.guidance.wording.WORDS_DIR", tmp_path)
    house_words.cache_clear()
    yield
    house_words.cache_clear()


def test_own_words_come_before_the_houses_and_the_language_before_english(spanish, tmp_path):
    text = (
        "prompts:\n  en:\n    blurry: {text: own English, spoken: own English}\n"
        "    no_skin: {text: own English, spoken: own English}\n"
        "  xx:\n    blurry: {text: xx own, spoken: xx own}"
    )
    mine = load_preset(saved(tmp_path, text))
    plain = load_preset()
    assert mine.prompt("blurry", "xx").text == "xx own"
    assert mine.prompt("glare", "xx").text == "xx glare"
    assert mine.prompt("no_skin", "xx").text == "own English"
    assert mine.prompt("ready", "xx") == plain.prompt("ready", "en")
    assert mine.prompt("blurry").text == "own English"
    assert plain.prompt("blurry", "xx").text == "xx house"
    assert plain.prompt("blurry", "zz") == plain.prompt("blurry", "en")
    assert mine.prompts.languages == ("en", "xx")
    with pytest.raises(KeyError):
        plain.prompt("no_such_condition", "xx")


PROMPT = "prompts: {{{}: {{{}: {{text: {}, spoken: said}}}}}}"


@pytest.mark.parametrize(
    ("old", "new", "line_with", "says"),
    [
        ("prompts: {}", PROMPT.format("en", "blurry", "Hold"), "text: Hold", "2 to 7 words, not 1"),
        ("prompts: {}", PROMPT.format("en", "blurry", "a b c d e f g h"), "text: a b", "2 to 7 words, not 8"),
        ("prompts: {}", PROMPT.format("en", "blurry", "a " + 39 * "b"), "text: a b", "at most 40 characters"),
        ("prompts: {}", PROMPT.format("en", "blury", "Hold still"), "blury", "no condition blury"),
        ("prompts: {}", PROMPT.format("de", "blury", "Halten"), "blury", "no condition blury"),
        ("prompts: {}", PROMPT.format("de", "blurry", "''"), "text: ''", "at least 1 character"),
        ("prompts: {}", PROMPT.format("German", "blurry", "Halten"), "prompts:", "no language code"),
        ("  lead: 1.5", "  laed: 1.5", "laed", "spelling"),
        ("  lead: 1.5", "  lead: 0.5", "lead:", "greater than or equal to 1"),
        ("hint_ms: 1500", "hint_ms: 900", "hint_ms:", "greater than or equal to 1500"),
        ("calm_ms: 1000", "calm_ms: 900", "calm_ms:", "greater than or equal to 1000"),
        ("countdown_ms: 2000", "countdown_ms: 0", "countdown_ms:", "greater than or equal to 500"),
        ("help_after_s: 5", "help_after_s: soon", "help_after_s:", "valid number"),
        ("  size: 0.3", "  size: 0.9", "  size:", "less than or equal to 0.48"),
        ("thresholds: {}", "thresholds: {blury: 0.5}", "thresholds:", "unknown: blury"),
        ("thresholds: {}", "thresholds: {blurry: 1.5}", "thresholds:", "less than or equal to 1"),
        ("{too_far_away: 1, bad", "{too_near: 1, bad", "too_near", "unknown: too_near"),
        ("{poor_quality: -4}", "{poor: -2}", "{poor:", "unknown: poor"),
        ("merge: {}", "merge: {ready: blurry}", "merge:", "ready cannot be merged"),
        ("merge: {}", "merge: {blurry: ready}", "merge:", "ready cannot be said for blurry"),
        ("no_skin, bad_framing, too", "bad_framing, too", "priority:", "name each of these once"),
        ("version: 3", "version: one", "version:", "valid integer"),
        ("version: 3", "version: 3\nversion: 4", "version: 4", "a second time"),
        ("timing:", "timing: [", "window_ms", "not valid YAML"),
        ("merge: {}", "marge: {}", "marge", "spelling"),
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


@pytest.mark.parametrize("content", ["", "just words", "- a\n- list\n", "timing:\n"])
def test_a_file_that_is_no_preset_is_refused(tmp_path, content):
    with pytest.raises(PresetError) as caught:
        load_preset(saved(tmp_path, content))
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


def test_a_preset_may_name_an_assessor_that_there_is(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("assessor: classical\n", encoding="utf-8")
    assert load_preset().assessor is None
    assert load_preset(path).assessor == "classical"
    path.write_text("assessor: oracle\n", encoding="utf-8")
    with pytest.raises(PresetError, match="use one of imageqx, classical, ordinal"):
        load_preset(path)
