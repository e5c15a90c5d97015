"""Goes on where `holding` stopped: the app says who is signed in there, once.

Its first answer counts. A match releases what was held, which is wiped in the same step that hands
it out: however often the app calls, and however many at once, it is traded once. A mismatch ends
the link.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from connections.actors import SYSTEM
from connections.connect.completing import fail
from connections.connect.exchanging import exchange
from connections.connect.holding import open_held
from connections.connect.keying import connect_key
from connections.errors import (
    AnswerLost,
    AttemptAnswered,
    AuthConfigDisabled,
    KeyRefused,
    LinkExpired,
    LinkRefused,
    LinkUnknown,
    ProviderUnavailable,
    VerificationAnswered,
    VerificationUnknown,
)
from connections.models import ConnectLink, Reason, Status, Verification
from connections.taking import check_takes_connections
from integrations.database import DATABASE_AWAY
from integrations.errors import InvalidInput
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.tokens import digest
from integrations.turns import turns

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.actors import Actor
    from connections.models import ConnectAttempt, ConnectedAccount
    from integrations.secrets import Secret

# What the pages say of the two ways in which an app does not confirm somebody.
SOMEBODY_ELSE: Final = "user_mismatch"
TOO_LATE: Final = "verification_expired"
INTERRUPTED: Final = "interrupted"
# Two calls to the provider, each with its own deadline, are over by then.
LONGEST_EXCHANGE: Final = timedelta(minutes=2)
WAIT_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.1
_ACCOUNT = "attempt__link__account"
_RELATED = (
    "attempt__auth_config__managed_app",
    f"{_ACCOUNT}__entity",
    f"{_ACCOUNT}__auth_config__managed_app",
    f"{_ACCOUNT}__project",
)


def verify_user(
    *, account: ConnectedAccount, user_id: str, token: str, actor: Actor
) -> Verification:
    """Take the app's word for who is signed in there, and connect the account if it is its user.

    The same call again changes nothing: it waits for the first one and returns what that did.

    Args:
        user_id: the app's own id of whoever is signed in.
        token: what came with the person to the app's verification URL.

    Raises:
        VerificationUnknown: nothing of this account waits for that token.
        VerificationAnswered: it was answered for another user.
        AuthConfigDisabled, ManagedAppDisabled: it was switched off; nothing was changed.
        AnswerLost: the database went away amid the exchange.
    """
    rows = Verification.objects.with_token(token).filter(account_id=account.pk)
    verification = rows.select_related(*_RELATED).first()
    if verification is None:
        raise VerificationUnknown
    now = timezone.now()
    check_takes_connections(verification.attempt.auth_config)
    held = _take(verification, user_id=user_id, actor=actor, now=now)
    if held is None:
        return _standing(verification, user_id=user_id)
    try:
        _connect(verification.attempt, open_held(held), now)
        _end(verification)
    except DATABASE_AWAY as error:
        raise AnswerLost(verification.attempt.link) from error
    return find(verification.pk)


def _standing(verification: Verification, *, user_id: str) -> Verification:
    """Return what became of the first answer. Raises VerificationAnswered."""
    ended = wait_for_end(verification, seconds=WAIT_SECONDS)
    if ended.answered_by and ended.stated_user_id != user_id:
        raise VerificationAnswered
    return ended


def find_verification(*, verification_id: str, browser: str) -> Verification:
    """Return the verification of a trip that this browser made. Raises LinkUnknown."""
    rows = Verification.objects.filter(pk=verification_id, attempt__browser_digest=digest(browser))
    verification = rows.select_related(*_RELATED).first()
    if verification is None or verification.attempt.link.account.status == Status.DELETED:
        raise LinkUnknown
    return verification


def find(verification_id: str) -> Verification:
    """Return the verification as it stands now, with all that its pages need."""
    found: Verification = Verification.objects.select_related(*_RELATED).get(pk=verification_id)
    return found


def wait_for_end(verification: Verification, *, seconds: float) -> Verification:
    """Return the verification once it has ended, or as it is after so many ``seconds``.

    One that nobody answered in time is ended here.
    """
    end_if_over(verification, now=timezone.now())
    deadline = time.monotonic() + seconds
    current = find(verification.pk)
    while current.verified_at and not current.ended_at and time.monotonic() < deadline:
        with turns.aside():
            time.sleep(_POLL_SECONDS)
        current = find(verification.pk)
    return current


def end_if_over(verification: Verification, *, now: datetime) -> bool:
    """End it where nobody answered in time, or where its process died amid the exchange."""
    with transaction.atomic():
        over = Verification.objects.over(now=now, interrupted_before=now - LONGEST_EXCHANGE)
        row = over.select_for_update(of=("self",)).filter(pk=verification.pk).first()
        if row is None:
            return False
        row.ended_at, row.held = now, None
        row.save(update_fields=["ended_at", "held"])
        attempt = verification.attempt
        attempt.refresh_from_db(fields=["outcome"])
        if attempt.outcome:
            return True
        _fail_over(attempt, answered=row.verified_at is not None, now=now)
    return True


def _fail_over(attempt: ConnectAttempt, *, answered: bool, now: datetime) -> None:
    if answered:
        fail(
            attempt=attempt,
            reason=Reason.EXCHANGE_FAILED,
            actor=SYSTEM,
            cause="The exchange was cut short",
            error_code=INTERRUPTED,
            now=now,
        )
        return
    fail(
        attempt=attempt,
        reason=Reason.VERIFICATION_FAILED,
        actor=SYSTEM,
        cause="The app did not say in time who was signed in",
        error_code=TOO_LATE,
        now=now,
    )


def _take(
    verification: Verification, *, user_id: str, actor: Actor, now: datetime
) -> Secret | None:
    """Note the app's answer, if it is the first; return what was held where it is a match."""
    with transaction.atomic():
        rows = Verification.objects.select_for_update(of=("self",))
        row = rows.get(pk=verification.pk)
        if not row.waits_for_app(now=now):
            return None
        held: Secret | None = row.held
        row.held, row.stated_user_id, row.answered_by = None, user_id, actor
        matches = user_id == verification.attempt.link.account.entity.user_id
        if matches:
            row.verified_at = now
        else:
            row.refused_at = row.ended_at = now
            _refuse(verification.attempt, actor=actor, now=now)
        row.save()
    return held if matches else None


