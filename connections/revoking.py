"""Revocation at the provider (RFC 7009), tried again until it is sure."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from connections.grants import is_superseded
from connections.models import Revocation
from integrations.schemes import RefusalKind, Refused, TokenSet, scheme_of
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from datetime import datetime

log = structlog.get_logger(__name__)

# Seconds after the 1st, 2nd, ... failed attempt; then it is given up and an operator sees it.
DELAYS = (10, 60, 300, 1800, 7200, 21_600, 43_200, 86_400)
# Of an incident: once a day after that, so many attempts in all.
INSISTED_ATTEMPTS = 38


def claim_due(*, limit: int, now: datetime) -> list[Revocation]:
    """Take up to ``limit`` due revocations for this worker; those of the past are superseded."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=Now())
    lease = timedelta(seconds=settings.REFRESH_LEASE_SECONDS)
    with transaction.atomic():
        due = Revocation.objects.filter(free, next_attempt_at__lte=now)
        rows = due.select_related("account__auth_config__managed_app").order_by("next_attempt_at")
        claimed = list(rows.select_for_update(skip_locked=True, of=("self",))[:limit])
        current = [row for row in claimed if not _supersede(row, now)]
        Revocation.objects.filter(pk__in=[row.pk for row in current]).update(
            lease_until=Now() + lease
        )
    return current


def _supersede(revocation: Revocation, now: datetime) -> bool:
    if not is_superseded(revocation):
        return False
    revocation.superseded_at = now
    revocation.payload = revocation.next_attempt_at = None
    revocation.save()
    return True


def revoke(revocation: Revocation) -> Refused | None:
    """Make the call; None means confirmed. Touches no database and never raises."""
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


def _call(revocation: Revocation) -> Refused | None:
    tokens = TokenSet.from_payload(revocation.payload)
    account = revocation.account
    parameters, client_id = revocation.parameters, revocation.oauth_client_id
    if parameters is None:
        parameters, client_id = account.parameters, account.oauth_client_id
    scheme = scheme_of(account.auth_config, parameters, client_id=client_id)
    return scheme.revoke(tokens=tokens)


def _most_failures(revocation: Revocation) -> int:
    return INSISTED_ATTEMPTS if revocation.insisted else len(DELAYS)


def finish(revocation: Revocation, refusal: Refused | None) -> None:
    """Store how an attempt ended: confirmed, given up, or when to try again."""
    now = timezone.now()
    # Storing may have to be done again; then it begins with what was claimed.
    revocation = copy.copy(revocation)
    revocation.attempt_count += 1
    revocation.lease_until = None
    revocation.error_code = refusal.error_code if refusal else ""
    hopeless = refusal is not None and refusal.error_code == "revocation_unsupported"
    if refusal is None:
        revocation.confirmed_at = now
    elif hopeless or revocation.attempt_count > _most_failures(revocation):
        revocation.given_up_at = now
    else:
        delay = DELAYS[min(revocation.attempt_count, len(DELAYS)) - 1]
        revocation.next_attempt_at = now + timedelta(seconds=delay)
    if revocation.confirmed_at or revocation.given_up_at:
        revocation.next_attempt_at = revocation.payload = None
    revocation.save()
    log.info(
        "revocation",
        revocation_id=revocation.pk,
        connected_account_id=revocation.account_id,
        confirmed=revocation.confirmed_at is not None,
        error_code=revocation.error_code,
    )
