"""The colours of a project's hosted pages and mails, made from one: its accent colour.

Text has 4.5:1 on everything that it may stand on, and buttons have 3:1, in light and dark, whatever
the accent colour: `tests/integrations/test_branding_colors.py` tries it with random ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from integrations.branding.contrast import COMPONENT, TEXT, WHITE, normalize, ratio
from integrations.branding.oklch import STEP, first_that, read, with_lightness

if TYPE_CHECKING:
    from integrations.models import Project

# What stands behind, as in templates/static/css/theme.css: the surface, the page, what is sunken.
LIGHT_GROUNDS: Final = (WHITE, "#f3f6f4", "#f5f8f6")
DARK_GROUNDS: Final = ("#151c18", "#0c110e", "#1b241f")
INK: Final = "#0b100d"
# A grey button on a dark page would look switched off. So what has less chroma than that is turned
# round there, into a bright button with dark text, and so is what is nearly black.
_GREY: Final = 0.03
_NEARLY_BLACK: Final = 0.28


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """The colours for a light or a dark page, each as ``#rrggbb``.

    Args:
        accent: fills buttons; ``accent_strong``: those under the pointer.
        on_accent: text on both.
        accent_text: links and icons on the page.
        accent_soft: a tint behind ``accent_text``.
    """

    accent: str
    accent_strong: str
    on_accent: str
    accent_text: str
    accent_soft: str


@dataclass(frozen=True, kw_only=True)
class Colors:
    """Both schemes."""

    light: Scheme
    dark: Scheme


# Evergrant's own, for projects without a colour: those of theme.css.
OWN: Final = Colors(
    light=Scheme(
        accent="#14643d",
        accent_strong="#0d4d2e",
        on_accent=WHITE,
        accent_text="#14643d",
        accent_soft="#e3f2e9",
    ),
    dark=Scheme(
        accent="#5ccb90",
        accent_strong="#7fdcab",
        on_accent="#06210f",
        accent_text="#5ccb90",
        accent_soft="#173326",
    ),
)


def colors_of(project: Project) -> Colors:
    """Return the colours of a project's pages and mails. Asks nothing of the database."""
    try:
        return colors_from(normalize(project.accent_color))
    except ValueError:
        return OWN


@lru_cache(maxsize=1024)
def colors_from(accent: str) -> Colors:
    """Return the colours made from ``accent``, or from the nearest one that carries white text."""
    accent = nearest_readable(accent)
    return Colors(light=_light(accent), dark=_dark(accent))


def carries_white(color: str) -> bool:
    """Whether white text on it can be read by everybody."""
    return ratio(color, WHITE) >= TEXT


def nearest_readable(color: str) -> str:
    """Return ``color``, or the first darker one of the same hue that carries white text."""
    return first_that(carries_white, color, by=-STEP)


def _light(accent: str) -> Scheme:
    lightness = read(accent).lightness
    # What is black cannot be darker: it gets lighter under the pointer.
    strong = lightness - 0.07 if lightness > 0.3 else max(0.32, lightness + 0.1)
    soft = with_lightness(accent, 0.955, most_chroma=0.03)
    return Scheme(
        accent=accent,
        accent_strong=with_lightness(accent, strong),
        on_accent=WHITE,
        accent_text=_text(accent, (*LIGHT_GROUNDS, soft), by=-STEP),
        accent_soft=soft,
    )


def _dark(accent: str) -> Scheme:
    soft = with_lightness(accent, 0.3, most_chroma=0.05)
    text = _text(accent, (*DARK_GROUNDS, soft), by=STEP)
    lightness, chroma, _ = read(accent)
    if chroma < _GREY or lightness < _NEARLY_BLACK:
        fill, strong, on_accent = with_lightness(accent, 0.94), with_lightness(accent, 0.87), INK
        text = strong
    else:
        fill = first_that(_stands_out, accent, by=STEP)
        strong, on_accent = _under_the_pointer(fill), WHITE
    return Scheme(
        accent=fill,
        accent_strong=strong,
        on_accent=on_accent,
        accent_text=text,
        accent_soft=soft,
    )


def _text(color: str, grounds: tuple[str, ...], *, by: float) -> str:
    def reads(tried: str) -> bool:
        return all(ratio(tried, ground) >= TEXT for ground in grounds)

    return first_that(reads, color, by=by)


def _stands_out(color: str) -> bool:
    return all(ratio(color, ground) >= COMPONENT for ground in DARK_GROUNDS)


def _under_the_pointer(fill: str) -> str:
    """Return the colour farthest from ``fill`` that still stands out and carries white text."""
    lightness = read(fill).lightness
    tried = [with_lightness(fill, lightness + STEP * step) for step in range(-20, 21)]
    fitting = [color for color in tried if _stands_out(color) and carries_white(color)]
    return max(fitting, key=lambda color: ratio(color, fill), default=fill)
