"""What kind of file this is, told by its first bytes and never by its name."""

from typing import Final, Literal

from core.decoding.limits import Refusal

Kind = Literal["jpeg", "png", "webp", "heif", "avif", "tiff", "bmp"]

_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_RAW_BRANDS: Final = frozenset({b"crx "})
_READ: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"BM", "bmp"),
)
# Pictures, but of kinds that are not read: camera raw files, BigTIFF, JPEG XL, JPEG 2000, Photoshop, OpenEXR.
_NOT_READ: Final = (
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"IIU\0",
    b"FUJIFILMCCD-RAW",
    b"FOVb",
    b"\0MRM",
    b"II+\0",
    b"MM\0+",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL ",
    b"\0\0\0\x0cjP  ",
    b"\xff\x4f\xff\x51",
    b"8BPS",
    b"v/1\x01",
)


def kind_of(data: bytes) -> Kind:
    """Tell the kind of a file from its content.

    Raises:
        Refusal: ``unsupported_kind`` for a picture of a kind that is not read, ``not_an_image`` for the rest.
    """
    if data[4:8] == b"ftyp":
        return _by_brands(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    for start, kind in _READ:
        if data.startswith(start):
            return kind
    raise Refusal("unsupported_kind" if data.startswith(_NOT_READ) else "not_an_image")


def _by_brands(data: bytes) -> Kind:
    # "mif1" alone says nothing of the codec: then the brands that follow do.
    length = min(int.from_bytes(data[:4], "big"), 256)
    major, others = data[8:12], {data[at : at + 4] for at in range(16, length, 4)}
    if major in _AVIF_BRANDS or (major in (b"mif1", b"msf1") and others & _AVIF_BRANDS):
        return "avif"
    if major in _HEIF_BRANDS:
        return "heif"
    raise Refusal("unsupported_kind" if major in _RAW_BRANDS else "not_an_image")
