"""The Compare page's tray: photos that were handed in, all assessors' verdicts, and raters' labels."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from core.compare.agreement import Report, disputed, report
from core.compare.answers import Answers, Judge, Truth, answers_of, judge_whole, truth_of
from core.compare.export import Compared
from core.compare.labels import Labels, LabelsError, read_labels
from core.data_uri import data_uri
from core.guidance.preset import Preset
from core.i18n import _
from core.photo import Photo, PhotoError
from core.quality import registry
from core.quality.verdict import verdict_properties
from core.runtime.weights import WeightsError
from core.serving import counters
from core.ui import _compat, checking, engines, session

MOST: Final = 150
"""Photos at a time: each keeps about a megabyte in memory."""
TABLES: Final = (".csv", ".tsv")
File = tuple[str, str, Callable[[], bytes]]
"""Identity, name and content of a file that is handed in."""
_KEPT: Final = "compare"
_THUMBNAIL_LONG_SIDE: Final = 160


@dataclass(frozen=True)
class Item:
    """One file that was handed in.

    Attributes:
        photo: its pixels as assessors see them; None for a file that cannot be used.
    """

    compared: Compared
    photo: Photo | None = None


@dataclass
class Tray:
    """What is on the Compare page of one visit; kept when its page is loaded again.

    Attributes:
        items: by identity, in the order handed in.
        labels: the table of labels as it was handed in; None where there is none.
        preset: that the verdicts were made under.
        round: changes whenever the inputs must start empty again.
        adding: whether the inputs are shown although there are results.
        opened: identity of the item that is shown instead of all.
        left_out: how many files were too many.
    """

    items: dict[str, Item] = field(default_factory=dict)
    labels: bytes | None = None
    preset: Preset | None = None
    round: int = 0
    adding: bool = False
    opened: str | None = None
    left_out: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the photos take."""
        return sum(item.photo.small.nbytes for item in self.items.values() if item.photo is not None)

    @property
    def photos(self) -> dict[str, Item]:
        """The files that are photos."""
        return {name: item for name, item in self.items.items() if item.photo is not None}

    def judged_by(self, who: Sequence[Judge]) -> bool:
        """Whether every photo has the verdicts of these assessors."""
        names = {judge.name for judge in who}
        return all(set(item.compared.verdicts) == names for item in self.photos.values())


@dataclass(frozen=True)
class Compare:
    """All photos of a tray, compared.

    Attributes:
        identities: the photos, in the order handed in.
        report: see `core.compare.agreement.report`.
        order: places of the photos, the most disputed first.
        fault: why the table of labels cannot be used; empty where it can, or where there is none.
    """

    identities: tuple[str, ...]
    answers: dict[str, Answers]
    labels: Labels
    truth: Truth | None
    report: Report
    order: tuple[int, ...]
    fault: str = ""


def tray() -> Tray:
    """This visit's tray."""
    return session.kept(_KEPT, Tray)


def clear() -> None:
    """Let go of every photo and of the labels, and start with empty inputs."""
    old = tray()
    session.visit().kept[_KEPT] = Tray(round=old.round + 1)
    session.let_go()
    _compat.forget_uploads()


def judges(preset: Preset) -> tuple[list[Judge], list[str]]:
    """All assessors that can be opened, each with the preset's rule, and a sentence for each that cannot."""
    found, problems = [], []
    for entry in registry.ENTRIES.values():
        try:
            assessor = engines.open_entry(entry)
            found.append(Judge(assessor, preset.rule(assessor.rule(point=preset.operating_point))))
        except WeightsError as error:
            words = _("{name} is left out: {reason}")
            problems.append(words.format(name=entry.name, reason=error.message))
    return found, problems


def take_in(
    made: Tray,
    files: Sequence[File],
    who: Sequence[Judge],
    progress: Callable[[int, str], None],
) -> None:
    """Have new photos judged; a table among them is taken for the labels.

    Args:
        progress: called with how many are done, and the name of the next.
    """
    for done, (identity, name, data) in enumerate(files):
        progress(done, name)
        if name.lower().endswith(TABLES):
            made.labels = data()
        elif len(made.items) >= MOST:
            made.left_out += 1
        elif identity not in made.items:
            made.items[identity] = _judged(data(), name, who)


def _judged(data: bytes, name: str, who: Sequence[Judge]) -> Item:
    log = session.event_log()
    try:
        photo = checking.read(data, name)
    except PhotoError as error:
        counters.refused("upload", error.code)
        log.add("upload_assessed", page="compare", source="upload", properties={"error": error.code})
        return Item(Compared(name, {}, problem=error.message, code=error.code))
    # The file's own bytes go at once: assessors need no more than the small picture.
    small = replace(photo, _source=photo.small)
    thumbnail = data_uri(photo.jpeg(_THUMBNAIL_LONG_SIDE, quality=80))
    return _looked_at(Item(Compared(name, {}, thumbnail), small), who)


def _looked_at(item: Item, who: Sequence[Judge]) -> Item:
    if item.photo is None:
        return item
    verdicts = judge_whole(who, item.photo, time.perf_counter)
    for verdict in verdicts.values():
        properties = verdict_properties(verdict)
        session.event_log().add("upload_assessed", page="compare", source="upload", properties=properties)
    return Item(replace(item.compared, verdicts=verdicts), item.photo)


def judge_again(made: Tray, who: Sequence[Judge], progress: Callable[[int, str], None]) -> None:
    """Have every photo judged anew: the preset is another one, or an assessor came or went."""
    for done, (identity, item) in enumerate(list(made.items.items())):
        progress(done, item.compared.name)
        made.items[identity] = _looked_at(item, who)


def compare(made: Tray, who: Sequence[Judge]) -> Compare:
    """Compare the verdicts on all photos of a tray, of which there is at least one."""
    photos = made.photos
    names = [item.compared.name for item in photos.values()]
    labels, fault = Labels({}), ""
    if made.labels is not None:
        try:
            labels = read_labels(made.labels, names)
        except LabelsError as error:
            fault = error.message
    answers = {
        judge.name: answers_of([item.compared.verdicts[judge.name] for item in photos.values()], judge.rule)
        for judge in who
    }
    truth = truth_of(names, labels.by_photo)
    order = tuple(int(place) for place in disputed(answers))
    return Compare(tuple(photos), answers, labels, truth, report(answers, truth), order, fault)
