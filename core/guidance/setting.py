"""The preset that the operator names (``RETAKE_PRESET``), as one running server uses it.

It is pinned by version and content when it is first used. What changes on the disk after that is used only
where it is whole and has a higher version number; anything else is reported, and the pinned one stays in use.
"""

import logging
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.guidance.preset import START, Preset, PresetError, load_preset, parse_preset, preset_files
from core.guidance.preset_store import Opened, PresetStore, hash_of
from core.i18n import _
from core.yaml_model import read_text

VARIABLE: Final = "RETAKE_PRESET"
_PINNED: Final = re.compile(r"(?P<asked>.*)#(?P<sha256>[0-9a-f]{8,64})", re.DOTALL)
_LOG: Final = logging.getLogger(__name__)
_Stamp = tuple[int, int, int]


def open_setting(setting: str, store: PresetStore, whole_path: bool = False) -> Opened:
    """Read what ``RETAKE_PRESET`` may say: ``NAME``, ``NAME@VERSION`` or the path of a YAML file.

    Behind any of these may follow ``#`` and at least 8 digits of the SHA-256 of the file's text: then no
    other text is taken.

    Args:
        whole_path: whether messages name the file with its folder; visitors need not know that.

    Raises:
        PresetError: there is none, it does not fit, or its text is another one.
    """
    match = _PINNED.fullmatch(setting)
    asked, wanted = (match["asked"], match["sha256"]) if match else (setting, "")
    path = Path(asked)
    if path.suffix in (".yaml", ".yml"):
        opened = _from_file(path, path if whole_path else Path(path.name))
    else:
        opened = store.open(asked)
    if not opened.sha256.startswith(wanted):
        raise _altered(opened.path)
    return opened


def pin_of(opened: Opened) -> str:
    """A preset as ``RETAKE_PRESET`` takes it so that no other text is ever used, such as ``clinic@3#…``."""
    return f"{opened.preset.name}@{opened.preset.version}#{opened.sha256[:16]}"


@dataclass
class ServerPreset:
    """The preset of every visit whose address names none; one object for all visits of a server.

    Attributes:
        setting: what ``RETAKE_PRESET`` says; empty for ``balanced``.
        store: where names are looked up.
    """

    setting: str
    store: PresetStore
    _asked: str = ""
    _used: Opened | None = None
    _seen: _Stamp | None = None
    _warned: _Stamp | str | None = "never"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self) -> tuple[Preset, str]:
        """The preset to use from now on, and what is wrong with the one that is set.

        The latter is a translated message with the file, its line and what to do; "" when all is well. Then
        the last one that worked is used, or ``balanced`` where none ever did.
        """
        with self._lock:
            fault = self._look()
            return (self._used.preset if self._used else load_preset(START)), fault

    def _look(self) -> str:
        if self._used is not None and _stamp(self._used.path) == self._seen:
            return ""
        try:
            # Read anew, the stamp first: what is written in between is looked at again.
            stamp = _stamp(self._used.path) if self._used else None
            self._take(open_setting(self._asked or self.setting or START, self.store), stamp)
        except PresetError as error:
            self._warn(error)
            return error.message
        self._warned = "never"
        return ""

    def _take(self, opened: Opened, stamp: _Stamp | None) -> None:
        used = self._used
        if used is None:
            # Of a name it is the version of now that is read again, also where there are newer ones by then.
            by_name = opened.path.name != Path(self.setting).name and "#" not in self.setting
            self._asked = f"{opened.preset.name}@{opened.preset.version}" if by_name else self.setting
        elif opened.sha256 != used.sha256 and opened.preset.version <= used.preset.version:
            raise _altered(opened.path)
        self._used, self._seen = opened, stamp or _stamp(opened.path)

    def _warn(self, error: PresetError) -> None:
        """Into the server's log, once for each state of the file."""
        stamp = _stamp(self._used.path) if self._used else None
        if stamp != self._warned:
            self._warned = stamp
            _LOG.warning("%s=%s cannot be used: %s", VARIABLE, self.setting, error.message)


def _from_file(path: Path, shown: Path) -> Opened:
    try:
        text = read_text(path)
    except FileNotFoundError:
        message = _("There is no preset {path}. Use one of these, or the path of a YAML file: {known}.")
        known = ", ".join(preset_files())
        raise PresetError("preset_missing", message.format(path=shown, known=known)) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        message = _("The preset {path} cannot be read ({reason}). Save it as UTF-8 text and try again.")
        raise PresetError("preset_invalid", message.format(path=shown, reason=reason)) from None
    return Opened(parse_preset(text, shown), path, hash_of(text))


def _altered(path: Path) -> PresetError:
    message = _("{path} was changed under the same version number. Put it back, or give it a new version.")
    return PresetError("preset_invalid", message.format(path=path.name))


def _stamp(path: Path) -> _Stamp | None:
    """What tells a file from itself before a change, without reading it; None where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
