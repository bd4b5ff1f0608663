"""A draft in a link: what differs from a preset that ships, compressed; read back as untrusted text.

The link is ``?design=1.TEXT``: a format number, then the differences as JSON, deflated, in the letters that
an address may hold. Nothing but settings that the schema knows gets through, and little of it.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

from core.designer.diff import MISSING, differences
from core.errors import UserFacingError
from core.guidance.preset import Preset
from core.guidance.preset_content import Content, checked, drop, put
from core.i18n import _

FORMAT: Final = "1"
# Browsers and chat programs carry so much; all prompts in one language rewritten fit well.
MOST_LETTERS: Final = 6000
MOST_BYTES: Final = 60_000
MOST_SETTINGS: Final = 600
MOST_DEPTH: Final = 10


class LinkError(UserFacingError):
    """A link that cannot be used; ``message`` is a translated sentence."""


def link_of(content: Mapping[str, Any], bases: Mapping[str, Mapping[str, Any]]) -> str:
    """The value of ``?design=`` for this content, told by what differs from the preset that is nearest to it.

    Args:
        bases: the content of each preset that ships, by name.

    Raises:
        LinkError: there is more in it than a link carries.
    """
    text = min((_packed(content, name, base) for name, base in bases.items()), key=len)
    if len(text) > MOST_LETTERS:
        raise LinkError(_("This draft differs in too much for a link. Save it, or download it as a file."))
    return text


def _packed(content: Mapping[str, Any], name: str, base: Mapping[str, Any]) -> str:
    changes = differences(base, content)
    packed = {
        "from": name,
        "set": [["/".join(change.steps), change.after] for change in changes if change.after is not MISSING],
        "drop": ["/".join(change.steps) for change in changes if change.after is MISSING],
    }
    plain = json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return FORMAT + "." + base64.urlsafe_b64encode(zlib.compress(plain, 9)).decode("ascii").rstrip("=")


def from_link(text: str, bases: Mapping[str, Mapping[str, Any]]) -> Preset:
    """Read the value of ``?design=``.

    Args:
        bases: the content of each preset that ships, by name.

    Raises:
        LinkError: it was cut short or altered, or was made by another version of Retake.
    """
    settings = _unpacked(text)
    if settings["from"] not in bases:
        raise _broken()
    content: Content = dict(bases[settings["from"]])
    for steps in settings["drop"]:
        content = drop(content, steps)
    for steps, value in settings["set"]:
        content = put(content, steps, value)
    preset, problems = checked(content)
    if preset is None:
        where = " > ".join(problems[0].steps)
        message = _("The draft in this link does not fit this version of Retake ({where}: {advice})")
        raise LinkError(message.format(where=where, advice=problems[0].advice))
    return preset


def _unpacked(text: str) -> dict[str, Any]:
    if len(text) > MOST_LETTERS or not re.fullmatch(r"1\.[A-Za-z0-9_-]+", text):
        raise _broken()
    letters = text.partition(".")[2]
    try:
        packed = base64.b64decode(letters + "=" * (-len(letters) % 4), altchars=b"-_", validate=True)
        opened = zlib.decompressobj()
        plain = opened.decompress(packed, MOST_BYTES)
        if not opened.eof or opened.unused_data:
            raise _broken()
        content = json.loads(plain.decode("utf-8"), parse_constant=_no_number)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise _broken() from None
    if not _plain(content):
        raise _broken()
    if not isinstance(content, dict) or set(content) != {"from", "set", "drop"}:
        raise _broken()
    if type(content["from"]) is not str:
        raise _broken()
    pairs, gone = content["set"], content["drop"]
    if not isinstance(pairs, list) or not isinstance(gone, list) or len(pairs) + len(gone) > MOST_SETTINGS:
        raise _broken()
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise _broken()
    return {
        "from": content["from"],
        "set": [(_steps(where), value) for where, value in pairs],
        "drop": [_steps(where) for where in gone],
    }


def _plain(content: Any) -> bool:
    """Whether it is no deeper than a preset may be, and all its text can be written as UTF-8."""
    level: list[Any] = [content]
    for _depth in range(MOST_DEPTH):
        inner: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                inner += [*node, *node.values()]
            elif isinstance(node, list):
                inner += node
            elif isinstance(node, str) and any("\ud800" <= letter <= "\udfff" for letter in node):
                return False
        level = inner
    return not level


def _no_number(name: str) -> Any:
    raise ValueError(name)  # JSON has no infinity


def _steps(where: Any) -> tuple[str, ...]:
    if not isinstance(where, str):
        raise _broken()
    steps = tuple(where.split("/"))
    if not 1 <= len(steps) <= 5 or not all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", step) for step in steps):
        raise _broken()
    return steps


def _broken() -> LinkError:
    return LinkError(_("The draft in this link cannot be read. Ask for the link again, and copy all of it."))
