"""The geometry of bar charts: SVG drawn by the server, styled by classes alone.

A plot is as wide as its bars and `HEIGHT` high, in units of its own; the page stretches it to fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP: Final = 10
BAR: Final = 7
HEIGHT: Final = 100
# A bar that stands for something is seen, however small that is beside the others.
LEAST: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """One colour of a bar."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One step of time: where it stands, what it is made of, and what it says."""

    x: float
    parts: list[Part]
    title: str
    url: str = ""

    @property
    def left(self) -> float:
        """Where the coloured part begins."""
        return self.x + (STEP - BAR) / 2


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Bars on a scale of their own, from nothing to ``top``."""

    bars: list[Bar]
    top: int

    @property
    def width(self) -> int:
        """The width, in the plot's own units."""
        return len(self.bars) * STEP

    @property
    def half(self) -> str:
        """What the line in the middle stands for."""
        return f"{self.top / 2:,.0f}" if self.top % 2 == 0 else f"{self.top / 2:,.1f}"

    @property
    def most(self) -> str:
        """What the line at the top stands for."""
        return f"{self.top:,}"


def plot(
    values: Sequence[Sequence[int]],
    *,
    tones: Sequence[str],
    titles: Sequence[str],
    urls: Sequence[str] = (),
) -> Plot:
    """Return a plot of ``values``: for each step one number for each of ``tones``, stacked."""
    top = scale(max((sum(step) for step in values), default=0))
    links = urls or [""] * len(values)
    bars = [
        Bar(x=index * STEP, parts=_stack(step, tones, top), title=title, url=url)
        for index, step, title, url in zip(count(), values, titles, links, strict=False)
    ]
    return Plot(bars=bars, top=top)


def scale(most: int) -> int:
    """Return a round number that is no less than ``most``: 1, 2 or 5 and zeros."""
    for power in count():
        for digit in (1, 2, 5):
            if digit * 10**power >= most:
                return int(digit * 10**power)
    raise AssertionError


def _stack(step: Sequence[int], tones: Sequence[str], top: int) -> list[Part]:
    parts = []
    bottom = float(HEIGHT)
    for number, tone in zip(step, tones, strict=True):
        if number:
            height = max(number * HEIGHT / top, LEAST)
            bottom -= height
            parts.append(Part(tone=tone, y=round(bottom, 2), height=round(height, 2)))
    return parts
