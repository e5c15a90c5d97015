"""Colours by lightness, chroma and hue as people see them: OKLCH (CSS Color 4, section 9).

In it a colour is made lighter or darker and stays the same colour, which it does not in HSL.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from integrations.branding.contrast import from_linear, to_linear

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.branding.contrast import RGB

STEP: Final = 0.004
_HALVINGS: Final = 12
_ROOM: Final = 0.0005


class Oklch(NamedTuple):
    """Lightness from 0 to 1, chroma from 0 (grey) to about 0.3, hue in radians."""

    lightness: float
    chroma: float
    hue: float


def read(color: str) -> Oklch:
    """Return ``#rrggbb`` in OKLCH."""
    red, green, blue = to_linear(color)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return Oklch(lightness, math.hypot(a, b), math.atan2(b, a))


def write(color: Oklch) -> str:
    """Return ``color`` as ``#rrggbb``, with less chroma where a screen cannot show so much."""
    if _shows(_light(color)):
        return from_linear(_light(color))
    least, most = 0.0, color.chroma
    for _ in range(_HALVINGS):
        tried = (least + most) / 2
        if _shows(_light(color._replace(chroma=tried))):
            least = tried
        else:
            most = tried
    return from_linear(_light(color._replace(chroma=least)))


def with_lightness(color: str, lightness: float, *, most_chroma: float = 1.0) -> str:
    """Return the same hue, lighter or darker, and paler where ``most_chroma`` says so."""
    old = read(color)
    return write(Oklch(min(1.0, max(0.0, lightness)), min(old.chroma, most_chroma), old.hue))


def first_that(fits: Callable[[str], bool], color: str, *, by: float) -> str:
    """Return the colour nearest to ``color`` that fits, going darker or lighter by steps ``by``.

    Where none does it is black or white, the end of the way.
    """
    start, end = read(color), 1.0 if by > 0 else 0.0
    lightness, tried = start.lightness, color
    while not fits(tried) and lightness != end:
        lightness = min(1.0, max(0.0, lightness + by))
        tried = write(start._replace(lightness=lightness))
    return tried


def _light(color: Oklch) -> RGB:
    a, b = color.chroma * math.cos(color.hue), color.chroma * math.sin(color.hue)
    long = (color.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (color.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (color.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _shows(light: RGB) -> bool:
    return all(-_ROOM <= part <= 1 + _ROOM for part in light)
