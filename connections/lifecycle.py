"""The statuses' one table of transitions and the one function that changes a status.

``move`` updates where the status is the expected one, writes the history row and records the
event, all in one transaction, and raises where no row matched. No other code writes ``status``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from connections.errors import StatusChanged, TransitionRefused
from connections.models import (
    ConnectedAccount,
    Credentials,
    NoticeCause,
    Reason,
    Status,
    Transition,
)
from connections.notices import describe_account
from connections.noticing.recording import note_expiry
from webhooks.models import EventType
from webhooks.recording import record_event

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.actors import Actor
    from webhooks.models import Event

_DEATHS = {
    Reason.GRANT_REVOKED,
    Reason.REFRESH_TOKEN_EXPIRED,
    Reason.ROTATION_LOST,
    Reason.PROBE_REJECTED,
    Reason.TOKEN_EXPIRED,
}
_FAILURES = {
    Reason.CONSENT_DENIED,
    Reason.EXCHANGE_FAILED,
    Reason.PROBE_REJECTED,
    Reason.IDENTITY_MISMATCH,
    Reason.ALREADY_CONNECTED,
    Reason.VERIFICATION_FAILED,
}
_FIRST_TIMES = {Reason.CONNECTED, Reason.IMPORTED}
_DISABLED = {Reason.DISABLED_BY_OPERATOR, Reason.DISABLED_BY_API}
_REVOKED = {Reason.REVOKED_BY_OPERATOR, Reason.REVOKED_BY_API, Reason.REVOKED_BY_PERSON}
_DELETED = {Reason.DELETED_BY_OPERATOR, Reason.DELETED_BY_API}

# (from, to) -> the reasons that may lead there. None stands for "does not exist yet".
TRANSITIONS: dict[tuple[Status | None, Status], set[Reason]] = {
    (None, Status.INITIATED): {Reason.LINK_CREATED, Reason.IMPORTED},
    # A new link for an account that never was connected.
    (Status.FAILED, Status.INITIATED): {Reason.LINK_CREATED},
    (Status.EXPIRED, Status.INITIATED): {Reason.LINK_CREATED},
    (Status.INITIATED, Status.ACTIVE): _FIRST_TIMES,
    (Status.INITIATED, Status.FAILED): _FAILURES,
    (Status.INITIATED, Status.EXPIRED): {Reason.LINK_EXPIRED},
    (Status.ACTIVE, Status.EXPIRED): _DEATHS,
    (Status.ACTIVE, Status.INACTIVE): _DISABLED,
    (Status.INACTIVE, Status.ACTIVE): {Reason.ENABLED, Reason.RECONNECTED},
    # A person may reconnect an account that still works, to grant more or to start afresh.
    (Status.ACTIVE, Status.ACTIVE): {Reason.RECONNECTED},
    # An account whose link ran out was never connected: then it is the first time. Tokens that
    # were thought lost may be found in a journal and work.
    (Status.EXPIRED, Status.ACTIVE): {Reason.RECONNECTED, Reason.CONNECTED, Reason.RECOVERED},
    (Status.FAILED, Status.ACTIVE): {Reason.CONNECTED},
    (Status.REVOKED, Status.ACTIVE): {Reason.RECONNECTED},
    (Status.ACTIVE, Status.REVOKED): _REVOKED,
    (Status.INACTIVE, Status.REVOKED): _REVOKED,
    (Status.EXPIRED, Status.REVOKED): _REVOKED,
} | {(status, Status.DELETED): _DELETED for status in Status if status is not Status.DELETED}

# Where credentials may stand.
HOLDS_CREDENTIALS = {Status.ACTIVE, Status.INACTIVE, Status.EXPIRED}

_EVENT_BY_TARGET = {
    Status.INITIATED: EventType.INITIATED,
    Status.INACTIVE: EventType.DEACTIVATED,
    Status.EXPIRED: EventType.EXPIRED,
    Status.FAILED: EventType.FAILED,
    Status.REVOKED: EventType.REVOKED,
    Status.DELETED: EventType.DELETED,
}
_NEEDS_PERSON = {Status.EXPIRED, Status.REVOKED}


def event_type(after: Status, reason: Reason) -> EventType:
    """Return the event that a change to ``after`` for ``reason`` is told by."""
    if after is Status.ACTIVE:
        return EventType.ACTIVATED if reason in _FIRST_TIMES else EventType.REACTIVATED
    return _EVENT_BY_TARGET[after]


def create(
    *,
    account: ConnectedAccount,
    actor: Actor,
    now: datetime,
    reason: Reason = Reason.LINK_CREATED,
) -> None:
    """Save a new account as INITIATED, with its history row and event."""
    with transaction.atomic():
        account.status, account.status_reason = Status.INITIATED, reason
        account.status_changed_at = now
        account.save(force_insert=True)
        _write_history(account, None, actor=actor, cause="", error_code="", now=now)


def move(
    *,
    account: ConnectedAccount,
    to: Status,
    reason: Reason,
    actor: Actor,
    now: datetime,
    cause: str = "",
    error_code: str = "",
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Change ``account`` from the status it was read with to ``to``, and tell everybody.

    Args:
        account: updated in place on success.
        cause: what led to it, in words; never a token.
        error_code: the provider's own code, such as ``invalid_grant``.
        changes: other columns to write in the same update.

    Raises:
        TransitionRefused: the table has no such transition for this reason.
        StatusChanged: the row's status is not the expected one any more; nothing was written.
    """
    before = Status(account.status)
    if reason not in TRANSITIONS.get((before, to), set()):
        message = f"An account that is {before} cannot become {to} ({reason})."
        raise TransitionRefused(message, status=before)
    fields = dict(changes or {}) | {
        "status": to,
        "status_reason": reason,
        "status_changed_at": now,
        "updated_at": now,
    }
    if to is not Status.ACTIVE:
        # The lease stays: whoever holds it may be calling the provider at this moment.
        fields |= {"refresh_at": None, "probe_at": None}
    with transaction.atomic():
        rows = ConnectedAccount.objects.filter(pk=account.pk, status=before)
        if not rows.update(**fields):
            raise StatusChanged
        for name, value in fields.items():
            setattr(account, name, value)
        if to not in HOLDS_CREDENTIALS:
            Credentials.objects.filter(account_id=account.pk).delete()
        _write_history(account, before, actor=actor, cause=cause, error_code=error_code, now=now)
        if to is Status.EXPIRED and reason in _DEATHS:
            note_expiry(account=account, cause=NoticeCause.ENDED, actor=actor, now=now)


def _write_history(
    account: ConnectedAccount,
    before: Status | None,
    *,
    actor: Actor,
    cause: str,
    error_code: str,
    now: datetime,
) -> Event:
    after = Status(account.status)
    data, sealed = describe_account(
        account, old_status=before, error_code=error_code, reauth=after in _NEEDS_PERSON, now=now
    )
    event = record_event(
        project=account.project,
        type=event_type(after, Reason(account.status_reason)),
        subject_id=account.pk,
        tenant_id=account.entity.tenant_id,
        data=data,
        sealed_data=sealed,
        now=now,
    )
    Transition.objects.create(
        project=account.project,
        account=account,
        from_status=before or "",
        to_status=after,
        reason=account.status_reason,
        actor=actor,
        cause=cause[:300],
        event=event,
        occurred_at=now,
    )
    return event
