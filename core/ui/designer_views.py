"""A choice of views on the Designer page, one of which is drawn at a time."""

from collections.abc import Callable, Mapping

import streamlit as st

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
