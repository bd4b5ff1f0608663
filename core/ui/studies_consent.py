"""Before a study opens: what its consent text still lacks, and the researcher's word that it is to be so."""

from typing import Final

import streamlit as st

from core.i18n import LANGUAGES, _
from core.study.design import StudyDesign
from core.study.drafting import placeholders, without_contact
from core.text.markdown import plain

_KEY: Final = "studies-open-anyway"


def fit_to_open(design: StudyDesign) -> bool:
    """Warn of what the consent text lacks, and ask for the researcher's word; whether it may be opened."""
    lacking = _lacking(design)
    if not lacking:
        return True
    st.warning("\n\n".join(lacking), icon=":material/edit_note:")
    return st.checkbox(_words(), key=_key(design))


def confirmed(design: StudyDesign) -> bool:
    """The same without drawing: nothing is lacking in exactly this consent, or the researcher said so."""
    return not _lacking(design) or bool(st.session_state.get(_key(design)))


def ask_first() -> None:
    """The study was to be opened, and the word is not given."""
    st.error(
        _("The study is not open: please complete the consent text, or tick “{words}”.").format(
            words=_words()
        ),
        icon=":material/error:",
    )


def _words() -> str:
    return _("Participants are to read the consent text as it stands")


def _key(design: StudyDesign) -> str:
    # Of another text nothing was said.
    return f"{_KEY}-{design.consent.hash[:16]}"


def _lacking(design: StudyDesign) -> list[str]:
    left, told = placeholders(design), []
    if left:
        words = _(
            "The consent text still holds {placeholders}. Please fill in what stands in square brackets."
        )
        told.append(words.format(placeholders=plain(", ".join(left))))
    silent = without_contact(design)
    if silent:
        words = _(
            "The consent text names nobody to ask: no e-mail address, telephone number or web address "
            "({languages})."
        )
        told.append(words.format(languages=", ".join(LANGUAGES[code] for code in silent)))
    return told
