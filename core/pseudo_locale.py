"""A language made of English for tests: longer words, other letters, and brackets around each sentence.

Where a server is started with ``RETAKE_PSEUDO_LOCALE=1`` it speaks this in place of English. A sentence that
shows without brackets was never handed over to be translated; one that is cut off has no room for languages
whose words are longer. It is offered to no visitor: there is no code for it, and no name in the list.
"""

import gettext
import os
import re
from typing import Final

VARIABLE: Final = "RETAKE_PSEUDO_LOCALE"
OPEN, CLOSE = "⟦", "⟧"
# What is no word: fields to fill, tags, code, where a link leads, signs by name, addresses.
_KEPT: Final = re.compile(
    r"(\{[^{}]*\}|<[^>]*>|&\w+;|`[^`]*`|\]\([^)]*\)|:material/\w+:|https?://\S+|--[\w-]+|\b[\w-]+\.\w{2,4}\b)"
)
_OTHER: Final = str.maketrans("aeiouyAEIOUYcdnst", "áéïöüýÅÉÎÕÛÝçďñšť")
_VOWEL: Final = re.compile("[aeiouAEIOU]")


def asked_for() -> bool:
    """Whether this process is to speak it."""
    return os.environ.get(VARIABLE) == "1"


def pseudo(text: str) -> str:
    """A sentence in it: every vowel twice, about two fifths longer; what is filled in later stays."""
    parts = _KEPT.split(text)
    longer = [part if place % 2 else _longer(part) for place, part in enumerate(parts)]
    return f"{OPEN}{''.join(longer)}{CLOSE}" if text.strip() else text


def _longer(text: str) -> str:
    return _VOWEL.sub(lambda found: found[0] + found[0].lower(), text).translate(_OTHER)


class PseudoCatalogue(gettext.NullTranslations):
    """Every sentence, whether any catalogue has it or not."""

    def gettext(self, message: str) -> str:
        """One sentence."""
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """One that counts."""
        return pseudo(super().ngettext(msgid1, msgid2, n))
