"""A draft in a link: the same at the other end, and nothing but a sentence when it was tampered with."""

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.designer.link import MOST_LETTERS, LinkError, from_link, link_of
from core.guidance.preset import load_preset, preset_files
from core.guidance.preset_content import checked, content_of, put

BASES = {name: content_of(load_preset(name)) for name in preset_files()}
BASE = BASES["balanced"]
WORDS = st.lists(st.text("abcdeæß", min_size=2, max_size=5), min_size=2, max_size=5).map(" ".join)


def packed(told):
    plain = told if isinstance(told, bytes) else json.dumps(told).encode()
    return "1." + base64.urlsafe_b64encode(zlib.compress(plain)).decode().rstrip("=")


@pytest.mark.parametrize("name", preset_files())
def test_every_shipped_preset_comes_through(name):
    preset = load_preset(name)
    link = link_of(BASES[name], BASES)
    assert from_link(link, BASES) == preset
    assert len(link) < 100, "told from itself"


@given(
    words=WORDS,
    hint=st.integers(1500, 10_000),
    blurry=st.floats(0, 1),
    order=st.permutations(BASE["priority"]),
    language=st.sampled_from(["en", "ar", "hi"]),
)
def test_a_draft_comes_through_whatever_was_edited(words, hint, blurry, order, language):
    content = put(BASE, ("prompts", language, "blurry"), {"text": words, "spoken": words + "."})
    content = put(content, ("timing", "hint_ms"), hint)
    content = put(content, ("thresholds", "blurry"), blurry)
    content = put(content, ("priority",), list(order))
    link = link_of(content, BASES)
    assert len(link) <= MOST_LETTERS
    assert from_link(link, BASES) == checked(content)[0]


def test_what_balanced_has_and_the_draft_has_not_is_left_out():
    base = put(BASE, ("thresholds", "blurry"), 0.5)
    assert from_link(link_of(BASE, {"base": base}), {"base": base}).thresholds == {}


def test_a_draft_of_many_words_is_no_link():
    content = BASE
    for number, key in enumerate(("blurry", "no_skin", "bad_light", "ready", "searching")):
        for language in ("es", "de", "fr", "da", "pt", "hi", "ar"):
            # Words that no compression makes small.
            spoken = base64.b64encode(
                bytes((i * i * 37 + number * 11 + ord(language[0])) % 251 for i in range(290))
            )
            content = put(content, ("prompts", language, key), {"text": "a b", "spoken": spoken.decode()})
    with pytest.raises(LinkError, match="too much for a link"):
        link_of(content, BASES)


@given(
    st.text(max_size=60)
    | st.binary(max_size=80).map(lambda data: "1." + base64.urlsafe_b64encode(data).decode())
)
def test_anything_else_is_one_sentence(text):
    with pytest.raises(LinkError):
        from_link(text, BASES)


@given(
    st.recursive(
        st.none() | st.floats() | st.text(max_size=5) | st.integers() | st.just("\ud800"),
        lambda inner: (
            st.sampled_from([*BASES])
            | st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["from", "set", "drop", "x"]), inner, max_size=4)
        ),
    )
)
def test_well_packed_nonsense_is_one_sentence_or_nothing(told):
    try:
        found = from_link(packed(told), BASES)
    except LinkError:
        return
    assert content_of(found) in BASES.values(), "a link that says nothing changes nothing"


@pytest.mark.parametrize(
    "told",
    [
        {"from": "balanced", "set": [["timing/hint_ms", "soon"]], "drop": []},
        {"from": "balanced", "set": [["timing/lead", 1e400]], "drop": []},
        {"from": "balanced", "set": [["no_such_thing", 1]], "drop": []},
        {"from": "balanced", "set": [["../../etc", 1]], "drop": []},
        {"from": "balanced", "set": [["name", "../../x"]], "drop": []},
        {"from": "balanced", "set": [["timing/hint_ms/deeper/still/and/on", 1]], "drop": []},
        {"from": "balanced", "set": [], "drop": ["timing"]},
        {"from": "balanced", "set": [["timing/hint_ms", 1500]] * 700, "drop": []},
        {
            "from": "balanced",
            "set": [["prompts/en/blurry", {"text": "<b>x</b>" * 30, "spoken": "x"}]],
            "drop": [],
        },
        b'{"from": "balanced", "set": [["timing/lead", Infinity]], "drop": []}',
        {"from": "no-such-preset", "set": [], "drop": []},
        {"from": 1, "set": [], "drop": []},
        b"[" * 30_000,
        b'{"from": "balanced", "drop": [], "set": [["merge", ' + b"[" * 800 + b"]" * 800 + b"]]}",
        b'{"from": "balanced", "drop": [], "set": [["description", '
        + b'{"a": ' * 12
        + b"1"
        + b"}" * 12
        + b"]]}",
        {"from": "balanced", "set": [["description", "\ud800"]], "drop": []},
        {"from": "balanced", "set": [["thresholds", {"\udfff": 1}]], "drop": []},
        b'{"from": "balanced", "set": [["timing/hint_ms", ' + b"9" * 5000 + b']], "drop": []}',
        b"\xff\xfe",
    ],
)
def test_settings_that_the_schema_does_not_allow_are_refused(told):
    with pytest.raises(LinkError):
        from_link(packed(told), BASES)


def test_a_link_that_unpacks_without_end_is_refused():
    bomb = packed(b'{"from":"balanced","drop":[],"set":[["description","' + b"a" * 5_000_000 + b'"]]}')
    assert len(bomb) > MOST_LETTERS or len(bomb) < 10_000
    with pytest.raises(LinkError):
        from_link(bomb[:MOST_LETTERS], BASES)


@given(st.data())
def test_one_altered_letter_never_changes_a_draft_unseen(data):
    content = put(BASE, ("timing", "hint_ms"), 2345)
    link = link_of(content, BASES)
    place = data.draw(st.integers(2, len(link) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_"))
    altered = link[:place] + letter + link[place + 1 :]
    try:
        found = from_link(altered, BASES)
    except LinkError:
        return
    assert found == checked(content)[0], "the checksum of the packing catches the rest"
