"""The visit's token in the browser's tab, so that a page that is loaded again finds its visit."""

from pathlib import Path
from typing import Final

import streamlit as st

from core.i18n import _
from core.ui import session

_LONGEST: Final = 100
_component: Final = st.components.v2.component(
    "retake_keeper", js=Path(__file__).with_name("keeper.js").read_text(encoding="utf-8")
)


def keep() -> None:
    """Hand the token to the tab, or take up the visit whose token the tab has; first of all, in every run."""
    visit = session.show()
    # Whether leaving would lose something, told where the tab keeps no token; and a server that ends.
    data = {"token": visit.token, "met": session.met(), "holds": visit.nbytes > 0, "alone": visit.alone}
    kept = _component(key="rt-keeper", data=data, height=0, on_kept_change=lambda: None).kept
    if not isinstance(kept, dict):
        return
    token = kept.get("token")
    if isinstance(token, str) and len(token) <= _LONGEST and token not in (visit.token, session.met()):
        session.meet(token, held=kept.get("held") is True)
        st.rerun()  # with the token that it shall keep from here on


def lost() -> None:
    """Say so where this visit's photos went with a server that is no more; until there are others."""
    if session.lost():
        words = _(
            "The server no longer has the photos of this visit: it was started anew, or the page was away "
            "for too long. Please add them again."
        )
        st.warning(words, icon=":material/image_not_supported:")
