"""Looks after the translations: checks them, lists what is missing, fills in, follows the template.

::

    python -m scripts.catalogues check [LANGUAGE ...]       what is wrong, and how complete each catalogue is
    python -m scripts.catalogues todo LANGUAGE [--all]      what is not translated yet, one numbered line each
    python -m scripts.catalogues fill LANGUAGE FILE         take numbered lines of translations in
    python -m scripts.catalogues update [LANGUAGE ...]      after retake.pot changed: follow it

A line is ``number<TAB>sentence``, ``\\n`` standing for a line break; for a sentence that counts something the
plural forms are joined by `` | `` in the order of the language's plural rule. ``todo`` numbers the sentences
by their place in retake.pot, so fill in before that file changes again; the sentence itself may stand in
place of its number.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Final

import yaml
from babel.messages.catalog import Catalog, Message
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po, write_po

from core.guidance.conditions import KEYS
from core.guidance.preset import PRESETS_DIR
from core.i18n import LANGUAGES, LOCALE_DIR

TEMPLATE: Final = LOCALE_DIR / "retake.pot"
BETWEEN_FORMS: Final = " | "
TRANSLATED: Final = tuple(language for language in LANGUAGES if language != "en")
MOST_LETTERS: Final = 60
REFINEMENTS: Final = (
    "too_dark",
    "too_bright",
    "glare",
    "shadow",
    "move_left",
    "move_right",
    "move_up",
    "move_down",
    "too_close",
    "counting",
)
_NAMED: Final = re.compile(r"%\(\w+\)[a-z]")
_MARKS: Final = re.compile(r"\*\*|`|:material/\w+:|</?\w+[^>]*>|\]\(|\n")
# A sentence stays a sentence, a label a label; Hindi and Arabic have marks of their own.
_ENDS: Final = {".": ".।", "?": "?؟", "!": "!", ":": ":", "…": "…"}


@dataclass(frozen=True)
class Problem:
    """Something wrong with one translation: which sentence, and what."""

    sentence: str
    what: str

    def __str__(self) -> str:
        return f"{self.what}: {self.sentence!r}"


def path_of(language: str) -> Path:
    """Where a language's catalogue lies."""
    return LOCALE_DIR / language / "LC_MESSAGES" / "retake.po"


def read(path: Path, language: str | None = None) -> Catalog:
    """A catalogue or the template as it is on disk.

    Raises:
        babel.messages.pofile.PoFileError: it cannot be parsed.
    """
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def forms(message: Message) -> tuple[str, ...]:
    """The translation, in each plural form where there are several."""
    return tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string or "",)


def sources(message: Message) -> tuple[str, ...]:
    """The sentence to translate; two where it counts something."""
    return tuple(message.id) if isinstance(message.id, (tuple, list)) else (message.id,)


def fields(text: str) -> Counter[str]:
    """The fields that a sentence leaves open, each with how it is to be formatted."""
    found = Counter(_NAMED.findall(text))
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return found + Counter({"broken braces": 1})
    for _words, name, spec, conversion in parts:
        if name is not None:
            found[f"{{{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"] += 1
    return found


def _edges(text: str) -> tuple[str, str]:
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def faults(source: str, text: str, *, may_leave_out: bool = False) -> Iterator[str]:
    """What a translation lost or added: fields, marks, spaces around it, its end.

    Args:
        may_leave_out: a plural form for few things may say them in words instead of a figure.
    """
    wanted, got = fields(source), fields(text)
    if got - wanted or (wanted - got and not may_leave_out):
        yield f"fields {sorted(got.elements())} instead of {sorted(wanted.elements())}"
    if Counter(_MARKS.findall(source)) != Counter(_MARKS.findall(text)):
        yield "other marks (**, `, tags, line breaks)"
    if _edges(source) != _edges(text):
        yield "other spaces at an end"
    last, end = source.rstrip()[-1:], text.rstrip()[-1:]
    if (last in _ENDS and end not in _ENDS[last]) or (last not in _ENDS and end in ".।"):
        yield f"ends in {end!r} instead of {last!r}"


def missing(language: str) -> list[Message]:
    """The sentences of the template that have no finished translation."""
    catalogue = read(path_of(language), language)
    return [message for message in _messages(read(TEMPLATE)) if not _finished(catalogue.get(_key(message)))]


def problems(language: str) -> list[Problem]:
    """What is wrong with what is translated; sentences still missing are not in it."""
    catalogue, template = read(path_of(language), language), read(TEMPLATE)
    found = []
    rule = get_plural(language)
    if (catalogue.num_plurals, catalogue.plural_expr) != (rule.num_plurals, rule.plural_expr):
        found.append(Problem("Plural-Forms", f"should be {rule.plural_forms}"))
    known = {_key(message) for message in _messages(template)}
    for message in _messages(catalogue):
        if _key(message) not in known:
            found.append(Problem(_key(message), "not in retake.pot"))
        elif message.fuzzy:
            found.append(Problem(_key(message), "marked fuzzy"))
        elif _finished(message):
            found += [Problem(_key(message), what) for what in _message_faults(message)]
    return found


def _message_faults(message: Message) -> Iterator[str]:
    translation, wanted = forms(message), sources(message)
    if len(wanted) == 1:
        yield from faults(wanted[0], translation[0])
        return
    for place, text in enumerate(translation):
        yield from faults(wanted[-1], text, may_leave_out=place < min(3, len(translation) - 1))


def _key(message: Message) -> str:
    return sources(message)[0]


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _finished(message: Message | None) -> bool:
    return message is not None and not message.fuzzy and all(forms(message)) and bool(forms(message))


