"""Presets that a team saved: one file a version, never written over."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.guidance.designer.content import content_of, from_yaml, yaml_of
from core.guidance.preset import Preset, PresetError, load_preset, preset_files
from core.words import _

_FILE: Final = re.compile(r"([a-z0-9][a-z0-9_-]{0,39})@([1-9][0-9]{0,5})\.yaml")
_ASKED: Final = re.compile(r"([a-z0-9][a-z0-9_-]{0,39})(?:@([1-9][0-9]{0,5}))?")
MOST_FILES: Final = 500
_HEAD: Final = "# Saved by the Designer page of Retake. Saving again writes a new version beside this file.\n"


@dataclass(frozen=True)
class Shelf:
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
        for file in self.folder.glob("*.yaml") if self.folder.is_dir() else ():
            match = _FILE.fullmatch(file.name)
            if match:
                found.setdefault(match[1], []).append(int(match[2]))
        return {name: tuple(sorted(found[name], reverse=True)) for name in sorted(found)}

    def load(self, asked: str) -> Preset:
        """Read a preset by ``NAME`` (its newest version) or ``NAME@VERSION``; what ships goes first.

        Raises:
            PresetError: there is none, or its file was altered so that it does not fit.
        """
        match = _ASKED.fullmatch(asked)
        if match is None:
            raise self._missing(asked)
        name, version = match[1], int(match[2]) if match[2] else None
        if name in self.shipped():
            preset = load_preset(name)
            if version not in (None, preset.version):
                raise self._missing(asked)
            return preset
        versions = self.saved().get(name, ())
        if not versions or (version is not None and version not in versions):
            raise self._missing(asked)
        return self._read(name, version or versions[0])

    def next_version(self, name: str) -> int:
        """The version that saving under this name makes."""
        return max(self.saved().get(name, (0,))) + 1

    def save(self, preset: Preset) -> Preset:
        """Write a new version of a preset; returns it as saved.

        Raises:
            PresetError: its name belongs to a preset that ships, or the folder is full.
            OSError: the folder cannot be written to.
        """
        if preset.name in self.shipped():
            message = _("{name} ships with Retake and stays as it is. Give your preset a name of its own.")
            raise PresetError("preset_invalid", message.format(name=preset.name))
        if not _ASKED.fullmatch(preset.name):
            raise PresetError("preset_invalid", _("This name is too long. Use at most 40 letters."))
        if sum(map(len, self.saved().values())) >= MOST_FILES:
            message = _("The folder of saved presets is full. Whoever runs this app can remove some.")
            raise PresetError("preset_invalid", message)
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            version = self.next_version(preset.name)
            kept = preset.model_copy(update={"version": version})
            try:
                with self._file(preset.name, version).open("x", encoding="utf-8") as file:
                    file.write(_HEAD + yaml_of(content_of(kept)))
            except FileExistsError:
                continue  # somebody else saved in the same moment: theirs stays
            return kept

    def _read(self, name: str, version: int) -> Preset:
        file = self._file(name, version)
        try:
            preset = from_yaml(file.read_text(encoding="utf-8"), file.name)
        except (OSError, UnicodeDecodeError) as error:
            message = _("The preset {path} cannot be read ({reason}). Save it as UTF-8 text and try again.")
            raise PresetError("preset_invalid", message.format(path=file.name, reason=error)) from None
        if (preset.name, preset.version) != (name, version):
            message = _(
                "The preset {path} says that it is {name}, version {version}. Name file and preset alike."
            )
            raise PresetError(
                "preset_invalid",
                message.format(path=file.name, name=preset.name, version=preset.version),
            )
        return preset

    def _file(self, name: str, version: int) -> Path:
        return self.folder / f"{name}@{version}.yaml"

    def _missing(self, asked: str) -> PresetError:
        known = ", ".join((*self.shipped(), *self.saved()))
        shown = re.sub(r"[^\w@.-]", "", asked)[:60]
        message = _("There is no preset called {name}. There are: {known}.")
        return PresetError("preset_missing", message.format(name=shown, known=known))
