"""How each toolkit and each auth config does: state, error rate, last success, accounts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from config.dashboard.viewer import ACCOUNTS, CONFIGS, accounts_url, list_of, page_of
from config.dashboard.words import counted, share, short
from connections.health import breakers_of
from connections.tallies import Work
from integrations.admin.marks import Tone, badge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

    from config.dashboard.viewer import Viewer
    from integrations.models import AuthConfig

SHOWN: Final = 8
# A provider now and then refuses a call that goes well a minute later.
MUCH: Final = 0.05


class State(IntEnum):
    """How an auth config does. Of several the highest one tells how their toolkit does."""

    OFF = 0
    QUIET = 1
    FINE = 2
    FAILING = 3
    NOT_CALLED = 4
    REFUSED = 5


_BADGES: Final = {
    State.REFUSED: ("Refused", Tone.BAD),
    State.NOT_CALLED: ("Breaker open", Tone.WARN),
    State.FAILING: ("Failing", Tone.WARN),
    State.OFF: ("Disabled", Tone.QUIET),
    State.FINE: ("Fine", Tone.GOOD),
    State.QUIET: ("No refreshes", Tone.QUIET),
}
# Nothing to worry about.
_AT_EASE: Final = {State.QUIET, State.FINE, State.OFF}


@dataclass(kw_only=True)
class Row:
    """A toolkit or an auth config, with its numbers."""

    name: str
    note: str
    url: str
    accounts_url: str
    failing_url: str
    state: State = State.QUIET
    accounts: int = 0
    configs: int = 0
    work: Work = field(default_factory=Work)

    @property
    def badge(self) -> SafeString:
        """The state, coloured."""
        return badge(*_BADGES[self.state])

    @property
    def how_many(self) -> str:
        """The number of accounts as it is shown."""
        return short(self.accounts)

    @property
    def exactly(self) -> str:
        """The number of accounts, digit by digit."""
        return f"{self.accounts:,}"

    @property
    def error_rate(self) -> str:
        """The share of refreshes that failed within the last hour; empty where none was tried."""
        rate = self.work.error_rate
        return "" if rate is None else share(rate)

    @property
    def tried(self) -> str:
        """What the error rate is made of."""
        work = self.work
        refreshes = counted(work.stored + work.failed + work.ended, "refresh", "refreshes")
        return f"{work.failed:,} of {refreshes} in the last hour"

    @property
    def tone(self) -> str:
        """The colour of the error rate."""
        return "bad" if (self.work.error_rate or 0) > MUCH else ""

    @property
    def urgency(self) -> tuple[bool, int, int]:
        """What a list of them is sorted by, the most urgent first."""
        at_ease = self.state in _AT_EASE
        return at_ease, 0 if at_ease else -self.state, -self.accounts


def health(viewer: Viewer) -> dict[str, Any]:
    """Return the rows of both tables, the most urgent ones, and how many there are of each."""
    if not viewer.may(ACCOUNTS, CONFIGS):
        return {}
    behind = not_called(viewer)
    configs = [_row(viewer, config, behind) for config in viewer.configs.values()]
    toolkits = _by_toolkit(zip(viewer.configs.values(), configs, strict=True))
    return {
        "config_health": sorted(configs, key=lambda row: row.urgency)[:SHOWN],
        "config_count": len(configs),
        "configs_url": list_of("integrations_authconfig"),
        "toolkit_health": sorted(toolkits, key=lambda row: row.urgency)[:SHOWN],
        "toolkit_count": len(toolkits),
    }


def not_called(viewer: Viewer) -> set[str]:
    """Return the ids of her auth configs whose breaker, or whose endpoint's, is open."""
    opened = set(viewer.health.open_breakers)
    if not opened:
        return set()
    return {
        pk for pk, config in viewer.configs.items() if not opened.isdisjoint(breakers_of(config))
    }


def _row(viewer: Viewer, config: AuthConfig, behind: set[str]) -> Row:
    work = viewer.work.get(config.pk, Work())
    narrowed = {"auth_config__id__exact": config.pk}
    return Row(
        name=config.name,
        note=f"{config.toolkit_name} · {config.project.name}",
        url=page_of("integrations_authconfig", config.pk),
        accounts_url=accounts_url(**narrowed),
        failing_url=accounts_url(**narrowed, refreshing="failing"),
        state=_state(config, work, behind),
        accounts=viewer.living.get(config.pk, 0),
        work=work,
    )


def _state(config: AuthConfig, work: Work, behind: set[str]) -> State:
    if config.is_refused:
        return State.REFUSED
    if config.pk in behind:
        return State.NOT_CALLED
    if (work.error_rate or 0) > MUCH:
        return State.FAILING
    if not config.takes_connections:
        return State.OFF
    return State.FINE if work.last_success_at else State.QUIET


def _by_toolkit(pairs: Iterable[tuple[AuthConfig, Row]]) -> list[Row]:
    grouped: dict[str, list[tuple[AuthConfig, Row]]] = defaultdict(list)
    for config, row in pairs:
        grouped[config.toolkit].append((config, row))
    return [_toolkit(slug, members) for slug, members in grouped.items()]


def _toolkit(slug: str, members: list[tuple[AuthConfig, Row]]) -> Row:
    rows = [row for _, row in members]
    return Row(
        name=members[0][0].toolkit_name,
        note=counted(len(rows), "auth config"),
        url=list_of("integrations_authconfig", toolkit=slug),
        accounts_url=accounts_url(toolkit=slug),
        failing_url=accounts_url(toolkit=slug, refreshing="failing"),
        state=max(row.state for row in rows),
        accounts=sum(row.accounts for row in rows),
        configs=len(rows),
        work=_sum(row.work for row in rows),
    )


def _sum(works: Iterable[Work]) -> Work:
    all_of_them = list(works)
    ends = [work.last_success_at for work in all_of_them if work.last_success_at]
    return Work(
        stored=sum(work.stored for work in all_of_them),
        failed=sum(work.failed for work in all_of_them),
        ended=sum(work.ended for work in all_of_them),
        last_success_at=max(ends, default=None),
    )
