"""Drafts: edited freely, checked, compared, and written as YAML."""

import pytest

from core.designer.diff import MISSING, changes, differences, effective
from core.designer.fields import field_name, value_text, where
from core.designer.limits import Limits, limits_of
from core.guidance.outline import SHAPES
from core.guidance.preset import Preset, PresetError, load_preset, preset_files
from core.guidance.preset_content import at, checked, content_of, drop, from_yaml, put, yaml_of
from core.quality.labels import EXPLANATIONS


@pytest.fixture
def content():
    return content_of(load_preset())


@pytest.mark.parametrize("name", preset_files())
def test_every_shipped_preset_survives_being_edited_and_written(name):
    preset = load_preset(name)
    same, problems = checked(content_of(preset))
    assert problems == ()
    assert same == preset
    assert from_yaml(yaml_of(content_of(preset)), "draft.yaml") == preset


def test_a_draft_starts_with_its_name(content):
    assert yaml_of(content).startswith("name: balanced\nversion: ")


def test_an_edit_leaves_the_original_alone(content):
    before = content_of(load_preset())
    edited = put(content, ("timing", "hint_ms"), 2000)
    assert at(edited, ("timing", "hint_ms")) == 2000
    assert content == before
    worded = put(content, ("prompts", "fr", "blurry"), {"text": "Ne bougez plus", "spoken": "Flou."})
    assert drop(worded, ("prompts", "fr", "blurry")) == content, "an empty language does not stay behind"
    assert "thresholds" in drop(put(content, ("thresholds", "blurry"), 0.5), ("thresholds", "blurry"))
    assert at(content, ("no", "such", "place")) is None


def test_a_wrong_draft_says_where_and_what(content):
    wrong = put(content, ("prompts", "en", "blurry"), {"text": "Stay", "spoken": "Stay."})
    wrong = put(wrong, ("timing", "lead"), 0.5)
    preset, problems = checked(wrong)
    assert preset is None
    told = {where(problem.steps): problem.advice for problem in problems}
    assert "use 2 to 7 words" in told["Wording, English, Blurred"]
    assert any(place.startswith("Timing, A new prompt needs") for place in told)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: mine\ntiming:\n  hint_ms: soon\n", 3),
        ("name: mine\ntiming: {hint_ms: 2000\n", 3),
        ("name: mine\nname: yours\n", 2),
        ("name: mine\nprompts:\n  en:\n    blurry: {text: Stay, spoken: Stay.}\n", 4),
        ("name: mine\nthresholds:\n  blury: 0.5\n", 2),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(text, line):
    with pytest.raises(PresetError) as caught:
        from_yaml(text, "draft.yaml")
    assert f"draft.yaml, line {line}: " in caught.value.message


@pytest.mark.parametrize(
    ("overlay", "advice"),
    [
        ("{colour: red}", 'such as "#ffcc00"'),
        ("{colour_ready: '#ffcc00 '}", 'such as "#ffcc00"'),
        ("{shape: knee}", "'hand', 'face' or 'foot'"),
        ("{banner: left}", "'top' or 'bottom'"),
    ],
)
def test_an_overlay_that_cannot_be_drawn_is_refused_with_what_can_be(overlay, advice):
    with pytest.raises(PresetError) as caught:
        from_yaml(f"name: mine\noverlay: {overlay}\n", "draft.yaml")
    assert "draft.yaml, line 2: overlay > " in caught.value.message
    assert advice in caught.value.message


def test_a_file_beyond_all_measure_is_refused():
    with pytest.raises(PresetError, match="longer than any preset"):
        from_yaml("name: mine\n" + "#" * 200_000, "draft.yaml")


def test_differences_are_named_setting_by_setting(content):
    edited = put(content, ("timing", "hint_ms"), 2500)
    edited = put(edited, ("thresholds", "blurry"), 0.25)
    edited = put(edited, ("name",), "mine")
    found = {one.steps: (one.before, one.after) for one in differences(content, edited)}
    assert found == {
        ("timing", "hint_ms"): (1500, 2500),
        ("thresholds", "blurry"): (MISSING, 0.25),
        ("name",): ("balanced", "mine"),
    }
    assert {one.steps[0] for one in changes(content, edited)} == {"timing", "thresholds"}
    assert changes(content, content) == ()
    assert [one.after for one in changes(edited, content) if one.steps[0] == "thresholds"] == [MISSING]


def test_presets_are_compared_as_people_meet_them():
    points = dict.fromkeys(EXPLANATIONS, 0.5)
    quiet, balanced = load_preset("coach"), load_preset()
    one, other = (effective(preset, ("en",), points) for preset in (balanced, quiet))
    found = {
        where(one.steps): (value_text(one.before, one.steps), value_text(one.after, one.steps))
        for one in changes(one, other)
    }
    assert found["Wording, English, Too far away"][0] == "Move closer"
    assert found["Timing, A prompt stays at least"] == ("1500 ms", "2500 ms")
    assert found["Shutter, The photo takes itself"] == ("no", "yes")
    assert not any(place.startswith("Thresholds") for place in found)
    stricter = effective(balanced, (), {**points, "blurry": 0.4})
    assert [one.steps for one in changes(effective(balanced, (), points), stricter)] == [
        ("thresholds", "blurry")
    ]


def test_every_setting_of_a_part_has_its_limits_and_its_words():
    parts = [name for name in Preset.model_fields if limits_of(name)]
    assert {"timing", "gate", "camera", "overlay"} <= set(parts)
    for part in parts:
        for steps, limits in limits_of(part).items():
            assert field_name(steps) != steps[-1].replace("_", " "), steps
            for option in limits.options:
                assert value_text(option, steps) != option
            if limits.kind in (int, float):
                assert limits.low is not None, steps
                assert limits.step, steps
    assert limits_of("timing")["timing", "help_after_s"].optional
    assert not limits_of("timing")["timing", "hint_ms"].optional
    assert limits_of("timing")["timing", "hint_ms"].low == 1500
    assert limits_of("overlay")["overlay", "shape"].options == SHAPES
    assert limits_of("overlay")["overlay", "colour"] == Limits(str)
    assert limits_of("name") == {}


def test_values_are_said_in_plain_words():
    assert value_text(True) == "yes"
    assert value_text(None, ("timing", "help_after_s")) == "never"
    assert value_text(30.0, ("gate", "override_after_s")) == "30 s"
    assert value_text(["no_skin", "blurry"], ("priority",)) == "No skin, Blurred"
    assert value_text(MISSING) == "not set"
    assert where(()) == "The whole draft"
    assert (
        where(("shots", "context", "thresholds", "blurry"))
        == "Series, First photo: from far, Thresholds, Blurred"
    )
