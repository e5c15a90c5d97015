"""Refreshes over time with failures apart, and how refreshing goes at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.template.defaultfilters import filesizeformat

from config.dashboard.charting import Plot, plot
from config.dashboard.viewer import ACCOUNTS, BREAKERS, CONFIGS, WORKERS, accounts_url, list_of
from config.dashboard.words import counted
from connections.health import Problem, RefreshHealth
from connections.models import RefreshOutcome, RefreshTally
from connections.tallies import refreshes_by_minute
from connections.tallies.folding import MINUTE, QUARTER
from connections.tallies.reading import FAILURES
from integrations.admin.marks import Tone, badge
from integrations.moments import floor, span

if TYPE_CHECKING:
    from config.dashboard.viewer import Viewer

# Where the page has the chart's numbers.
TABLE: Final = "#eg-chart-numbers"
_STANDINGS: Final = {
    "ok": ("Fine", Tone.GOOD),
    "degraded": ("Look at it", Tone.WARN),
    "failing": ("Failing", Tone.BAD),
}


@dataclass(frozen=True, kw_only=True)
class Period:
    """What a chart may be about."""

    key: str
    title: str
    step: timedelta
    steps: int
    # So many times are written below the bars.
    labels: int

    def moments(self, now: datetime) -> list[datetime]:
        """Return when each step begins; the last one has begun and not ended."""
        last = floor(now, self.step)
        return [last - self.step * back for back in range(self.steps - 1, -1, -1)]


PERIODS: Final = (
    Period(key="", title="Last hour", step=MINUTE, steps=60, labels=5),
    Period(key="day", title="24 hours", step=QUARTER, steps=96, labels=5),
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """How the refreshes of one step ended."""

    begins: datetime
    stored: int
    failed: int
    ended: int
    running: bool = False

    @property
    def time(self) -> str:
        """When it began (UTC)."""
        return f"{self.begins:%H:%M}"

    @property
    def went_well(self) -> str:
        """What is told of the upper bar."""
        return f"{self._when}: {self.stored:,} refreshed"

    @property
    def went_wrong(self) -> str:
        """What is told of the lower bar."""
        return f"{self._when}: {self.failed:,} failed, {counted(self.ended, 'grant')} ended"

    @property
    def _when(self) -> str:
        return f"{self.time}, not over yet" if self.running else self.time


@dataclass(frozen=True, kw_only=True)
class Total:
    """One number of the legend: the sum of a column of the chart's own table.

    No list of accounts has as many rows: one account is refreshed again and again, a success is
    counted up and not kept, and whoever failed or ended may be well by now.
    """

    number: int
    label: str
    tone: str
    url: str = TABLE

    @property
    def text(self) -> str:
        """The number as it is shown."""
        return f"{self.number:,}"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """All that the template draws."""

    period: Period
    tabs: list[tuple[str, str, bool]]
    steps: list[Step]
    totals: list[Total]
    good: Plot
    bad: Plot
    labels: list[str]

    @property
    def unit(self) -> str:
        """What a bar stands for."""
        return "minute" if self.period.step == MINUTE else "quarter of an hour"

    @property
    def summary(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        told = ", ".join(f"{total.text} {total.label}" for total in self.totals)
        return f"{self.period.title}: {told}."


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing about refreshing, with the list behind it where there is one."""

    label: str
    text: str
    tone: Tone = Tone.QUIET
    url: str = ""


def refreshes(viewer: Viewer) -> dict[str, Any]:
    """Return the chart and the facts, those that the person may see."""
    found: dict[str, Any] = {}
    if viewer.may(ACCOUNTS):
        found["chart"] = _chart(viewer)
    if viewer.may(WORKERS):
        found["refreshing"] = list(_facts(viewer))
        found["refreshing_standing"] = badge(*_STANDINGS[viewer.health.status])
    return found


