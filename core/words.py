"""Every sentence a person sees passes through here (gettext), so that translations have one door."""

import gettext
from contextvars import ContextVar
from functools import cache
from pathlib import Path

_LOCALE_DIR = Path(__file__).parent / "locale"
_language: ContextVar[str] = ContextVar("language", default="en")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("retake", _LOCALE_DIR, languages=[language], fallback=True)


def use_language(language: str) -> None:
    """Set the language of this thread or task, such as ``"en"``; unknown ones fall back to English."""
    _language.set(language)


def _(text: str) -> str:
    """Translate one sentence."""
    return _catalogue(_language.get()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """Translate a sentence that counts something."""
    return _catalogue(_language.get()).ngettext(one, many, count)
