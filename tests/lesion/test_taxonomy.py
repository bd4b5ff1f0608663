import pytest

from core.lesion.taxonomy import LABELS, description, lay_name, term
from core.runtime.manifest import load_manifest


def test_labels_are_those_of_the_shipped_network():
    assert list(LABELS) == load_manifest().networks["lesion"].labels
    assert len(LABELS) == 10


@pytest.mark.parametrize("words", [term, lay_name, description])
def test_every_label_has_words_of_its_own(words):
    texts = [words(label) for label in LABELS]
    assert len(set(texts)) == 10
    assert all(text[0].isupper() and "_" not in text for text in texts)


def test_plain_words_differ_from_the_term():
    assert all(lay_name(label) != term(label) for label in LABELS)


def test_a_description_is_a_sentence():
    assert all(description(label).endswith(".") for label in LABELS)


@pytest.mark.parametrize("words", [term, lay_name, description])
def test_other_labels_are_refused(words):
    with pytest.raises(KeyError):
        words("melanoma")
