"""Choices on the Designer page: of a view, one of which is drawn at a time, and of a value.

Fields are given what they start with where they are drawn, not by way of st.session_state: of that Streamlit
tells the browser in one run only, and where a newer run ends that one, the field starts with its least value.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

_Option = TypeVar("_Option", str, str | None)
Views = Mapping[str, tuple[str, Callable[[], None]]]


def pick(label: str, views: Views, key: str) -> Callable[[], None]:
    """Let the person choose a view; returns what draws it.

    Args:
        views: by name, the words for each and what draws it; the first is shown at first.
    """
    first = next(iter(views))
    chosen = st.pills(
        label,
        list(views),
        format_func=lambda name: views[name][0],
        default=first,
        required=True,
        key=key,
        wrap=True,
    )
    return views[chosen or first][1]


def choice(label: str, value: _Option, options: Sequence[_Option], **more: Any) -> _Option:
    """A selectbox that starts with a value; with the first option where that is none of them.

    Args:
        more: for `st.selectbox`.
    """
    return st.selectbox(label, options, options.index(value) if value in options else 0, **more)
