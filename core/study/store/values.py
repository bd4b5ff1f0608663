"""Texts, tokens and plain values on their way into the store."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any, Final

TOKEN_BYTES: Final = 32
"""How long a random token is."""


def hash_of(token: str) -> str:
    """SHA-256 of a random token, as 64 hexadecimal digits: looked up in the database's index."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def clean(text: str) -> str:
    """A text as every database takes it: no NUL, no half of a pair of surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def plain_values(value: Any) -> Any:
    """Plain values as JSON has them, as in the log's file: what is no number is null."""
    if isinstance(value, Mapping):
        return {clean(str(name)): plain_values(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(str(value))