def _refuse(attempt: ConnectAttempt, *, actor: Actor, now: datetime) -> None:
    """End the link: somebody opened it whom it was not made for."""
    ConnectLink.objects.filter(pk=attempt.link_id).update(refused_at=now)
    fail(
        attempt=attempt,
        reason=Reason.VERIFICATION_FAILED,
        actor=actor,
        cause="Another user was signed in at the app",
        error_code=SOMEBODY_ELSE,
        now=now,
    )


def _connect(attempt: ConnectAttempt, brought: Mapping[str, str], now: datetime) -> None:
    try:
        if attempt.auth_config.scheme in OAUTH_SCHEMES:
            exchange(attempt=attempt, answer=brought, now=now)
        else:
            _connect_key(attempt, brought, now)
    except (AttemptAnswered, LinkExpired, LinkRefused, LinkUnknown):
        # Another trip from the link was faster, somebody has ended the link, or the account was
        # deleted: nothing was stored.
        return
    except AuthConfigDisabled as error:
        failed = Reason.EXCHANGE_FAILED
        fail(attempt=attempt, reason=failed, error_code=error.code, now=timezone.now())


def _connect_key(attempt: ConnectAttempt, brought: Mapping[str, str], now: datetime) -> None:
    try:
        connect_key(attempt=attempt, given=brought, now=now)
    except KeyRefused as error:
        reason, code = Reason.PROBE_REJECTED, error.details.get("error_code", "")
    except (InvalidInput, ProviderUnavailable) as error:
        reason, code = Reason.EXCHANGE_FAILED, error.details.get("error_code", "")
    else:
        return
    fail(attempt=attempt, reason=reason, error_code=code, now=timezone.now())


def _end(verification: Verification) -> None:
    rows = Verification.objects.filter(pk=verification.pk, ended_at__isnull=True)
    rows.update(ended_at=timezone.now())
