"""Revocation at the provider (RFC 7009), tried again until it is sure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from connections import vault
from connections.grants import is_of_job_under_way, is_superseded
from connections.models import Revocation
from connections.outgoing import Renewed, is_over, may_renew, renew
from integrations import clock
from integrations.outbound import STORING_SECONDS
from integrations.schemes import RefusalKind, Refused, TokenSet, scheme_of
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

log = structlog.get_logger(__name__)

# Seconds after the 1st, 2nd, ... failed attempt; then it is given up and an operator sees it.
DELAYS = (10, 60, 300, 1800, 7200, 21_600, 43_200, 86_400)
# Of an incident: once a day after that, so many attempts in all.
INSISTED_ATTEMPTS = 38
# How long one waits, each time, for a job that may yet end what its grant has to live for.
JOB_DELAY = timedelta(minutes=1)

# None: it is confirmed.
Answer = Refused | Renewed | None


def claim_due(*, limit: int, now: datetime) -> list[Revocation]:
    """Take up to ``limit`` due revocations for this worker; those of the past are superseded.

    The lease that a row is returned with is by what `finish` knows its own claim again.
    """
    found, current = _claim(limit, now)
    # Many may stand back at once; they must not keep others waiting.
    while len(found) == limit and not current:
        found, current = _claim(limit, now)
    return current


def _claim(limit: int, now: datetime) -> tuple[list[Revocation], list[Revocation]]:
    """Return what was due, and what of it is leased."""
    began = clock.seconds()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    with transaction.atomic():
        due = Revocation.objects.filter(free, next_attempt_at__lte=now)
        rows = due.select_related("account__auth_config__managed_app").order_by("next_attempt_at")
        rows = rows.annotate(claimed_at=Now()).select_for_update(skip_locked=True, of=("self",))
        found: list[Any] = list(rows[:limit])
        current: list[Revocation] = [row for row in found if not _stands_back(row, now)]
        if current:
            _lease(current, since=found[0].claimed_at)
    for row in current:
        row.may_renew = may_renew(row, now=found[0].claimed_at)
        row.calls_end_at = began + settings.REFRESH_LEASE_SECONDS - STORING_SECONDS
    return found, current


def _lease(revocations: list[Revocation], *, since: datetime) -> None:
    until = since + timedelta(seconds=settings.REFRESH_LEASE_SECONDS)
    for revocation in revocations:
        revocation.lease_until = until
    Revocation.objects.filter(pk__in=[row.pk for row in revocations]).update(lease_until=until)


def _stands_back(revocation: Revocation, now: datetime) -> bool:
    """Leave a grant alone that has to live; while a job is at work that is not judged for good."""
    if not is_superseded(revocation):
        return False
    changes: dict[str, Any] = {"lease_until": None, "next_attempt_at": now + JOB_DELAY}
    if not is_of_job_under_way(revocation, now=now):
        changes |= {"superseded_at": now, "payload": None, "next_attempt_at": None}
    Revocation.objects.filter(pk=revocation.pk).update(**changes)
    return True


def revoke(revocation: Revocation) -> Answer:
    """Make the call, or the refresh that it takes first. Touches no database and never raises."""
    try:
        return _call(revocation)
    except SealingError as error:
        code = type(error).__name__
        log.error(  # noqa: TRY400 - the type says it all
            "credentials_do_not_open", revocation_id=revocation.pk, error=code
        )
        return Refused(kind=RefusalKind.TRANSIENT, error_code="credentials_do_not_open")
    except Exception:
        log.exception("revocation_crashed", revocation_id=revocation.pk)
        return Refused(kind=RefusalKind.TRANSIENT, error_code="internal_error")


def _call(revocation: Revocation) -> Answer:
    tokens = TokenSet.from_payload(revocation.payload)
    account = revocation.account
    parameters, client_id = revocation.parameters, revocation.oauth_client_id
    if parameters is None:
        parameters, client_id = account.parameters, account.oauth_client_id
    redirect_uri = revocation.redirect_uri or account.redirect_uri
    scheme = scheme_of(
        account.auth_config, parameters, client_id=client_id, redirect_uri=redirect_uri
    )
    renewable = tokens.refresh_token is not None
    if renewable and scheme.revokes_by_access_token and is_over(revocation, now=timezone.now()):
        # Some answer "done" to a token that is none any more, and the grant lives on.
        return renew(revocation, scheme=scheme, tokens=tokens)
    refusal = scheme.revoke(tokens=tokens)
    if refusal is None or not refusal.token_doubted or not renewable:
        return refusal
    answer = renew(revocation, scheme=scheme, tokens=tokens)
    return refusal if isinstance(answer, Refused) else answer


def finish(revocation: Revocation, answer: Answer) -> None:
    """Store how an attempt ended: confirmed, given up, or when to try again.

    Nothing is stored where it was claimed again since, or is stored already. Only what the attempt
    decides is written: ``keys reseal`` may have sealed the tokens anew while the call was out.
    """
    now = timezone.now()
    if isinstance(answer, Renewed):
        _keep(revocation, answer, now)
        return
    changes = _changes(revocation, answer, now=now)
    stored = _as_claimed(revocation).update(**changes)
    log.info(
        "revocation",
        revocation_id=revocation.pk,
        connected_account_id=revocation.account_id,
        confirmed=answer is None,
        error_code=changes["error_code"],
        stored=bool(stored),
    )


def _as_claimed(revocation: Revocation) -> QuerySet[Revocation]:
    rows: QuerySet[Revocation] = Revocation.objects.filter(pk=revocation.pk)
    return rows.filter(lease_until=revocation.lease_until, confirmed_at__isnull=True)


def _keep(revocation: Revocation, renewed: Renewed, now: datetime) -> None:
    """Store new tokens; they are revoked at once. An attempt is what ends with the provider's word.

    Where somebody has claimed the row since, they are kept beside it: nothing is lost.
    """
    changes = {"renewed_at": now, "next_attempt_at": now, "lease_until": None, "error_code": ""}
    payload = vault.seal_outgoing(revocation=revocation, tokens=renewed.tokens)
    if not _as_claimed(revocation).update(payload=payload, **changes):
        vault.queue_again(revocation=revocation, tokens=renewed.tokens, now=now)
    log.info(
        "revocation_renewed",
        revocation_id=revocation.pk,
        connected_account_id=revocation.account_id,
    )


def _changes(revocation: Revocation, refusal: Refused | None, *, now: datetime) -> dict[str, Any]:
    """Return the columns that say how an attempt ended."""
    attempts = revocation.attempt_count + 1
    changes = {"attempt_count": attempts, "lease_until": None, "error_code": ""}
    ended = changes | {"next_attempt_at": None, "payload": None}
    if refusal is None:
        return ended | {"confirmed_at": now}
    code = {"error_code": refusal.error_code[:100]}
    hopeless = refusal.error_code == "revocation_unsupported"
    if hopeless or attempts > _most_failures(revocation):
        return ended | code | {"given_up_at": now}
    delay = timedelta(seconds=DELAYS[min(attempts, len(DELAYS)) - 1])
    return changes | code | {"next_attempt_at": now + delay}


def _most_failures(revocation: Revocation) -> int:
    return INSISTED_ATTEMPTS if revocation.insisted else len(DELAYS)
