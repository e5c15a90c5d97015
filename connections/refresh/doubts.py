"""Doubts refusals of grants that come in masses: a provider that refuses everybody is out of order.

From a first refusal on, the breaker of whoever refused keeps what was answered in the last minute,
for all processes. Where that is too many refusals, none is believed and calls stop, but for trials.
They are believed again once grants are accepted, or where it has gone on for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import transaction

from connections.models import Breaker
from connections.models.breaker import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

log = structlog.get_logger(__name__)

LATELY: Final = timedelta(seconds=60)
# A good answer that is no older speaks for a refusal; a refused token is shown again after it.
JUST_NOW: Final = timedelta(seconds=30)
# More than a process stores at once: grants are noted before the refusals beside them, and must not
# be pushed out by these.
MOST_KEPT: Final = 150
# Refusals are doubted where more than one in so many answers is one.
ONE_IN: Final = 4
# So many good answers end a doubt.
ACCEPTED: Final = 3
CODE: Final = "refuses_everybody"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """From how many refused accounts on there is doubt, and when it ends whatever is answered."""

    fewest: int
    longest: timedelta


# An `invalid_grant` is final, and its account is told of at once; without a refresh it is of no
# use for long. A refused access token is nobody's hurry.
REFRESHES: Final = Rule(fewest=5, longest=timedelta(hours=1))
PROBES: Final = Rule(fewest=3, longest=timedelta(hours=6))


class Belief(IntEnum):
    """What a refusal is worth; of two that are known, the greater one holds."""

    UNSURE = 0  # nobody else was accepted just now
    BELIEVED = 1
    DOUBTED = 2
    OUTLASTED = 3  # doubted for so long that it is believed


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the provider said of one account. ``again``: it has refused this token before."""

    account_id: str
    accepted: bool
    again: bool = False


@transaction.atomic
def weigh(
    heard: Mapping[tuple[str, str], Sequence[Heard]], *, rule: Rule, now: datetime
) -> dict[tuple[str, str], Belief]:
    """Take note of answers; return what the refusals of each auth config are worth.

    What a client hears that is or was in doubt itself says nothing of the endpoint's others.

    Args:
        heard: by the breakers of the endpoint that was called, and of the client there.
    """
    # Rows are locked in this order by everybody: clients, then endpoints, each by name.
    by_client = sorted(heard, key=itemgetter(1))
    beliefs = {names: _weigh(names[1], heard[names], rule, now) for names in by_client}
    for endpoint in sorted({endpoint for endpoint, _ in heard}):
        undoubted = [
            names for names in heard if names[0] == endpoint and beliefs[names] < Belief.DOUBTED
        ]
        if undoubted:
            answers = [each for names in undoubted for each in heard[names]]
            belief = _weigh(endpoint, answers, rule, now)
            for names in undoubted:
                beliefs[names] = max(beliefs[names], belief)
    return beliefs


def note_grants(name: str, count: int, *, refused: int, now: datetime) -> None:
    """Take note that the token endpoint accepted so many grants, and refused others beside them.

    Those are weighed by themselves; here they only keep a doubt from ending too soon, and have the
    grants be remembered until then.
    """
    accepted = [Heard(account_id="", accepted=True)] * min(count, MOST_KEPT)
    _weigh(name, accepted, REFRESHES, now, beside=refused)


@transaction.atomic
def _weigh(
    name: str, heard: Sequence[Heard], rule: Rule, now: datetime, *, beside: int = 0
) -> Belief:
    refused = [each for each in heard if not each.accepted]
    # Whom it refused before it may refuse again: that tells nothing of the others.
    news = [each for each in heard if each.accepted or not each.again]
    if refused or beside:
        Breaker.objects.get_or_create(pk=name)
    row = Breaker.objects.select_for_update().filter(pk=name).first()
    if row is None:
        return Belief.UNSURE
    if row.doubted_since is None or _is_forgotten(row, now):
        row.doubted_since = None
        _keep(row, news, now, since=now - LATELY)
        if not refused and not beside and not _refused(row):
            row.answers = []
        if len(_refused(row)) >= rule.fewest and not _is_sane(row):
            _begin(row, now)
    else:
        _keep(row, news, now, since=max(row.doubted_since, now - LATELY))
        accepted = len(heard) - len(refused)
        # Whoever is refused again is no news, but no sign of health either.
        sane = (len(refused) + beside) * ONE_IN <= len(heard) + beside
        _go_on(row, rule, now, refused=bool(refused), accepted=accepted > 0, sane=sane)
    row.save()
    return _belief(row, rule, now)


def _keep(row: Breaker, heard: Sequence[Heard], now: datetime, *, since: datetime) -> None:
    said = [[now.timestamp(), each.account_id, each.accepted] for each in heard]
    kept = [answer for answer in row.answers if answer[0] > since.timestamp()]
    row.answers = (kept + said)[-MOST_KEPT:]


def _refused(row: Breaker) -> set[Any]:
    return {account for _, account, accepted in row.answers if not accepted}


def _accepted(row: Breaker) -> list[Any]:
    return [moment for moment, _, accepted in row.answers if accepted]


def _is_sane(row: Breaker) -> bool:
    """Whether no more accounts are refused than die by themselves."""
    refused, accepted = len(_refused(row)), len(_accepted(row))
    return refused * ONE_IN <= refused + accepted


def _is_forgotten(row: Breaker, now: datetime) -> bool:
    return row.last_failure_at is None or row.last_failure_at <= now - FORGOTTEN


def _outlasted(row: Breaker, rule: Rule, now: datetime) -> bool:
    return row.doubted_since is not None and row.doubted_since <= now - rule.longest


def _begin(row: Breaker, now: datetime) -> None:
    refused, accepted = len(_refused(row)), len(_accepted(row))
    row.doubted_since, row.answers = now, []
    _leave_alone(row, now)
    log.error("refusals_doubted", endpoint=row.pk, refused=refused, accepted=accepted)


def _go_on(
    row: Breaker, rule: Rule, now: datetime, *, refused: bool, accepted: bool, sane: bool
) -> None:
    if sane and accepted and len(_accepted(row)) >= ACCEPTED and _is_sane(row):
        row.doubted_since = None
        log.warning("refusals_believed", endpoint=row.pk, why="grants are accepted again")
    elif refused and _outlasted(row, rule, now):
        row.last_failure_at = now
        if row.opened_at is not None:
            row.opened_at = row.open_until = row.trial_until = None
            row.openings = row.failures = 0
            log.warning("refusals_believed", endpoint=row.pk, why="it has gone on for long")
    elif refused and not accepted:
        _leave_alone(row, now)


def _leave_alone(row: Breaker, now: datetime) -> None:
    row.error_code, row.last_failure_at = CODE, now
    if not row.is_waiting(now=now):
        row.open_again(at_least=0, now=now)


def _belief(row: Breaker, rule: Rule, now: datetime) -> Belief:
    if row.doubted_since is not None:
        return Belief.OUTLASTED if _outlasted(row, rule, now) else Belief.DOUBTED
    just_now = (now - JUST_NOW).timestamp()
    proven = any(moment > just_now for moment in _accepted(row))
    return Belief.BELIEVED if proven else Belief.UNSURE
