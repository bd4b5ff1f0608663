"""YAML that anyone may have written: every way it can be wrong is one sentence with line and field."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from core.guidance.preset import PresetError, load_preset
from core.guidance.preset_content import content_of, from_yaml, yaml_of
from core.yaml_limits import MOST_CHARACTERS, MOST_DEPTH, MOST_PARTS
from core.yaml_model import YamlError, dump, parse

BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{one}: &a{one} [{', '.join([f'*a{one - 1}'] * 9)}]\n" for one in range(1, 25)
)


class Small(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: str = ""
    count: int = 0
    parts: dict[str, str] = {}
    names: list[str] = []


def told(text):
    with pytest.raises(YamlError) as caught:
        parse(text, Path("mine.yaml"), Small)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "line", "where", "says"),
    [
        (BOMB, 5, "a4 > 7", f"more than {MOST_PARTS}"),
        ("words: x\nparts: &p\n  more: *p\n", 3, "parts > more", "refers to a part that it stands in"),
        ("names: &n\n- *n\n", 2, "names > 0", "refers to a part that it stands in"),
        ("words: x\nnames: " + "[" * 3000, 2, "names > 0 > 0", f"more than {MOST_DEPTH} levels"),
        ("words: x\nparts: " + "{a: " * 300, 2, "parts > a > a", f"more than {MOST_DEPTH} levels"),
        ("- " * 3000, 1, "0 > 0 > 0", f"more than {MOST_DEPTH} levels"),
        ("\n".join("  " * one + "a:" for one in range(40)), 21, "a > a > a", "levels within each other"),
        ("words: 2026-13-45", 1, "words", "put it in quotation marks"),
        ("parts:\n  one: 2026-13-45\n", 2, "parts > one", "put it in quotation marks"),
        ("names:\n- x\n- 2026-02-29 25:61:00\n", 3, "names > 1", "put it in quotation marks"),
        ("2026-13-45: x", 1, "2026-13-45", "put it in quotation marks"),
        ("words: x\ncount: " + "9" * 5000, 2, "count", "longer than 4000 characters"),
        ("count: 0x" + "f" * 3999 + "\nwords: 1", 1, "count", "longer than 4000"),
        ("? " + "9" * 5000 + "\n: 1", 1, "9" * 40, "longer than 4000"),
        ("words: !!int soon", 1, "words", "put it in quotation marks"),
        ("words: !!timestamp soon", 1, "words", "put it in quotation marks"),
        ("words: !!bool soon", 1, "words", "put it in quotation marks"),
        ("words: !!binary é", 1, "", "base64"),
        ('parts: {"\\ud800": x}', 1, "parts > ?", "put it in quotation marks"),
        ('words: x\nparts: {a: "\\ud800"}', 2, "parts > a", "put it in quotation marks"),
        ('words: x\nparts: {a: "\\U00110000"}', 2, "parts > a", "put it in quotation marks"),
        ("words: x\ncount: \x07", 2, "the file", "put it in quotation marks"),
        ("words: x\n" + "#" * MOST_CHARACTERS, 2, "the file", f"longer than {MOST_CHARACTERS} characters"),
        ("words: *nothing", 1, "", "undefined alias"),
        ("words: !!python/name:os.system x", 1, "", "python/name"),
        ("words: x\nwords: y", 2, "", "a second time"),
        ("words: x\nnames: [1, 2", 2, "names > 2", "not valid YAML"),
        ("words: x\nparts:\n  a: 'b\n", 4, "parts > a", "not valid YAML"),
    ],
)
def test_what_goes_beyond_is_one_sentence_with_line_and_field(text, line, where, says):
    message = told(text)
    assert message.startswith(f"mine.yaml, line {line}: " + (f"{where}: " if where else "")), message[:200]
    assert says in message
    assert "\n" not in message
    assert len(message) < 300


def test_a_file_with_thousands_of_mistakes_names_the_first_ones():
    lines = told("\n".join(f"wrong{one}: 1" for one in range(5000))).splitlines()
    assert len(lines) == 20
    assert lines[0].startswith("mine.yaml, line 1: wrong0: no such setting")


def test_what_stands_in_a_mistake_never_makes_a_second_line():
    text = 'name: mine\nmerge: {"one\\ntwo": blurry, "' + "long" * 900 + '": blurry}\n'
    with pytest.raises(PresetError) as caught:
        from_yaml(text, "draft.yaml")
    assert len(caught.value.message.splitlines()) == 1
    assert len(caught.value.message) < 600


def test_a_few_aliases_are_read_and_none_are_written():
    text = "words: &w hello\nparts: {a: *w, b: *w}\nnames: [*w]\n"
    found = parse(text, Path("mine.yaml"), Small)
    assert (found.parts, found.names) == ({"a": "hello", "b": "hello"}, ["hello"])
    same = ["x"]
    assert "&" not in dump({"one": same, "two": same}, width=80)


@pytest.mark.parametrize("text", [BOMB, "[" * 3000, "description: 2026-13-45", "version: " + "9" * 5000])
def test_a_preset_from_the_editor_or_a_file_says_so(text, tmp_path):
    with pytest.raises(PresetError, match=r"draft\.yaml, line \d+: "):
        from_yaml(text, "draft.yaml")
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(PresetError, match=r"mine\.yaml, line \d+: "):
        load_preset(file)


def test_no_more_of_a_file_is_read_than_shows_that_it_is_too_long(tmp_path):
    file = tmp_path / "mine.yaml"
    with file.open("wb") as opened:
        opened.truncate(1 << 33)
    with pytest.raises(PresetError, match="longer than"):
        load_preset(file)


SCALARS = st.sampled_from(
    ["x", "~", "2026-13-45", "2026-01-01 99:99:99", "0x" + "f" * 3990, "1:99:9", "!!int no", "!!set {a}",
     "&a", "*a", "&a x", "<<", "? ", "!!binary =", '"\\ud800"', '"\\UFFFFFFFF"', "[[", "{{", "- - -",
     "\0", "\x85"]
)  # fmt: skip
WILD = st.recursive(
    SCALARS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: "[" + ", ".join(parts) + "]")
        | st.lists(st.tuples(inner, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=8,
)
PLACES = st.sampled_from(["name", "version", "description", "timing", "prompts", "merge", "priority", "gate"])


@settings(max_examples=150)
@given(st.lists(st.tuples(PLACES | SCALARS, WILD), max_size=4), st.text(max_size=20))
def test_whatever_is_written_is_a_preset_or_sentences(settings_, tail):
    text = "\n".join(f"{key}: {value}" for key, value in settings_) + "\n" + tail
    try:
        preset, told = from_yaml(text, "draft.yaml"), ""
    except PresetError as error:
        preset, told = None, error.message
    told.encode("utf-8")
    assert all(line.startswith("draft.yaml, line ") for line in told.splitlines())
    assert preset is None or from_yaml(yaml_of(content_of(preset)), "draft.yaml") == preset