def write(language: str, translations: dict[str, tuple[str, ...]]) -> None:
    """Write a catalogue anew: the template's sentences in its order, with these translations."""
    catalogue = Catalog(locale=language)
    for message in _messages(read(TEMPLATE)):
        translation = translations.get(_key(message), ())
        counts = len(sources(message)) > 1
        if counts and len(translation) != catalogue.num_plurals:
            translation = ("",) * catalogue.num_plurals
        catalogue.add(message.id, translation if counts else (translation[0] if translation else ""))
    body = BytesIO()
    write_po(body, catalogue, width=100, no_location=True, omit_header=True, sort_output=True)
    head = (
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n'
        f'"Plural-Forms: {catalogue.plural_forms}\\n"\n\n'
    )
    path = path_of(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + body.getvalue().decode("utf-8").strip() + "\n", encoding="utf-8")


def translations(language: str) -> dict[str, tuple[str, ...]]:
    """What is translated so far, by the (first) English sentence."""
    if not path_of(language).is_file():
        return {}
    return {_key(m): forms(m) for m in _messages(read(path_of(language), language)) if _finished(m)}


def fill(language: str, lines: Sequence[str]) -> list[str]:
    """Take numbered lines of translations in; returns what was wrong, in words. Faulty lines are left out."""
    numbered = list(_messages(read(TEMPLATE)))
    places = {_key(message): place for place, message in enumerate(numbered)}
    known, wrong = translations(language), []
    count = get_plural(language).num_plurals
    for line in filter(str.strip, lines):
        number, _tab, text = line.rstrip("\n").partition("\t")
        number = str(places.get(number.replace("\\n", "\n"), number))
        if not number.isdigit() or int(number) >= len(numbered) or not text:
            wrong.append(f"not a numbered line: {line.strip()!r}")
            continue
        source = numbered[int(number)]
        text = text.replace("\\n", "\n")
        translation = tuple(text.split(BETWEEN_FORMS)) if len(sources(source)) > 1 else (text,)
        if len(sources(source)) > 1 and len(translation) != count:
            wrong.append(f"{number}: {len(translation)} plural forms instead of {count}")
            continue
        found = list(
            _message_faults(Message(source.id, translation if len(sources(source)) > 1 else translation[0]))
        )
        if found:
            wrong.append(f"{number}: {'; '.join(found)}: {_key(source)!r} -> {text!r}")
            continue
        known[_key(source)] = translation
    write(language, known)
    return wrong


def todo(language: str, everything: bool = False) -> Iterator[str]:
    """Numbered lines of what is not translated yet."""
    done = {} if everything else translations(language)
    for number, message in enumerate(_messages(read(TEMPLATE))):
        if _key(message) not in done:
            yield f"{number}\t{BETWEEN_FORMS.join(sources(message))}".replace("\n", "\\n")


def problems_in_prompts(language: str) -> list[Problem]:
    """What is wrong with a language's prompts, which stand in core/guidance/presets/words."""
    path = PRESETS_DIR / "words" / f"{language}.yaml"
    if not path.is_file():
        return [Problem(path.name, "no prompts yet")]
    try:
        prompts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        return [Problem(path.name, f"not YAML ({error})")]
    found = [Problem(key, "no prompt yet") for key in _prompt_keys() if key not in prompts]
    for key, prompt in prompts.items():
        if key not in _prompt_keys():
            found.append(Problem(key, "no condition of this name"))
        elif set(prompt) != {"text", "spoken"}:
            found.append(Problem(key, "needs text and spoken, and nothing else"))
        else:
            text, spoken = str(prompt["text"]).strip(), str(prompt["spoken"]).strip()
            if not 0 < len(text) <= MOST_LETTERS:
                found.append(Problem(text, f"text of {key} is to have 1 to {MOST_LETTERS} letters"))
            if text[-1:] in ".।!":
                found.append(Problem(text, f"text of {key} is a prompt, not a sentence: no mark at its end"))
            if spoken[-1:] not in ".।!?؟":
                found.append(Problem(spoken, f"what is spoken for {key} ends like a sentence"))
    return found


def _prompt_keys() -> tuple[str, ...]:
    english = PRESETS_DIR / "words" / "en.yaml"
    if english.is_file():
        return tuple(yaml.safe_load(english.read_text(encoding="utf-8")))
    return (*KEYS, *REFINEMENTS)


def _check(languages: Sequence[str]) -> int:
    wrong = 0
    total = sum(1 for _message in _messages(read(TEMPLATE)))
    for language in languages:
        if not path_of(language).is_file():
            print(f"{language}: no catalogue yet")
            wrong += 1
            continue
        found = [*problems(language), *problems_in_prompts(language)]
        left = len(missing(language))
        for problem in found:
            print(f"{language}: {problem}")
        print(f"{language}: {total - left} of {total} translated ({100 * (total - left) // total} %)")
        wrong += len(found) + left
    return 1 if wrong else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 when all is well and complete."""
    parser = argparse.ArgumentParser(prog="scripts.catalogues", description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("check", "todo", "fill", "update"))
    parser.add_argument("rest", nargs="*", metavar="LANGUAGE or FILE")
    parser.add_argument("--all", action="store_true", help="todo: also what is translated")
    given = parser.parse_args(arguments)
    if given.what == "check":
        return _check(given.rest or TRANSLATED)
    if given.what == "update":
        for language in given.rest or TRANSLATED:
            write(language, translations(language))
        return 0
    if not given.rest or given.rest[0] not in TRANSLATED:
        parser.error(f"name a language: {', '.join(TRANSLATED)}")
    if given.what == "todo":
        print("\n".join(todo(given.rest[0], given.all)))
        return 0
    wrong = []
    for name in given.rest[1:]:
        wrong += fill(given.rest[0], Path(name).read_text(encoding="utf-8").splitlines())
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