def _chart(viewer: Viewer) -> Chart:
    period = next((each for each in PERIODS if each.key == viewer.period), PERIODS[0])
    steps = _steps(viewer, period)
    every = period.steps // (period.labels - 1)
    marked = [*steps[:-1:every], steps[-1]]
    return Chart(
        period=period,
        tabs=[(each.key, each.title, each is period) for each in PERIODS],
        steps=steps,
        totals=_totals(steps),
        good=plot(
            [[step.stored] for step in steps],
            tones=["good"],
            titles=[step.went_well for step in steps],
        ),
        bad=plot(
            [[step.failed, step.ended] for step in steps],
            tones=["bad", "warn"],
            titles=[step.went_wrong for step in steps],
        ),
        labels=[step.time for step in marked[:-1]] + ["now"],
    )


def _steps(viewer: Viewer, period: Period) -> list[Step]:
    moments = period.moments(viewer.now)
    rows = viewer.rows(RefreshTally.objects.all())
    sums: dict[datetime, dict[str, int]] = {moment: {} for moment in moments}
    for at, outcomes in refreshes_by_minute(rows, since=moments[0]).items():
        step = sums.setdefault(floor(at, period.step), {})
        for outcome, number in outcomes.items():
            step[outcome] = step.get(outcome, 0) + number
    return [_step(moment, sums[moment], last=moment == moments[-1]) for moment in moments]


def _step(moment: datetime, outcomes: dict[str, int], *, last: bool) -> Step:
    return Step(
        begins=moment,
        stored=outcomes.get(RefreshOutcome.STORED, 0),
        failed=sum(outcomes.get(outcome, 0) for outcome in FAILURES),
        ended=outcomes.get(RefreshOutcome.TERMINAL, 0),
        running=last,
    )


def _totals(steps: list[Step]) -> list[Total]:
    ended = sum(step.ended for step in steps)
    return [
        Total(number=sum(step.stored for step in steps), label="refreshed", tone="good"),
        Total(number=sum(step.failed for step in steps), label="failed", tone="bad"),
        Total(number=ended, label="grant ended" if ended == 1 else "grants ended", tone="warn"),
    ]


def _facts(viewer: Viewer) -> list[Fact]:
    """Return how refreshing goes: her projects' accounts, everybody's workers."""
    health = viewer.health
    due = span(health.late_for) if health.oldest_due_at else "none"
    trouble = ", ".join(health.journal_troubles)
    workers = list_of("connections_worker")
    return [
        Fact(
            label="Workers",
            text=_workers(health),
            tone=_worst(health),
            url=list_of("connections_worker", state="working") if health.workers else workers,
        ),
        Fact(
            label="Longest overdue",
            text=due,
            tone=Tone.BAD if Problem.LATE in health.problems else Tone.GOOD,
            url=accounts_url(refreshing="due") if viewer.may(ACCOUNTS) else "",
        ),
        Fact(
            label="Breakers open",
            text=str(len(health.open_breakers)),
            tone=Tone.WARN if health.open_breakers else Tone.GOOD,
            url=list_of("connections_breaker", state="open") if viewer.may(BREAKERS) else "",
        ),
        Fact(
            label="Auth configs held back",
            text=str(health.held_back),
            tone=Tone.WARN if health.held_back else Tone.GOOD,
            url=list_of("integrations_authconfig", state="held") if viewer.may(CONFIGS) else "",
        ),
        Fact(
            label="Journal",
            text=trouble or filesizeformat(health.journal_bytes),
            tone=Tone.WARN if trouble else Tone.GOOD,
            url=workers,
        ),
    ]


def _workers(health: RefreshHealth) -> str:
    if health.workers:
        return str(health.workers)
    seen = "none known" if health.unseen_for is None else f"last seen {span(health.unseen_for)} ago"
    return f"none, {seen}"


def _worst(health: RefreshHealth) -> Tone:
    if Problem.NO_WORKER in health.problems:
        return Tone.BAD
    return Tone.WARN if health.stalled else Tone.GOOD
