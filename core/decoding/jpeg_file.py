"""The parts of a JPEG, read in one pass: what it will cost, whether anything is missing, and a clean copy.

The clean copy has the picture's own parts and nothing else: comments, previews and metadata never reach the
decoder, however many there are.
"""

import re
from dataclasses import dataclass
from typing import Final

from core.decoding.limits import MOST_BLOCKS, MOST_PARTS, MOST_PROFILE_BYTES, Refusal, check_size

_END: Final = b"\xff\xd9"
# What ends the data of a scan: any marker but a restart; 0xff00 is a data byte.
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART: Final = re.compile(rb"\xff[\xd0-\xd7]")
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
# Lossless, hierarchical and arithmetic coding, which no camera uses.
_OTHER_FRAMES: Final = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_TABLES: Final = frozenset({0xC4, 0xDB, 0xDD})
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_ADOBE: Final = b"Adobe"
_EXIF: Final = b"Exif\0\0"
_PROFILE: Final = b"ICC_PROFILE\0"


@dataclass(frozen=True)
class Component:
    """One colour component: its sampling factors, and its size in blocks of 8 x 8."""

    identity: int
    across: int
    down: int
    columns: int
    rows: int


@dataclass(frozen=True)
class Scan:
    """One pass over some components.

    Attributes:
        first, last: coefficients that it brings, 0-63.
        low: how many of their lowest bits are left to later scans.
        restarts: how many restart markers its data hold; ``expected`` is how many there must be.
        padding: how many zero bytes its data end with.
    """

    components: tuple[Component, ...]
    first: int
    last: int
    low: int
    restarts: int
    expected: int
    padding: int


@dataclass(frozen=True)
class JpegFile:
    """What a JPEG file holds.

    Attributes:
        width, height: in pixels.
        progressive: whether its scans refine each other.
        components, scans: see there.
        exif: the EXIF block with its head, or empty.
        profile: the ICC profile, or None.
        clean: the same picture without anything that is not needed to decode it.
    """

    width: int
    height: int
    progressive: bool
    components: tuple[Component, ...]
    scans: tuple[Scan, ...]
    exif: bytes
    profile: bytes | None
    clean: bytes

    @property
    def coefficient_bytes(self) -> int:
        """What a decoder must hold until the last scan; 0 where it need not."""
        if len(self.scans) == 1 and not self.progressive:
            return 0
        return sum(128 * component.columns * component.rows for component in self.components)


def parse(data: bytes) -> JpegFile:
    """Read the parts of a JPEG; nothing is decoded.

    Raises:
        Refusal: ``corrupt`` for broken or missing parts, ``unsupported_kind``, ``too_complex`` for more parts
            or scans than any camera writes, or a size that is refused.
    """
    parts = _Parts(data)
    parts.read()
    return parts.result()


