"""What follows from newly stored tokens: when to refresh, to prove and to warn."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.catalog import Toolkit
    from integrations.models import AuthConfig
    from integrations.schemes import TokenSet

SHORTEST_WAIT_SECONDS = 5.0
# Tokens that are over by the time of the shortest wait are of no use to anybody but who asked for
# them: a refresh ahead of use only proves the grant, and every few seconds is too often for that.
WAIT_WHERE_OVER_AT_ONCE_SECONDS = 300.0
# Days before the end of a grant at which its person is told.
WARNING_DAYS = (7, 1)
# Ends that differ by less are one end: providers tell it in seconds, from a clock of their own.
SAME_END = timedelta(hours=1)
# What an account's row says while nobody refreshes it.
RELEASED = {
    "lease_id": "",
    "lease_until": None,
    "lease_started_at": None,
    "lease_generation": 0,
    "lease_trigger": "",
    "lease_worker": "",
}


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The times that follow from tokens; None where there is nothing to wait for.

    ``expires_at``: the access token ends. ``refresh_at``: it is refreshed, or, without a refresh
    token, the account expires. ``probe_at``: the status is proven. ``grant_ends_at``: nothing
    renews the tokens any more.
    """

    expires_at: datetime | None
    refresh_at: datetime | None
    probe_at: datetime | None
    grant_ends_at: datetime | None


def plan(
    *, tokens: TokenSet, auth_config: AuthConfig, granted_at: datetime | None, now: datetime
) -> Schedule:
    """Return what follows from ``tokens``, obtained at ``now``.

    A refresh is due after a share of the lifetime, spread by jitter so that accounts that were
    connected together are not refreshed together. A status that no refresh proves for a while is
    probed. Tokens without an end are never refreshed, only probed.

    Args:
        granted_at: when the person gave the grant; None where that is not known.
    """
    toolkit = auth_config.catalog_entry
    expires_at = tokens.expires_at(now=now, default_seconds=toolkit.access_token_seconds)
    grant_ends_at = _grant_ends_at(tokens, auth_config, expires_at, granted_at or now, now)
    moving = grant_ends_at is not None and _is_moved_by_refreshing(
        toolkit, grant_ends_at, granted_at or now
    )
    refresh_at = _refresh_at(tokens, toolkit, expires_at, grant_ends_at if moving else None, now)
    proven_until = now + timedelta(seconds=_spread(toolkit.probe.every_seconds, 0.1))
    refreshed_before = refresh_at is not None and refresh_at <= proven_until
    return Schedule(
        expires_at=expires_at,
        refresh_at=refresh_at,
        probe_at=None if refreshed_before or toolkit.identity is None else proven_until,
        grant_ends_at=grant_ends_at,
    )


def new_grant_columns(
    *, tokens: TokenSet, auth_config: AuthConfig, now: datetime
) -> dict[str, Any]:
    """Return the account's columns that follow from a grant that the person just gave."""
    times = plan(tokens=tokens, auth_config=auth_config, granted_at=now, now=now)
    return {
        "granted_at": now,
        "expires_at": times.expires_at,
        "refreshed_at": now,
        "refresh_at": times.refresh_at,
        "probe_at": times.probe_at,
        "probe_failures": 0,
        "grant_ends_at": times.grant_ends_at,
        "next_warning_at": next_warning(grant_ends_at=times.grant_ends_at, now=now),
        "refresh_failing_since": None,
        "refresh_failures": 0,
        "in_doubt_since": None,
        "streak_id": "",
    } | RELEASED


def next_warning(*, grant_ends_at: datetime | None, now: datetime) -> datetime | None:
    """Return when a person is to be told next that the grant is about to end.

    A warning whose time has passed is not given late: the next one is. After the last, None.
    """
    if grant_ends_at is None:
        return None
    warnings = (grant_ends_at - timedelta(days=days) for days in WARNING_DAYS)
    return next((moment for moment in warnings if moment > now), None)


def is_warning_of(warning_at: datetime | None, *, grant_ends_at: datetime) -> bool:
    """Whether ``warning_at`` is the time of a warning of that end, and not of an earlier one."""
    if warning_at is None:
        return False
    times = (grant_ends_at - timedelta(days=days) for days in WARNING_DAYS)
    return any(abs(moment - warning_at) <= SAME_END for moment in times)


def _refresh_at(
    tokens: TokenSet,
    toolkit: Toolkit,
    expires_at: datetime | None,
    unused_until: datetime | None,
    now: datetime,
) -> datetime | None:
    if tokens.refresh_token is None:
        return expires_at
    share = toolkit.refresh_share + random.uniform(-1, 1) * toolkit.refresh_jitter  # noqa: S311
    waits = []
    if expires_at is not None:
        lives = (expires_at - now).total_seconds()
        over_at_once = lives <= SHORTEST_WAIT_SECONDS
        waits.append(WAIT_WHERE_OVER_AT_ONCE_SECONDS if over_at_once else lives * share)
    if unused_until is not None:
        # A refresh token that is not used may die, be the access token good for longer.
        waits.append((unused_until - now).total_seconds() * share)
    if not waits:
        return None
    return now + timedelta(seconds=max(min(waits), SHORTEST_WAIT_SECONDS))


def _is_moved_by_refreshing(
    toolkit: Toolkit, grant_ends_at: datetime, granted_at: datetime
) -> bool:
    later = toolkit.refresh_token.ends_at(granted_at=granted_at, refreshed_at=grant_ends_at)
    return later is None or later > grant_ends_at


def _grant_ends_at(
    tokens: TokenSet,
    auth_config: AuthConfig,
    expires_at: datetime | None,
    granted_at: datetime,
    now: datetime,
) -> datetime | None:
    if tokens.refresh_token is None:
        # Nothing renews the token, so it is the grant.
        return expires_at
    return auth_config.catalog_entry.refresh_token.ends_at(
        granted_at=granted_at,
        refreshed_at=now,
        answered_seconds=tokens.refresh_token_expires_in,
        testing_mode=auth_config.client_holder.testing_mode,
    )


def _spread(seconds: float, share: float) -> float:
    return seconds * random.uniform(1 - share, 1 + share)  # noqa: S311
