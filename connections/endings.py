"""Grants that will end by themselves in the next days, as the console forecasts them.

An end that the next refresh moves is none, as long as that refresh can come: see
`connections.forecast`, which tells the app of each. Here they are numbers, from the tallies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from connections.models import Status
from integrations.catalog import UnknownToolkit

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from django.db.models import QuerySet

    from connections.models import AccountTally, ConnectedAccount
    from integrations.models import AuthConfig

WINDOW: Final = timedelta(days=14)
_DAY: Final = timedelta(days=1)
# Of auth configs and their managed apps: what nobody needs to know when their ends move.
SEALED: Final = (
    "client_secret",
    "older_client_secrets",
    "former_clients",
    "registration",
    "managed_app__client_secret",
    "managed_app__older_client_secrets",
    "managed_app__former_clients",
)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """So many grants of an auth config that will end on a day (UTC)."""

    day: date
    auth_config_id: str
    number: int


def days_ahead(window: timedelta = WINDOW, *, now: datetime) -> list[date]:
    """Return the days that are looked at, from today (UTC) on."""
    return [now.astimezone(UTC).date() + timedelta(days=day) for day in range(window.days)]


def count_endings(
    rows: QuerySet[AccountTally], *, moved: Collection[str], now: datetime
) -> list[Ending]:
    """Return what ends in the `WINDOW`, in the order of days.

    Args:
        moved: ids of auth configs whose ends the next refresh moves (`is_moved_in_time`).
    """
    days = days_ahead(now=now)
    there = rows.filter(status=Status.ACTIVE, ends_on__gte=days[0], ends_on__lte=days[-1])
    real = there.exclude(failing=False, auth_config__in=list(moved)) if moved else there
    found = real.order_by("ends_on").values_list("ends_on", "auth_config_id")
    return [
        Ending(day=day, auth_config_id=config, number=number)
        for day, config, number in found.annotate(number=Sum("delta"))
        if number
    ]


def ending_accounts(
    rows: QuerySet[ConnectedAccount],
    *,
    moved: Collection[str],
    now: datetime,
    window: timedelta = WINDOW,
) -> QuerySet[ConnectedAccount]:
    """Narrow to the accounts that `count_endings` counts."""
    days = days_ahead(window, now=now)
    first, after = (datetime.combine(day, time(), tzinfo=UTC) for day in (days[0], days[-1] + _DAY))
    lives_since = Coalesce("granted_at", "created_at")
    ending = rows.filter(
        status=Status.ACTIVE,
        grant_ends_at__isnull=False,
        grant_ends_at__gte=first,
        grant_ends_at__lt=after,
    ).alias(short_until=lives_since + _DAY)
    ending = ending.filter(grant_ends_at__gt=F("short_until"))
    fine = Q(refresh_failing_since__isnull=True, auth_config__in=list(moved))
    return ending.exclude(fine) if moved else ending


def moved_in_time(configs: QuerySet[AuthConfig]) -> set[str]:
    """Return the ids of those auth configs whose ends are no news, see `is_moved_in_time`."""
    rows = configs.select_related("managed_app").defer(*SEALED)
    return {config.pk for config in rows if is_moved_in_time(config)}


def is_moved_in_time(auth_config: AuthConfig) -> bool:
    """Whether an end within the `WINDOW` says nothing of an account that is refreshed.

    So it is where each refresh begins a life anew that is so short that its end is always near.
    """
    try:
        toolkit = auth_config.catalog_entry
    except UnknownToolkit:
        return False
    life = toolkit.refresh_token
    testing = auth_config.client_holder.testing_mode and life.testing_mode_seconds
    if testing or not life.extended_by_refresh:
        # Counted from the consent: no refresh moves that.
        return False
    lives = [seconds for seconds in (life.idle_seconds, life.absolute_seconds) if seconds]
    share = 1 - toolkit.refresh_share - toolkit.refresh_jitter
    return bool(lives) and min(lives) * share <= WINDOW.total_seconds()