class _Parts:
    """The state of one reading."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._kept: list[bytes] = [b"\xff\xd8"]
        self._frame: tuple[int, int, bool] | None = None
        self._components: dict[int, Component] = {}
        self._scans: list[Scan] = []
        self._blocks = 0
        self._interval = 0
        self._exif = b""
        self._adobe = False
        self._profile: dict[int, bytes] = {}

    def read(self) -> None:
        data, at = self._data, 2
        for _part in range(MOST_PARTS):
            at = data.find(b"\xff", at)
            if at < 0 or at + 1 >= len(data):
                return
            marker = data[at + 1]
            if marker == 0xD9:
                return
            if marker in (0x00, 0xFF) or marker in _ALONE:
                at += 1 if marker == 0xFF else 2
                continue
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            end = at + 2 + length
            if length < 2 or end > len(data):
                # Cut off here: whether what came before is whole shows at the end.
                return
            at = self._part(marker, data[at + 4 : end], data[at:end], end)
        raise Refusal("too_complex")

    def result(self) -> JpegFile:
        if self._frame is None or not self._scans:
            raise Refusal("corrupt")
        width, height, progressive = self._frame
        found = JpegFile(
            width,
            height,
            progressive,
            tuple(self._components.values()),
            tuple(self._scans),
            self._exif,
            self._whole_profile(),
            b"".join([*self._kept, _END]),
        )
        if not _complete(found) or any(scan.restarts != scan.expected for scan in found.scans):
            raise Refusal("corrupt")
        return found

    def _part(self, marker: int, body: bytes, whole: bytes, end: int) -> int:
        """Take in one part; gives where the next one begins."""
        if marker in _OTHER_FRAMES:
            raise Refusal("unsupported_kind")
        if marker in _FRAMES:
            self._read_frame(marker, body)
            self._kept.append(whole)
        elif marker == 0xDA:
            return self._read_scan(body, end)
        elif marker in _TABLES:
            if marker == 0xDD and len(body) >= 2:
                self._interval = int.from_bytes(body[:2], "big")
            self._kept.append(whole)
        elif marker == 0xE0 and body.startswith(b"JFIF\0") and len(self._kept) == 1:
            # It says that the colours are YCbCr. The version is set to a known one.
            self._kept.append(b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
        elif marker == 0xEE and body.startswith(_ADOBE) and not self._adobe:
            self._adobe = True
            self._kept.append(whole)
        elif marker == 0xE1 and body.startswith(_EXIF) and not self._exif:
            self._exif = body
        elif marker == 0xE2 and body.startswith(_PROFILE) and len(body) > len(_PROFILE) + 2:
            self._profile.setdefault(body[len(_PROFILE)], body[len(_PROFILE) + 2 :])
        return end

    def _read_frame(self, marker: int, body: bytes) -> None:
        if self._frame is not None or len(body) < 6 or len(body) < 6 + 3 * body[5]:
            raise Refusal("corrupt")
        if body[0] != 8 or body[5] not in (1, 3, 4):
            raise Refusal("unsupported_kind")
        height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
        check_size(width, height)
        given = [body[at : at + 3] for at in range(6, 6 + 3 * body[5], 3)]
        factors = [(entry[0], entry[1] >> 4, entry[1] & 15) for entry in given]
        if any(not 1 <= side <= 4 for _, across, down in factors for side in (across, down)):
            raise Refusal("corrupt")
        most_across, most_down = max(factor[1] for factor in factors), max(factor[2] for factor in factors)
        for identity, across, down in factors:
            columns = -(-width * across // (8 * most_across))
            rows = -(-height * down // (8 * most_down))
            self._components[identity] = Component(identity, across, down, columns, rows)
        if len(self._components) != len(factors):
            raise Refusal("corrupt")
        self._frame = (width, height, marker == 0xC2)

    def _read_scan(self, body: bytes, start: int) -> int:
        count = body[0] if body else 0
        if self._frame is None or not 1 <= count <= 4 or len(body) < 4 + 2 * count:
            raise Refusal("corrupt")
        width, height, progressive = self._frame
        try:
            components = tuple(self._components[body[1 + 2 * number]] for number in range(count))
        except KeyError:
            raise Refusal("corrupt") from None
        first, last, bits = body[1 + 2 * count : 4 + 2 * count]
        if not progressive:
            first, last, bits = 0, 63, 0
        found = _NEXT_MARKER.search(self._data, start)
        end = found.start() if found else len(self._data)
        entropy = self._data[start:end]
        if count == 1:
            units = components[0].columns * components[0].rows
            blocks = units
        else:
            most_across = max(component.across for component in self._components.values())
            most_down = max(component.down for component in self._components.values())
            units = -(-width // (8 * most_across)) * -(-height // (8 * most_down))
            blocks = units * sum(component.across * component.down for component in components)
        self._blocks += blocks
        if self._blocks > MOST_BLOCKS:
            raise Refusal("too_complex")
        self._scans.append(
            Scan(
                components,
                first,
                last,
                bits & 15,
                len(_RESTART.findall(entropy)) if self._interval else 0,
                (units - 1) // self._interval if self._interval else 0,
                len(entropy) - len(entropy.rstrip(b"\0")),
            )
        )
        head = bytes([0xFF, 0xDA, 0, 6 + 2 * count]) + body[: 1 + 2 * count] + bytes([first, last, bits])
        self._kept += [head, entropy]
        return end

    def _whole_profile(self) -> bytes | None:
        parts = [self._profile[number] for number in sorted(self._profile)]
        in_order = sorted(self._profile) == list(range(1, len(parts) + 1))
        whole = b"".join(parts)
        return whole if parts and in_order and len(whole) <= MOST_PROFILE_BYTES else None


def _complete(file: JpegFile) -> bool:
    """Whether the scans bring every coefficient of every component to its last bit.

    A file that was cut off between two scans, and closed with an end marker, decodes without any complaint.
    """
    missing = {component.identity: set(range(64)) for component in file.components}
    for scan in file.scans:
        if scan.low == 0:
            for component in scan.components:
                missing[component.identity] -= set(range(scan.first, scan.last + 1))
    return not any(missing.values())
