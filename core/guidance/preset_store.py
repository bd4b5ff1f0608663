"""Presets that a team saved: one file a version, never written over.

Who may save, and how much, is decided in :mod:`core.designer.saving`.
"""

import hashlib
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.guidance.preset import Preset, PresetError, load_preset, preset_files
from core.guidance.preset_content import content_of, from_yaml, yaml_of
from core.i18n import _
from core.new_file import create
from core.yaml_model import read_text

MOST_LETTERS: Final = 40
_FILE: Final = re.compile(r"([a-z0-9][a-z0-9_-]{0,39})@([1-9][0-9]{0,5})\.yaml")
_ASKED: Final = re.compile(r"([a-z0-9][a-z0-9_-]{0,39})(?:@([1-9][0-9]{0,5}))?")
_HEAD: Final = "# Saved by the Designer page of Retake. Saving again writes a new version beside this file.\n"
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A preset with the file that it was read from.

    Attributes:
        sha256: of the file's text, in hexadecimal.
    """

    preset: Preset
    path: Path
    sha256: str


def hash_of(text: str) -> str:
    """The SHA-256 of a file's text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class PresetStore:
    """The presets that ship and those in a folder.

    Attributes:
        folder: where saved ones lie, ``NAME@VERSION.yaml`` each; it need not exist.
    """

    folder: Path

    def shipped(self) -> tuple[str, ...]:
        """Names of the presets that ship, the one that Retake starts with first."""
        return tuple(preset_files())

    def saved(self) -> dict[str, tuple[int, ...]]:
        """Versions of each saved preset, the newest first; names in alphabetical order."""
        found: dict[str, list[int]] = {}
        try:
            names = sorted(file.name for file in self.folder.iterdir())
        except OSError:  # it is not there (yet), or may not be entered
            return {}
        for name in names:
            match = _FILE.fullmatch(name)
            if match:
                found.setdefault(match[1], []).append(int(match[2]))
        return {name: tuple(sorted(found[name], reverse=True)) for name in sorted(found)}

    def load(self, asked: str) -> Preset:
        """Read a preset by ``NAME`` or ``NAME@VERSION``; see :meth:`open`.

        Raises:
            PresetError: there is none, or its file was altered so that it does not fit.
        """
        return self.open(asked).preset

    def open(self, asked: str) -> Opened:
        """Read a preset by ``NAME`` (its newest readable version) or ``NAME@VERSION``; what ships goes first.

        Raises:
            PresetError: there is none, or its file was altered so that it does not fit.
        """
        match = _ASKED.fullmatch(asked)
        if match is None:
            raise self._missing(asked)
        name, version = match[1], int(match[2]) if match[2] else None
        if name in self.shipped():
            preset, path = load_preset(name), preset_files()[name]
            if version not in (None, preset.version):
                raise self._missing(asked)
            return Opened(preset, path, hash_of(read_text(path)))
        versions = self.saved().get(name, ())
        if not versions or (version is not None and version not in versions):
            raise self._missing(asked)
        return self._read(name, version) if version else self._newest(name, versions)

    def _newest(self, name: str, versions: tuple[int, ...]) -> Opened:
        """The newest version that can be read; older ones are better than none."""
        fault: PresetError | None = None
        for version in versions:
            try:
                return self._read(name, version)
            except PresetError as error:
                _LOG.warning("A saved preset is skipped: %s", error.message)
                fault = fault or error
        assert fault is not None
        raise fault

    def next_version(self, name: str) -> int:
        """The version that saving under this name makes."""
        return max(self.saved().get(name, (0,))) + 1

    def save(self, preset: Preset) -> Preset:
        """Write a new version of a preset; returns it as saved.

        Raises:
            PresetError: its name belongs to a preset that ships, or is too long.
            OSError: the folder cannot be written to, or the disk is full; nothing is left of it.
        """
        if preset.name in self.shipped():
            message = _("{name} ships with Retake and stays as it is. Give your preset a name of its own.")
            raise PresetError("preset_invalid", message.format(name=preset.name))
        if not _ASKED.fullmatch(preset.name):
            raise PresetError("preset_invalid", _("This name is too long. Use at most 40 letters."))
        while True:
            version = self.next_version(preset.name)
            kept = preset.model_copy(update={"version": version})
            text = _HEAD + yaml_of(content_of(kept))
            from_yaml(text, f"{preset.name}.yaml")  # what could not be read again is not written
            try:
                create(self._file(preset.name, version), text)
            except FileExistsError:
                continue  # somebody else saved in the same moment: theirs stays
            return kept

    def _read(self, name: str, version: int) -> Opened:
        file = self._file(name, version)
        try:
            text = read_text(file)
            preset = from_yaml(text, file.name)
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error  # never the folder
            message = _("The preset {path} cannot be read ({reason}). Save it as UTF-8 text and try again.")
            raise PresetError("preset_invalid", message.format(path=file.name, reason=reason)) from None
        if (preset.name, preset.version) != (name, version):
            message = _(
                "The preset {path} says that it is {name}, version {version}. Name file and preset alike."
            )
            raise PresetError(
                "preset_invalid",
                message.format(path=file.name, name=preset.name, version=preset.version),
            )
        return Opened(preset, file, hash_of(text))

    def _file(self, name: str, version: int) -> Path:
        return self.folder / f"{name}@{version}.yaml"

    def _missing(self, asked: str) -> PresetError:
        # Names of saved presets are not listed: guessing at addresses must not reveal the arms of a study.
        known = ", ".join(self.shipped())
        shown = re.sub(r"[^\w@.-]", "", asked)[:60]
        message = _("There is no preset called {name}. There are: {known}.")
        return PresetError("preset_missing", message.format(name=shown, known=known))
