"""Colours that stay visible: contrast as WCAG 2 defines it, and the edges that a line needs on any skin."""

from typing import Final

Rgb = tuple[int, int, int]
DARK: Final[Rgb] = (24, 32, 32)
LIGHT: Final[Rgb] = (255, 255, 255)
# The contrast of two colours from which any third one differs from one of them by 3:1 at least.
_ENOUGH: Final = 9.0


def rgb_of(colour: str) -> Rgb:
    """``"#rrggbb"`` as red, green and blue, 0-255 each."""
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


def luminance(rgb: Rgb) -> float:
    """Relative luminance, 0 (black) to 1 (white)."""
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def opposite(colour: Rgb) -> Rgb:
    """Dark or light, whichever differs more from a colour."""
    return max((DARK, LIGHT), key=lambda edge: contrast(edge, colour))


def layers(colour: Rgb) -> tuple[Rgb, ...]:
    """The colours of a line with its edges, the outermost first.

    On every background one of them has a contrast of 3:1 at least. A colour that is neither light nor dark
    has a light edge and a dark one, since one alone would not do on skin of middling lightness.
    """
    edge = opposite(colour)
    return (edge, colour) if contrast(edge, colour) >= _ENOUGH else (DARK, LIGHT, colour)
