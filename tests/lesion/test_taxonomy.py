import json

import pytest
from made_up_entry import made_up_entry
from toy_network import LABELS as TOY_LABELS
from toy_network import WORDS

from core import i18n
from core.lesion.taxonomy import LABELS, shipped, taxonomy_of
from core.runtime.manifest import WEIGHTS_DIR, WeightsError, load_manifest


def entry(**changes):
    return made_up_entry(**{"task": "lesion", "labels": list(TOY_LABELS), "taxonomy": "toy.yaml"} | changes)


@pytest.fixture
def words_of(tmp_path):
    """The taxonomy of the toy network, after ``old`` in its file was replaced by ``new``."""

    def read(old="", new="", **changes):
        assert old in WORDS
        text = WORDS.replace(old, new, 1) if old else WORDS
        (tmp_path / "toy.yaml").write_text(text, encoding="utf-8")
        return taxonomy_of(entry(**changes), tmp_path)

    return read


def test_labels_are_those_of_the_shipped_network():
    shipped_entry = load_manifest().networks["lesion"]
    assert list(LABELS) == shipped_entry.labels
    assert len(LABELS) == 10
    assert taxonomy_of(shipped_entry) == shipped()


@pytest.mark.parametrize("what", ["term", "lay_name", "description", "learnt_from"])
def test_every_shipped_label_has_words_of_its_own(what):
    say = getattr(shipped(), what)
    texts = [say(label) for label in LABELS]
    assert all(text[0].isupper() and "_" not in text for text in texts)
    # Two classes may have had as many photos.
    assert len(set(texts)) == 10 or what == "learnt_from"
    with pytest.raises(KeyError):
        say("melanoma")


def test_shipped_plain_words_differ_from_the_term_and_descriptions_are_sentences():
    taxonomy = shipped()
    assert all(taxonomy.lay_name(label) != taxonomy.term(label) for label in LABELS)
    assert all(taxonomy.description(label).endswith(".") for label in LABELS)


def test_shipped_counts_are_of_the_photos_that_the_shipped_network_was_trained_on():
    """New weights need new counts: see training/data/learnt_from.py."""
    trained = load_manifest().networks["lesion"].provenance["data"]
    assert sum(words.photos for words in shipped().labels.values()) == sum(trained.values())


def test_little_to_learn_from_is_said():
    taxonomy = shipped()
    assert taxonomy.has_few_photos("crust")
    assert "few photos (79 photos of 4 sources)" in taxonomy.learnt_from("crust")
    assert not taxonomy.has_few_photos("ulcer")
    assert "few" not in taxonomy.learnt_from("ulcer")
    assert "871 photos of 3 sources." in taxonomy.learnt_from("ulcer")
    assert "one clinic" in taxonomy.learnt_from("ulcer")


def test_another_networks_words_come_from_its_file(words_of):
    taxonomy = words_of()
    assert [taxonomy.lay_name(label) for label in TOY_LABELS] == ["Red spot", "Green spot", "HPV wart"]
    assert taxonomy.term("moss") == "Muscus"
    assert taxonomy.description("ember") == "A spot that is redder than the rest."
    assert taxonomy.has_few_photos("ember")
    assert taxonomy.learnt_from("ember").endswith("Drawn by a test.")
    # 500 of 50 are many; and where nobody says, nothing is claimed.
    assert not taxonomy.has_few_photos("moss")
    assert not taxonomy.has_few_photos("HPV wart")
    assert taxonomy.learnt_from("HPV wart") == ""
    told = ["12 photos of 1 source. Drawn by a test.", "500 photos of 3 sources.", "Nobody wrote that down."]
    assert [taxonomy.training_photos(label) for label in TOY_LABELS] == told


def test_a_name_inside_a_sentence_starts_small_unless_it_is_an_abbreviation(words_of):
    taxonomy = words_of()
    assert taxonomy.in_sentence("ember") == "red spot"
    assert taxonomy.in_sentence("HPV wart") == "HPV wart"


def test_a_file_that_was_edited_is_read_anew(words_of):
    assert words_of().lay_name("moss") == "Green spot"
    assert words_of("Green spot", "Mossy spot").lay_name("moss") == "Mossy spot"


def test_words_are_translated_where_the_catalogue_knows_them(monkeypatch, words_of):
    class Catalogue:
        def gettext(self, text):
            return {"Pimples": "Pickel", "Red spot": "Roter Fleck"}.get(text, text)

        def ngettext(self, one, many, count):
            return one if count == 1 else many

    monkeypatch.setattr(i18n, "_catalogue", lambda language: Catalogue())
    assert shipped().lay_name("acne") == "Pickel"
    assert words_of().lay_name("ember") == "Roter Fleck"
    assert words_of().lay_name("moss") == "Green spot"


def test_without_a_file_labels_are_made_readable_and_nothing_is_claimed():
    taxonomy = taxonomy_of(entry(labels=["basal_cell", "nevus"], taxonomy=None))
    assert taxonomy.lay_name("basal_cell") == "Basal cell"
    texts = (taxonomy.term, taxonomy.description, taxonomy.learnt_from)
    assert [say("nevus") for say in texts] == ["", "", ""]


def test_without_a_file_our_classes_keep_their_words_but_not_our_counts():
    taxonomy = taxonomy_of(entry(labels=["wheal", "crust"], taxonomy=None))
    assert list(taxonomy.labels) == ["wheal", "crust"]
    assert taxonomy.lay_name("crust") == "Scab"
    assert taxonomy.learnt_from("crust") == ""
    assert not taxonomy.has_few_photos("crust")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("lay_name: Red spot", "layname: Red spot", 6, "layname: no such setting"),
        ("lay_name: Red spot", "layname: Red spot", 4, "lay_name: this is missing"),
        ("term: Muscus", "term: ''", 12, "at least 1 character"),
        ("photos: 500", "photos: many", 15, "valid integer"),
        ("    photos: 500\n", "", 11, "both photos and sources"),
        ("few_photos: 50", "few_photos: -1", 2, "greater than or equal to 0"),
        ("version: 1", "version: 2", 1, "less than or equal to 1"),
        ("  moss:", "  mos:", 3, "add moss, which the network answers with"),
        ("  moss:", "  melanoma: {term: M, lay_name: M, description: M.}\n  moss:", 3, "remove melanoma"),
        ("  moss:", "  ember:", 11, "a second time"),
        ("labels:", "labels: [", 5, "not valid YAML"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(tmp_path, words_of, old, new, line, says):
    with pytest.raises(WeightsError) as caught:
        words_of(old, new)
    assert caught.value.code == "taxonomy_invalid"
    lines = caught.value.message.splitlines()
    assert any(
        text.startswith(f"{tmp_path / 'toy.yaml'}, line {line}:") and says in text for text in lines
    ), lines


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(WeightsError) as caught:
        taxonomy_of(entry(), tmp_path)
    assert caught.value.code == "taxonomy_missing"
    assert str(tmp_path / "toy.yaml") in caught.value.message


def test_a_file_that_is_no_text_is_a_sentence(tmp_path):
    (tmp_path / "toy.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WeightsError, match="UTF-8"):
        taxonomy_of(entry(), tmp_path)


def test_the_shipped_entry_names_its_words():
    listed = json.loads((WEIGHTS_DIR / "manifest.json").read_text())["networks"]["lesion"]
    assert (WEIGHTS_DIR / listed["taxonomy"]).is_file()
