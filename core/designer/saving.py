"""Who may save presets, and how many: each name belongs to its first saver, who holds a secret.

No visitor signs in. The first save draws a random secret, which the page shows in a link; of it only the hash
is kept, in ``NAME.owner`` beside the versions. A name without such a file was put there by the operator,
and cannot be saved under from a page.
"""

import base64
import hashlib
import hmac
import ipaddress
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.guidance.preset import Preset, PresetError
from core.guidance.preset_store import PresetStore
from core.i18n import _
from core.new_file import create

VARIABLE: Final = "RETAKE_ALLOW_SAVING"
_HOUR_S: Final = 3600.0
_SECRET_BYTES: Final = 24
_MOST_LETTERS: Final = 200
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FORWARDED: Final = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})


@dataclass(frozen=True)
class Limits:
    """How much is saved at most: owners times versions bound the folder, and each owner's room is their own.

    Attributes:
        owners: in all.
        versions: of one owner, over all names.
        new_owners_an_hour, versions_an_hour: the latter of one owner.
        all_an_hour: versions of all owners together.
    """

    owners: int = 50
    versions: int = 40
    new_owners_an_hour: int = 10
    versions_an_hour: int = 20
    all_an_hour: int = 200


@dataclass(frozen=True)
class Kept:
    """What was saved.

    Attributes:
        secret: with it the owner saves again.
        first: whether the secret was drawn just now, and has to be shown.
    """

    preset: Preset
    secret: str
    first: bool


def allowed(setting: str, address: str | None, headers: Mapping[str, str]) -> bool:
    """Whether presets may be saved from a page.

    Args:
        setting: ``RETAKE_ALLOW_SAVING``: ``1`` and ``0`` decide. Without either it is allowed where only this
            computer reaches the server, as far as the rest shows.
        address: what the server listens on; None is every network.
        headers: of the visitor's request. A proxy in front gives itself away by what it adds, and by the
            name that the browser asked for.
    """
    if setting.strip() in ("0", "1"):
        return setting.strip() == "1"
    asked = {name.lower(): value for name, value in headers.items()}
    host = re.sub(r":\d+$", "", asked.get("host", "localhost")).strip("[]")
    return _this_computer(address or "") and _this_computer(host) and not _FORWARDED & set(asked)


def _this_computer(address: str) -> bool:
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@dataclass
class Saver:
    """Saves presets for their owners; one for all visits, since limits are counted in it.

    Attributes:
        store: where to.
        clock: seconds that never go back, such as ``time.monotonic``.
        random_bytes: so many random bytes, such as ``secrets.token_bytes``.
        limits: how much is saved at most.
    """

    store: PresetStore
    clock: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    limits: Limits = field(default_factory=Limits)
    _recent: deque[tuple[float, str, bool]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mine(self, name: str, secret: str) -> bool:
        """Whether a name is free or belongs to this secret; what ships has no owner."""
        if name in self.store.shipped():
            return False
        owner = self._owners().get(name)
        return (owner is None and name not in self.store.saved()) or _fits(secret, owner)

    def save(self, preset: Preset, secret: str = "") -> Kept:
        """Write a new version of a preset.

        Args:
            secret: of the owner; without one, or with an unknown one, a new owner is made.

        Raises:
            PresetError: the name is somebody else's or ships, or a limit is reached.
            OSError: the folder cannot be written to, or the disk is full; nothing is left of it.
        """
        with self._lock:
            if preset.name not in self.store.shipped() and not self.mine(preset.name, secret):
                raise not_yours()
            owners = self._owners()
            owner = next((one for one in owners.values() if _fits(secret, one)), None)
            if owner is None:
                secret = base64.urlsafe_b64encode(self.random_bytes(_SECRET_BYTES)).decode("ascii")
            first, owner = owner is None, owner or _hash(secret)
            self._check(owner, first, owners)
            kept = self._write(preset, owner, claim=preset.name not in owners)
            self._recent.append((self.clock(), owner, first))
            return Kept(kept, secret, first)

    def _write(self, preset: Preset, owner: str, claim: bool) -> Preset:
        file = self.store.folder / f"{preset.name}.owner"
        if not claim or preset.name in self.store.shipped():
            return self.store.save(preset)  # which refuses what ships
        try:
            create(file, owner + "\n")
        except FileExistsError:  # another server on the same folder was quicker
            raise not_yours() from None
        try:
            return self.store.save(preset)
        except BaseException:
            file.unlink(missing_ok=True)  # a name that nothing was saved under stays free
            raise

    def _check(self, owner: str, first: bool, owners: Mapping[str, str]) -> None:
        """Raise where this owner, or all of them, have reached a limit."""
        limits, now = self.limits, self.clock()
        while self._recent and now - self._recent[0][0] >= _HOUR_S:
            self._recent.popleft()
        if first and len(set(owners.values())) >= limits.owners:
            message = _("The folder of saved presets is full. Whoever runs this app can remove some.")
            raise PresetError("preset_refused", message)
        versions = sum(len(found) for name, found in self.store.saved().items() if owners.get(name) == owner)
        if versions >= limits.versions:
            message = _("You have saved {count} versions, and there is room for no more. Download this one.")
            raise PresetError("preset_refused", message.format(count=versions))
        newcomers = sum(1 for _then, _owner, new in self._recent if new)
        of_owner = sum(1 for _then, one, _new in self._recent if one == owner)
        if (
            len(self._recent) >= limits.all_an_hour
            or of_owner >= limits.versions_an_hour
            or (first and newcomers >= limits.new_owners_an_hour)
        ):
            message = _("Too much was saved in the last hour. Try again later, or download this draft.")
            raise PresetError("preset_refused", message)

    def _owners(self) -> dict[str, str]:
        """The hash of each owned name's secret; one that cannot be read has no owner."""
        try:
            files = sorted(self.store.folder.glob("*.owner"))
        except OSError:
            return {}
        return {file.stem: _read(file) for file in files}


def not_yours() -> PresetError:
    """Somebody else saved under this name first."""
    message = _("This name is taken. Open it by the link that its owner was given, or choose another name.")
    return PresetError("preset_refused", message)


def _read(file: Path) -> str:
    try:
        with file.open(encoding="ascii") as opened:
            digest = opened.read(_MOST_LETTERS).strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return digest if _HASH.fullmatch(digest) else ""


def _hash(secret: str) -> str:
    # The secret is random and long: no slow hash is needed to keep it from being guessed.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _fits(secret: str, owner: str | None) -> bool:
    """Whether a secret is that of an owner, told in the same time whether it is or not."""
    if not secret or not owner:
        return False
    return hmac.compare_digest(_hash(secret[:_MOST_LETTERS]), owner)
