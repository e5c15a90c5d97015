"""Colours as people write them, and how well one is seen on another (WCAG 2.2, 1.4.3, 1.4.11)."""

from __future__ import annotations

import math
import re
from typing import Final

TEXT: Final = 4.5
COMPONENT: Final = 3.0
WHITE: Final = "#ffffff"
_SHORT: Final = re.compile(r"#?([0-9a-f])([0-9a-f])([0-9a-f])")
_LONG: Final = re.compile(r"#?([0-9a-f]{6})")

RGB = tuple[float, float, float]


def normalize(text: str) -> str:
    """Return a colour as ``#rrggbb``. ``text`` may lack the #, be short or in capitals.

    Raises:
        ValueError: it is no colour.
    """
    text = text.strip().lower()
    if short := _SHORT.fullmatch(text):
        return "#" + "".join(digit * 2 for digit in short.groups())
    if long := _LONG.fullmatch(text):
        return f"#{long[1]}"
    raise ValueError("A colour is written as #rrggbb.")


def to_linear(color: str) -> RGB:
    """Return the light of ``#rrggbb``: red, green and blue from 0 to 1, without gamma."""
    red, green, blue = (_linear(int(color[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return red, green, blue


def from_linear(light: RGB) -> str:
    """Return ``light`` as ``#rrggbb``, cut to what a screen can show."""
    parts = (round(_encoded(min(1.0, max(0.0, part))) * 255) for part in light)
    return "#" + "".join(f"{part:02x}" for part in parts)


def luminance(color: str) -> float:
    """Return the relative luminance, from 0 (black) to 1 (white)."""
    red, green, blue = to_linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 (the same) to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def told(one: str, other: str) -> str:
    """Return the contrast for people, as ``4.49``: cut, so that too little never looks enough."""
    return f"{math.floor(ratio(one, other) * 100) / 100:.2f}"


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def _encoded(part: float) -> float:
    return float(part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055)
