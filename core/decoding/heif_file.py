"""Where in a HEIC the photo's own data lie, and whether a hole was torn into them.

The decoder conceals what it cannot decode and says nothing. But HEVC data never hold three zero bytes in a
row (ITU-T H.265, 7.4.2: an emulation prevention byte comes between), so a run of zeros, as a broken download
or a failing memory card leaves it, shows for certain.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from core.decoding.limits import MOST_PARTS

# Beside the data there are their lengths, of four bytes: up to three zeros.
_HOLE: Final = re.compile(rb"\0{8}")
_HEVC: Final = b"hvc1"


@dataclass
class _Items:
    """The items of a file: the photo's number, each one's kind, place, and the items it is made of."""

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    parts: dict[int, list[int]] = field(default_factory=dict)


class _Reader:
    """Big-endian numbers, one after the other; raises IndexError after the last."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self.at, self._end = data, at, min(end, len(data))

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        if self.at + size > self._end:
            raise IndexError
        self.at += size
        return self._data[self.at - size : self.at]

    def boxes(self) -> Iterator[tuple[bytes, "_Reader"]]:
        for _box in range(MOST_PARTS):
            if self.at + 8 > self._end:
                return
            start, size, name = self.at, self.number(4), self.take(4)
            size = self.number(8) if size == 1 else size or self._end - start
            if size < self.at - start:
                return
            yield name, _Reader(self._data, self.at, min(start + size, self._end))
            self.at = start + size


def has_a_hole(data: bytes) -> bool:
    """Whether the HEVC data of the photo (or of the tiles it is made of) were overwritten with zeros.

    False where the tables of the file cannot be read: then it is for the decoder to refuse it.
    """
    items = _Items()
    try:
        for name, box in _Reader(data, 0, len(data)).boxes():
            if name == b"meta":
                _read_meta(items, box)
    except IndexError:
        return False
    wanted = [items.primary, *items.parts.get(items.primary, [])]
    left = 2 * len(data)
    for item in dict.fromkeys(wanted):
        for start, length in items.places.get(item, []) if items.kinds.get(item) == _HEVC else []:
            left -= length
            if left < 0:  # items that lie upon each other
                return False
            if _HOLE.search(data, start, start + length):
                return True
    return False


def _read_meta(items: _Items, meta: _Reader) -> None:
    meta.take(4)
    for name, box in meta.boxes():
        if name not in (b"pitm", b"iinf", b"iref", b"iloc"):
            continue
        version = box.number(1)
        box.take(3)
        if name == b"pitm":
            items.primary = box.number(4 if version else 2)
        elif name == b"iinf":
            box.take(4 if version else 2)
            for _name, entry in box.boxes():
                wide = entry.number(1) >= 3
                entry.take(3)
                number = entry.number(4 if wide else 2)
                entry.take(2)
                items.kinds[number] = entry.take(4)
        elif name == b"iref":
            size = 4 if version else 2
            for kind, entry in box.boxes():
                if kind == b"dimg":
                    number = entry.number(size)
                    items.parts[number] = [entry.number(size) for _part in range(entry.number(2))]
        else:
            _read_places(items, box, version)


def _read_places(items: _Items, box: _Reader, version: int) -> None:
    sizes = box.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    left = MOST_PARTS
    for _item in range(box.number(4 if version == 2 else 2)):
        number = box.number(4 if version == 2 else 2)
        inside_the_file = not (box.number(2) & 15) if version else True
        box.take(2)
        start = box.number(base)
        places = []
        count = box.number(2)
        left -= 1 + count
        if left < 0:
            raise IndexError
        for _extent in range(count):
            if version:
                box.take(index)
            places.append((start + box.number(offset), box.number(length)))
        if inside_the_file:
            items.places[number] = places
