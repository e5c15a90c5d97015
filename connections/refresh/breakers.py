"""Breakers: stop calling a provider that fails, all processes together, until a trial succeeds.

One stands for a token endpoint (`endpoints`): it opens on 5xx, time-outs, lost connections and
garbage. Another stands for one client there (the id of the auth config or managed app that holds
it): it opens on 429, because a limit of calls is set per client. Both open where grants are refused
in masses (`doubts`). The rows are shared by all processes; times are the database's.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest, Now

from connections.models import Breaker
from connections.refresh import doubts
from connections.refresh.endpoints import token_breakers
from connections.refresh.retry import LONGEST_RETRY_AFTER
from integrations.catalog import is_outage
from integrations.database import DATABASE_AWAY
from integrations.outbound import LIMITS, Role
from integrations.schemes import Granted, RefusalKind, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from integrations.models import AuthConfig
    from integrations.schemes import Verdict

log = structlog.get_logger(__name__)

FAILURES_TO_OPEN = 5
REFUSALS_TO_OPEN = 3  # 429 without Retry-After; one with it opens at once
TRIAL_SECONDS = LIMITS[Role.TOKEN].deadline + 5
# Ours, not the endpoint's: nothing was sent, or it was refused before.
_OWN_FAULTS = {
    "",
    "address_refused",
    "credentials_do_not_open",
    "internal_error",
    "invalid_request",
    "invalid_url",
    "lease_too_short",
    "no_refresh_token",
}
# What a call to another host says of this one: a trial that was taken for it is given back.
UNASKED = Refused(kind=RefusalKind.TERMINAL, error_code="")
_UNEASY = Q(failures__gt=0) | Q(opened_at__isnull=False)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A breaker that is not at rest. ``waits_until`` is None where a trial may begin."""

    failures: int
    opened: bool
    waits_until: datetime | None


@dataclass
class _Tally:
    worked: bool = False
    # Not only by refusing grants, which is no work where those refusals are doubted.
    sane: bool = False
    granted: int = 0
    refused: int = 0
    failures: int = 0
    # Judged without a call: such a verdict tells nothing of whoever was not asked.
    unasked: int = 0
    error_code: str = ""
    retry_after: float = 0
    # Without a wish to be left alone, one refusal of too many calls says little.
    told_to_wait: bool = False

    @property
    def is_unused(self) -> bool:
        """Whether a trial may have been taken for a call that nobody made then."""
        return bool(self.unasked) and not (self.worked or self.failures)


def read_troubles() -> dict[str, Trouble]:
    """Return the breakers that are not at rest, by name."""
    watched = Q(doubted_since__isnull=False) | ~Q(answers=[])
    rows = Breaker.objects.filter(_UNEASY | watched)
    ends = rows.values_list("pk", "failures", "opened_at", "open_until", "trial_until", Now())
    return {
        name: Trouble(
            failures=failures,
            opened=opened_at is not None,
            waits_until=max(
                (end for end in (open_until, trial_until) if end and end > now), default=None
            ),
        )
        for name, failures, opened_at, open_until, trial_until, now in ends
    }


def begin_trial(name: str) -> bool:
    """Take the one call that an open breaker lets through; return False where it is taken."""
    over = Q(open_until__lte=Now()) & (Q(trial_until__isnull=True) | Q(trial_until__lte=Now()))
    rows = Breaker.objects.filter(over, pk=name, opened_at__isnull=False)
    return bool(rows.update(trial_until=Now() + timedelta(seconds=TRIAL_SECONDS)))


def end_trials(names: Sequence[str]) -> None:
    """Give trials back that nobody has made a call for."""
    Breaker.objects.filter(pk__in=names, opened_at__isnull=False).update(trial_until=None)


def note_answers(
    answers: Iterable[tuple[AuthConfig, Verdict]],
    *,
    troubled: Iterable[str],
    names: Callable[[AuthConfig], tuple[str, str]] = token_breakers,
    beside: Iterable[tuple[AuthConfig, Verdict]] = (),
    now: datetime,
) -> None:
    """Open and close breakers by what calls brought.

    Args:
        beside: what came at the same time and is noted by itself.
        names: the breakers of the endpoint that was called, and of the client there.
        troubled: names of the breakers known not to be at rest. One at rest is not written by a
            success, so that a provider that works costs nothing.
    """
    known = set(troubled)
    tallies = _tallies(answers, names)
    for auth_config, verdict in beside:
        if _is_terminal(verdict) and not _is_unasked(verdict):
            for name in names(auth_config):
                tallies[name].refused += 1
    for name, tally in tallies.items():
        try:
            _note(name, tally, is_known=name in known, now=now)
        except Exception as error:
            if isinstance(error, DATABASE_AWAY):
                raise
            # One endpoint's surprise must not keep others, or their accounts, from being stored.
            log.exception("answers_not_noted", endpoint=name)
    if unused := [name for name, tally in tallies.items() if name in known and tally.is_unused]:
        end_trials(unused)


