"""Grants that will end by themselves within the next 14 days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from config.dashboard.charting import plot
from config.dashboard.viewer import ACCOUNTS, accounts_url
from config.dashboard.words import counted
from connections.endings import WINDOW, days_ahead

if TYPE_CHECKING:
    from config.dashboard.charting import Plot
    from config.dashboard.viewer import Viewer


@dataclass(frozen=True, kw_only=True)
class Within:
    """How many grants end within so many days, with the list behind it."""

    label: str
    number: int
    url: str

    @property
    def text(self) -> str:
        """The number as it is shown."""
        return f"{self.number:,}"


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What the template draws."""

    within: list[Within]
    days: list[tuple[str, int]]
    plot: Plot

    @property
    def total(self) -> int:
        """All of them."""
        return self.within[-1].number

    @property
    def summary(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        told = (f"{each.text} {each.label.lower()}" for each in self.within)
        return f"Grants that will end: {', '.join(told)}."


def endings(viewer: Viewer) -> dict[str, Any]:
    """Return the forecast by days."""
    if not viewer.may(ACCOUNTS):
        return {}
    by_day = dict.fromkeys(days_ahead(now=viewer.now), 0)
    for ending in viewer.endings:
        by_day[ending.day] += ending.number
    numbers = list(by_day.values())
    days = [(f"{day:%a} {day.day} {day:%b}", number) for day, number in by_day.items()]
    titles = [f"{day}: {counted(number, 'grant')}" for day, number in days]
    return {
        "forecast": Forecast(
            within=[
                _within("Today", numbers[:1]),
                _within("Within 7 days", numbers[:7]),
                _within(f"Within {WINDOW.days} days", numbers),
            ],
            days=days,
            plot=plot([[number] for number in numbers], tones=["warn"], titles=titles),
        )
    }


def _within(label: str, numbers: list[int]) -> Within:
    return Within(label=label, number=sum(numbers), url=accounts_url(ends=len(numbers)))
