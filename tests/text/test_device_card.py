"""The card of a photo that stays on the device says what the server's card says."""

import pytest

from core.guidance.conditions import GENERAL_KEY, PICTURE_KEYS, REFINED
from core.guidance.preset import load_preset
from core.i18n import LANGUAGES, percent, speaking
from core.lesion.abstain import REASONS
from core.lesion.taxonomy import shipped
from core.runtime.manifest import load_manifest
from core.text.advice import advice
from core.text.device_card import device_words
from core.text.wording import about_shares, abstained, disclaimer, most_like


@pytest.fixture
def entry():
    return load_manifest().networks["lesion"]


def test_each_class_has_its_words_and_its_sentence(entry):
    taxonomy = shipped()
    words = device_words(load_preset(), entry, taxonomy)
    assert list(words["classes"]) == list(entry.labels)
    for label, said in words["classes"].items():
        assert said["name"] == taxonomy.lay_name(label)
        assert said["most_like"] == most_like(label, taxonomy)
        assert "Of 10 kinds of skin change" in said["most_like"]
    assert words["shares"] == about_shares(10)
    assert words["disclaimer"] == disclaimer()
    assert [(pair["true"], pair["said"]) for pair in words["pairs"]] == [
        (pair.true, pair.said) for pair in entry.confused
    ]


def test_every_doubt_and_every_fault_has_a_sentence(entry):
    preset = load_preset()
    words = device_words(preset, entry, shipped())
    assert set(words["abstained"]) == set(REASONS)
    for reason, said in words["abstained"].items():
        assert said["before"] == f"{abstained(reason).why} {abstained(reason).advice}"
    told = words["verdictWords"]["advice"]
    assert told == {key: advice(key, preset) for key in (*PICTURE_KEYS, *REFINED, GENERAL_KEY)}
    assert all("was not sent" in sentence for sentence in words["failed"].values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_shares_are_written_as_the_language_writes_them(entry, language):
    with speaking(language):
        template = device_words(load_preset(), entry, shipped())["percent"]
        assert template.replace("{figure}", "7") == percent(0.07)


def test_without_a_network_there_are_no_classes():
    words = device_words(load_preset(), None, None)
    assert (words["classes"], words["pairs"]) == ({}, [])
    assert words["stays"] == "The photo stays on this device."
