"""Every sentence a person sees passes through here (gettext), so that translations have one door.

The language belongs to the thread or task that runs (a context variable): words are translated where they are
drawn, and an object that outlives a run, such as a cached one, holds none. Catalogues are the ``retake.po``
files beside this one, read at first use: docs/decisions/languages.md.
"""

import gettext
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final, Literal, TypeVar

from core import pseudo_locale

LOCALE_DIR: Final = Path(__file__).parent / "locale"
LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English",
    "es": "Español",
    "de": "Deutsch",
    "fr": "Français",
    "da": "Dansk",
    "pt": "Português",
    "hi": "हिन्दी",
    "ar": "العربية",
}
"""The languages that Retake speaks, each with its own name for itself."""
_NOUNS_ARE_CAPITALS: Final = frozenset({"de"})
_T = TypeVar("_T")
_LOG: Final = logging.getLogger(__name__)
_language: ContextVar[str] = ContextVar("language", default="en")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en" and pseudo_locale.asked_for():
        return pseudo_locale.PseudoCatalogue()
    path = LOCALE_DIR / language / "LC_MESSAGES" / "retake.po"
    if language == "en" or not path.is_file():
        return gettext.NullTranslations()
    # Only now: English does not need Babel, which takes a moment to import.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    compiled = BytesIO()
    try:
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language, abort_invalid=True))
    except (OSError, PoFileError, UnicodeDecodeError):
        _LOG.exception("The catalogue %s cannot be read; English is shown instead", path)
        return gettext.NullTranslations()
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def known(language: str | None) -> str | None:
    """The language of a tag such as ``"pt-BR"`` or ``"AR"`` where Retake speaks it, else None."""
    code = (language or "").replace("_", "-").split("-")[0].strip().lower()
    return code if code in LANGUAGES else None


def use_language(language: str) -> None:
    """Set the language of this thread or task, such as ``"en"``; unknown ones fall back to English."""
    _language.set(known(language) or "en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """For as long as this lasts, the language of this thread or task; then the one before comes back."""
    token = _language.set(known(language) or "en")
    try:
        yield
    finally:
        _language.reset(token)


def in_this_language(make: Callable[[], _T]) -> Callable[[], _T]:
    """The same function, to be called later from elsewhere in the language of now."""
    wanted = _language.get()

    def later() -> _T:
        with speaking(wanted):
            return make()

    return later


def language() -> str:
    """The language of this thread or task, one of :data:`LANGUAGES`."""
    return _language.get()


@cache
def _direction(language: str) -> Literal["ltr", "rtl"]:
    from babel import Locale

    return "rtl" if Locale.parse(language).text_direction == "rtl" else "ltr"


def direction() -> Literal["ltr", "rtl"]:
    """Which way the current language is written."""
    return _direction(_language.get())


def _(text: str) -> str:
    """Translate one sentence."""
    return _catalogue(_language.get()).gettext(text)


def translated(text: str) -> str:
    """Translate a sentence that stands in a data file, such as a taxonomy; one we do not know stays as it is.

    Which files: see ``core/locale/babel.cfg``.
    """
    return _catalogue(_language.get()).gettext(text) if text else ""


def ngettext(one: str, many: str, count: int) -> str:
    """Translate a sentence that counts something."""
    return _catalogue(_language.get()).ngettext(one, many, count)


def in_sentence(name: str) -> str:
    """A name inside a sentence: ``"pale patch"``, but ``"HPV wart"``, and German nouns, as they are."""
    if _language.get() in _NOUNS_ARE_CAPITALS or not name[1:2].islower():
        return name
    return name[0].lower() + name[1:]


@cache
def _percent_pattern(language: str, digits: int) -> str:
    from babel import Locale

    pattern = str(Locale.parse(language).percent_formats[None].pattern)
    whole, last, sign = pattern.rpartition("0")
    return f"{whole}{last}.{digits * '0'}{sign}" if digits else pattern


def percent(share: float, digits: int = 0) -> str:
    """A share (0-1) in percent as the current language writes it, such as ``"4.5%"``."""
    from babel.numbers import format_percent

    language = _language.get()
    return format_percent(float(share), _percent_pattern(language, digits), locale=language)
