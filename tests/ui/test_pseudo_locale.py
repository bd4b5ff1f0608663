"""The made-up language that tests ask for: longer, marked, and with nothing lost."""

import subprocess
import sys
from collections import Counter
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from core.i18n import LANGUAGES, LOCALE_DIR, known
from core.pseudo_locale import CLOSE, OPEN, VARIABLE, pseudo


def messages():
    with (LOCALE_DIR / "retake.pot").open("rb") as file:
        for message in read_po(file):
            yield from (message.id if isinstance(message.id, tuple) else (message.id,))


def fields(text):
    return Counter(name for _literal, name, _spec, _kind in Formatter().parse(text) if name is not None)


def test_every_sentence_is_marked_longer_and_keeps_what_is_filled_in():
    sentences = [text for text in messages() if text.strip()]
    assert len(sentences) > 1000
    for text in sentences:
        made = pseudo(text)
        assert made.startswith(OPEN), text
        assert made.endswith(CLOSE), text
        assert fields(made) == fields(text), text
        assert Counter(made)["`"] == Counter(text)["`"], text
        assert Counter(made)["*"] == Counter(text)["*"], text
    letters = [sum(map(len, some)) for some in (sentences, map(pseudo, sentences))]
    assert 1.25 < letters[1] / letters[0] < 1.5, "about two fifths longer"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Take a photo", "⟦Táákéé áá phööťöö⟧"),
        ("{count} of [these](https://a.example) in `core`", None),
        ("", ""),
    ],
)
def test_a_few(text, made):
    if made is not None:
        assert pseudo(text) == made
    for part in ("{count}", "](https://a.example)", "`core`"):
        assert (part in pseudo(text)) == (part in text)


def test_it_is_spoken_where_it_is_asked_for_and_offered_to_nobody():
    program = (
        "from core.i18n import _\nfrom core.guidance.wording import house_words\n"
        "print(_('Check'), house_words('en')['ready'].text)"
    )
    for value, marked in (("1", True), ("", False)):
        ran = subprocess.run(
            [sys.executable, "-c", program],
            env={VARIABLE: value, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        assert ran.stdout.count(OPEN) == (2 if marked else 0)
    assert known("en-XA") == "en"
    assert not any("xa" in code.lower() for code in LANGUAGES)
