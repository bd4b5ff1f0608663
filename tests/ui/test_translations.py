"""The catalogues and the prompts in every language: whole, and nothing lost on the way."""

import pytest
from babel.messages.catalog import Catalog

from core import i18n
from core.guidance.preset import PRESETS_DIR, load_preset
from core.guidance.wording import MOST_LETTERS, MOST_WORDS, house_words
from core.i18n import LANGUAGES, _, ngettext, speaking
from scripts import catalogues

PRESETS = sorted(path.stem for path in PRESETS_DIR.glob("*.yaml"))


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_catalogue_loses_nothing(language):
    assert [str(problem) for problem in catalogues.problems(language)] == []


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_a_catalogue_is_whole(language):
    left = [catalogues.sources(message)[0] for message in catalogues.missing(language)]
    assert left == [], f"python -m scripts.catalogues todo {language}"


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_every_condition_has_a_prompt(language):
    assert [str(problem) for problem in catalogues.problems_in_prompts(language)] == []
    assert set(house_words(language)) == set(house_words("en"))


@pytest.mark.parametrize("preset", PRESETS)
def test_an_english_prompt_is_short(preset):
    own = load_preset(preset)
    for key in house_words("en"):
        text = own.prompt(key, "en").text
        assert len(text.split()) <= MOST_WORDS, text
        assert len(text) <= MOST_LETTERS, text
    assert (MOST_WORDS, MOST_LETTERS) == (7, 40)


@pytest.mark.parametrize("language", catalogues.TRANSLATED)
def test_sentences_come_in_the_language_asked_for(language):
    with speaking(language):
        assert _("Take photo") != "Take photo"
        many = ngettext("{count} photo", "{count} photos", 5)
    assert many.format(count=5) != "5 photos" or language == "fr"
    assert _("Take photo") == "Take photo"


def test_a_word_nobody_knows_stays_english():
    with speaking("de"):
        assert _("No such sentence") == "No such sentence"


def test_a_broken_catalogue_falls_back_to_english(tmp_path, monkeypatch, caplog):

    file = tmp_path / "es" / "LC_MESSAGES" / "retake.po"
    file.parent.mkdir(parents=True)
    file.write_bytes(b'msgid "Take photo"\nmsgstr "\xff"\n')
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path)
    assert i18n._catalogue.__wrapped__("es").gettext("Take photo") == "Take photo"
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("source", "text", "wrong"),
    [
        ("Saved in {file}.", "Gespeichert in {file}.", ""),
        ("Saved in {file}.", "Gespeichert in {datei}.", "fields"),
        ("{share:.0%} sure", "{share} sicher", "fields"),
        ("how many (%(default)s)", "wie viele", "fields"),
        ("{low} to {high}", "{high} ab {low}", ""),
        ("{low} to {high}", "{low bis high}", "fields"),
        ("Press **Clear**", "Drücken Sie Leeren", "marks"),
        ("Run `x`", "`x` ausführen", ""),
        ("Look", "Sehen ", "spaces"),
        ("Look.", "Sehen", "ends"),
        ("Look", "Sehen.", "ends"),
        ("Look.", "देखें।", ""),
        ("Look?", "انظر؟", ""),
    ],
)
def test_what_a_translation_may_not_lose(source, text, wrong):
    found = list(catalogues.faults(source, text))
    assert bool(found) == bool(wrong), found
    assert wrong in " ".join(found)


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A template of two sentences, and no catalogue."""
    monkeypatch.setattr(catalogues, "LOCALE_DIR", tmp_path)
    monkeypatch.setattr(catalogues, "TEMPLATE", tmp_path / "retake.pot")
    template(tmp_path, '"Hello {name}."', '"One"\nmsgid_plural "{count} more"')
    return tmp_path


def template(folder, *sentences):
    ends = ('msgstr[0] ""\nmsgstr[1] ""' if "plural" in one else 'msgstr ""' for one in sentences)
    pairs = zip(sentences, ends, strict=True)
    (folder / "retake.pot").write_text("\n\n".join(f"msgid {one}\n{end}" for one, end in pairs) + "\n")


def test_numbered_lines_fill_a_catalogue(small):
    assert list(catalogues.todo("ar")) == ["0\tHello {name}.", "1\tOne | {count} more"]
    forms = "صفر | واحد | اثنان | {count} أ | {count} ب | {count} ج"
    assert catalogues.fill("ar", ["0\tمرحبا {name}.", f"1\t{forms}", ""]) == []
    assert catalogues.fill("ar", ["Hello {name}.\tأهلا {name}."]) == []
    assert list(catalogues.todo("ar")) == []
    assert catalogues.problems("ar") == []
    assert catalogues.translations("ar")["One"] == tuple(forms.split(" | "))


def test_a_faulty_line_is_left_out_and_named(small):
    (wrong,) = catalogues.fill("de", ["0\tHallo {nam}."])
    assert wrong.startswith("0: fields")
    (wrong,) = catalogues.fill("de", ["1\tEins"])
    assert "1 plural forms instead of 2" in wrong
    assert len(list(catalogues.todo("de"))) == 2


def test_a_catalogue_follows_its_template(small):
    catalogues.fill("de", ["0\tHallo {name}.", "1\tEins | {count} weitere"])
    template(small, '"Hello {name}."', '"New"')
    assert [problem.what for problem in catalogues.problems("de")] == ["not in retake.pot"]
    catalogues.write("de", catalogues.translations("de"))
    assert catalogues.problems("de") == []
    assert list(catalogues.todo("de")) == ["1\tNew"]


def test_what_is_fuzzy_is_found(small):
    catalogues.fill("de", ["0\tHallo {name}."])
    path = catalogues.path_of("de")
    path.write_text(path.read_text().replace('msgid "Hello', '#, fuzzy\nmsgid "Hello'))
    assert [problem.what for problem in catalogues.problems("de")] == ["marked fuzzy"]
    assert len(catalogues.missing("de")) == 2


def test_plural_rules_are_those_of_the_language(small):
    catalogues.write("ar", {})
    path = catalogues.path_of("ar")
    path.write_text(path.read_text().replace("n==0 ? 0 : ", ""))
    assert "should be nplurals=6" in str(catalogues.problems("ar")[0])


def test_every_language_has_a_name_of_its_own_and_a_rule():
    assert list(LANGUAGES) == ["en", "es", "de", "fr", "da", "pt", "hi", "ar"]
    assert len(set(LANGUAGES.values())) == 8
    assert all(Catalog(locale=language).num_plurals for language in LANGUAGES)
