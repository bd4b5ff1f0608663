"""The check page's tray: photos that were handed in, their verdicts, and these as a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from core.data_uri import data_uri
from core.guidance.preset import Preset
from core.i18n import _
from core.photo import Photo, PhotoError, read_photo
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Verdict, verdict_properties
from core.serving import counters
from core.spreadsheet import Cell, csv_of
from core.study.events import Source
from core.text.wording import say
from core.ui import _compat, engines, large_files, session

_TRAY_KEY: Final = "check-tray"
_THUMBNAIL_LONG_SIDE: Final = 120


@dataclass(frozen=True)
class Item:
    """One file that was handed in: either a photo with its verdict, or the sentence why it cannot be used.

    ``thumbnail`` is a small JPEG as a data address, empty without a photo.
    """

    name: str
    source: Source
    photo: Photo | None = None
    verdict: Verdict | None = None
    problem: str = ""
    code: str = ""
    thumbnail: str = ""
    overridden: bool = False

    @property
    def passes(self) -> bool:
        """Whether there is a verdict and it passes."""
        return self.verdict is not None and self.verdict.passes


@dataclass
class Tray:
    """What is on the check page of one visit.

    Attributes:
        items: by identity, in the order handed in.
        round: changes whenever the inputs must start empty again.
        adding: whether the inputs are shown although there are results.
        opened: identity of the item whose card is shown instead of the table.
        asked: names of the samples that shall be checked next.
    """

    items: dict[str, Item] = field(default_factory=dict)
    round: int = 0
    adding: bool = False
    opened: str | None = None
    asked: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """Bytes of the photos held."""
        return sum(item.photo.nbytes for item in tuple(self.items.values()) if item.photo is not None)


def tray() -> Tray:
    """This visit's tray, also when its page is loaded again."""
    return session.kept(_TRAY_KEY, Tray)


def clear() -> None:
    """Let go of every photo and start with empty inputs."""
    old = tray()
    session.visit().kept[_TRAY_KEY] = Tray(round=old.round + 1)
    session.let_go()
    _compat.forget_uploads()


def check(data: bytes, name: str, source: Source) -> Item:
    """Read and assess one file; a file that cannot be used becomes an item with its sentence."""
    log = session.event_log()
    try:
        photo = read(data, name)
    except PhotoError as error:
        counters.refused("upload", error.code)
        log.add("upload_assessed", page="check", source=source, properties={"error": error.code})
        return Item(name, source, problem=error.message, code=error.code)
    verdict = engines.assessor().assess(photo.small, session.rule(), width=photo.width, height=photo.height)
    counters.judged("upload", verdict)
    log.add("upload_assessed", page="check", source=source, properties=verdict_properties(verdict))
    return Item(name, source, photo, verdict, thumbnail=_thumbnail(photo))


def read(data: bytes, name: str) -> Photo:
    """Read a file that was handed in.

    Raises:
        PhotoError: it cannot be used, or is larger than an upload may be.
    """
    if large_files.stands_for_one(data):
        message = _("This file is larger than 20 MB. Please choose a smaller copy of the photo.")
        raise PhotoError("file_too_big", message)
    return read_photo(data, name)


def override(item: Item) -> Item:
    """The same item, used although it does not pass."""
    session.event_log().add("gate_overridden", page="check", source=item.source)
    return replace(item, overridden=True)


def gives_camera(address: str | None) -> bool:
    """Whether browsers give a page at this address the camera: https, or the very same computer."""
    parts = urlsplit(address or "")
    host = parts.hostname or ""
    local = host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")
    return parts.scheme != "http" or local


def table(items: Sequence[Item], preset: Preset) -> list[dict[str, str]]:
    """Rows for the screen: picture, verdict, advice, file."""
    rows = []
    for item in items:
        brief = _("Works") if item.passes else _("Not yet") if item.photo else _("Not read")
        advice = _words(item, preset)[1]
        rows.append({"picture": item.thumbnail, "verdict": brief, "advice": advice, "file": item.name})
    return rows


def csv(items: Sequence[Item], preset: Preset) -> bytes:
    """The table for spreadsheets, with every probability; see :mod:`core.spreadsheet`."""
    names = [f"quality_{name}" for name in QUALITY_CLASSES] + [f"explanation_{name}" for name in EXPLANATIONS]
    head = [
        "file",
        "passes",
        "verdict",
        "what_to_do",
        "error",
        "label",
        "flagged",
        "width",
        "height",
        "assessor",
    ]
    rows: list[list[Cell]] = []
    for item in items:
        verdict, (words, advice) = item.verdict, _words(item, preset)
        row: list[Cell] = [item.name, item.passes, words, advice, item.code]
        if verdict is not None:
            row += [verdict.label, " ".join(verdict.flagged), verdict.width, verdict.height, verdict.assessor]
            row += [round(float(verdict.quality[name]), 4) for name in QUALITY_CLASSES]
            judged = verdict.judged_explanations
            row += [round(float(judged[name]), 4) if name in judged else None for name in EXPLANATIONS]
        rows.append(row)
    return csv_of(head + names, rows)


def _words(item: Item, preset: Preset) -> tuple[str, str]:
    if item.verdict is None:
        return _("Not read"), item.problem
    text = say(item.verdict, preset)
    return text.headline, text.short


def _thumbnail(photo: Photo) -> str:
    return data_uri(photo.jpeg(_THUMBNAIL_LONG_SIDE, quality=80))
