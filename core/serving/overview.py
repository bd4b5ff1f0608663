"""What an operator wants to know of a server at first sight; nothing identifies a visitor."""

import dataclasses
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from core.i18n import _
from core.lesion.networks import default_name
from core.quality import registry
from core.quality.setting import asked_for
from core.ready import Check
from core.runtime.manifest import WeightsError, load_manifest
from core.serving.build import Build
from core.serving.figures import Figures
from core.serving.shown_settings import ShownSetting
from core.study.database_state import DatabaseState

LEAST_FREE: Final = 1_000_000_000
"""Bytes of the data folder's disk below which it is time to make room."""


@dataclass(frozen=True)
class NetworkFacts:
    """A network of the manifest.

    Attributes:
        used: whether it answers unless a preset or a visitor picks another.
    """

    name: str
    task: str
    sha256: str
    size_bytes: int
    used: bool


@dataclass(frozen=True)
class Disk:
    """The disk that holds the data folder; sizes in bytes."""

    folder: str
    free: int
    total: int


@dataclass(frozen=True)
class Overview:
    """A server at one moment.

    Attributes:
        at: when this was put together, UTC.
        checks: what judging photos needs, the database and the disk, each with what is wrong with it.
        log: the last warnings and errors, the newest first, as `core.serving.recent` keeps them.
    """

    at: datetime
    build: Build
    checks: tuple[Check, ...]
    networks: tuple[NetworkFacts, ...]
    figures: Figures
    disk: Disk
    database: DatabaseState
    settings: tuple[ShownSetting, ...]
    log: tuple[Mapping[str, Any], ...]

    @property
    def since(self) -> datetime | None:
        """When the process started, UTC; None where the system does not tell."""
        started = self.figures.started_s
        return None if started is None else datetime.fromtimestamp(started, UTC)

    @property
    def problems(self) -> tuple[Check, ...]:
        """The checks that found something wrong."""
        return tuple(check for check in self.checks if check.problem)

    def as_json(self) -> str:
        """All of it, to take away; what is not a number becomes null."""
        since = self.since
        whole = dataclasses.asdict(self) | {"at": self.at.isoformat(), "since": since and since.isoformat()}
        return json.dumps(_plain(whole), indent=2, ensure_ascii=False)


def overview(
    *,
    at: datetime,
    build: Build,
    ready: Sequence[Check],
    figures: Figures,
    folder: Path,
    database: DatabaseState,
    settings: tuple[ShownSetting, ...],
    log: Sequence[Mapping[str, Any]],
) -> Overview:
    """Put it together; looks at the manifest and at the disk.

    Args:
        ready: what `core.ready.checks` found.
        folder: the data folder, which need not be there yet.
    """
    disk = _disk(folder)
    checks = (*ready, Check("database", database.problem), Check("disk", _room(disk)))
    return Overview(at, build, checks, _networks(), figures, disk, database, settings, tuple(log))


def _disk(folder: Path) -> Disk:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    found = shutil.disk_usage(there)
    return Disk(str(folder), found.free, found.total)


def _room(disk: Disk) -> str:
    if disk.free >= LEAST_FREE:
        return ""
    message = _("The disk of the data folder {folder} has {size} left. Make room, or move the folder.")
    return message.format(folder=disk.folder, size=size_text(disk.free))


def size_text(size: float) -> str:
    """Bytes with a unit, such as ``"3.2 GB"``."""
    for unit, worth in (("GB", 1e9), ("MB", 1e6)):
        if size >= worth:
            return f"{size / worth:.1f} {unit}"
    return f"{size / 1e3:.1f} kB"


def _networks() -> tuple[NetworkFacts, ...]:
    try:
        manifest = load_manifest()
    except WeightsError:
        return ()  # the checks say so
    used = set()
    try:
        used = {registry.ENTRIES[asked_for()].network, default_name(manifest)}
    except Exception:  # a setting that cannot be used, about which the checks say more
        used = set()
    return tuple(
        NetworkFacts(name, entry.task, entry.sha256, entry.bytes, name in used)
        for name, entry in manifest.networks.items()
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