def _note(name: str, tally: _Tally, *, is_known: bool, now: datetime) -> None:
    if tally.failures:
        _count_failures(name, tally, now)
    elif tally.worked and is_known:
        _close(name, now, sane=tally.sane)
    if tally.granted and (is_known or tally.refused):
        doubts.note_grants(name, tally.granted, refused=tally.refused, now=now)


def _tallies(
    answers: Iterable[tuple[AuthConfig, Verdict]],
    names: Callable[[AuthConfig], tuple[str, str]],
) -> dict[str, _Tally]:
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for auth_config, verdict in answers:
        endpoint, client = names(auth_config)
        limited = verdict.http_status == 429
        if _is_unasked(verdict):
            for tally in (tallies[endpoint], tallies[client]):
                tally.unasked += 1
        elif _answered(verdict) and not limited:
            for tally in (tallies[endpoint], tallies[client]):
                tally.worked = True
                tally.sane |= not _is_terminal(verdict)
                tally.granted += isinstance(verdict, Granted)
        elif isinstance(verdict, Refused) and (limited or verdict.error_code not in _OWN_FAULTS):
            tally = tallies[client if limited else endpoint]
            tally.failures += 1
            tally.error_code = verdict.error_code
            if verdict.retry_after is not None:
                tally.retry_after = max(tally.retry_after, verdict.retry_after)
                tally.told_to_wait |= limited
    return tallies


def _answered(verdict: Verdict) -> bool:
    """Whether the endpoint did its work, be the answer yes, no, or not this one and not now."""
    if isinstance(verdict, Granted) or verdict.kind is not RefusalKind.TRANSIENT:
        return True
    status = verdict.http_status
    if status is None or verdict.error_code.startswith("malformed_"):
        return False
    return not is_outage(status) and not 300 <= status < 400


def _is_terminal(verdict: Verdict) -> bool:
    return isinstance(verdict, Refused) and verdict.kind is RefusalKind.TERMINAL


def _is_unasked(verdict: Verdict) -> bool:
    """Whether the verdict is ours alone: nobody was called, be it that nothing renews the token."""
    if isinstance(verdict, Granted) or verdict.http_status is not None or verdict.outcome_unknown:
        return False
    return verdict.kind is not RefusalKind.TRANSIENT or verdict.error_code in _OWN_FAULTS


def _close(name: str, now: datetime, *, sane: bool) -> None:
    # An answer to a call from before it opened does not end the pause: the next trial does. But
    # refusals that were doubted are answers as well, and grants end that.
    rested = Q(open_until__isnull=True) | Q(open_until__lte=Now()) | Q(doubted_since__isnull=False)
    rows = Breaker.objects.filter(_UNEASY, rested, pk=name)
    if not sane:
        rows = rows.filter(doubted_since__isnull=True)
    closed = rows.update(
        failures=0,
        openings=0,
        opened_at=None,
        open_until=None,
        trial_until=None,
        error_code="",
        last_success_at=now,
    )
    if closed:
        log.info("breaker_closed", endpoint=name)


@transaction.atomic
def _count_failures(name: str, tally: _Tally, now: datetime) -> None:
    Breaker.objects.get_or_create(pk=name)
    row = Breaker.objects.select_for_update().get(pk=name)
    row.failures = tally.failures if tally.worked else row.failures + tally.failures
    row.error_code, row.last_failure_at = tally.error_code[:100], now
    on_trial = row.opened_at is not None
    most = REFUSALS_TO_OPEN if "://" not in name else FAILURES_TO_OPEN
    enough = on_trial or row.failures >= most or tally.told_to_wait
    wanted = min(tally.retry_after, LONGEST_RETRY_AFTER)
    if row.is_waiting(now=now):
        row.open_until = Greatest("open_until", Now() + timedelta(seconds=wanted))
    elif enough:
        seconds = row.open_again(at_least=wanted, now=now)
        log.warning(
            "breaker_opened", endpoint=name, error_code=row.error_code, seconds=round(seconds)
        )
    row.save()
