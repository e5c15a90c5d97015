"""Sessions of staff: which there are, and how they are ended for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.models import User

# In one transaction, and in one round: a flood of sign-in pages is forgotten over some rounds.
BATCH: Final = 500
LIMIT: Final = 5000


def sessions_of(user: User) -> list[UserSession]:
    """Return the sessions of ``user`` that still open something, the last used first."""
    rows: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(rows, key=lambda row: row.last_seen_at, reverse=True)


def end_session(*, user: User, number: int) -> UserSession | None:
    """End one session of ``user`` and return it; None: she has no such session."""
    row: UserSession | None = UserSession.objects.filter(user=user, pk=number).first()
    if row is not None:
        row.end()
    return row


def end_sessions(*, user: User, keep: str | None = None) -> int:
    """End every session of ``user`` but the one with the key ``keep``; return how many.

    Sessions are looked for in Django's own table: one that was begun before they were listed, or
    by another way than the sign-in page, is in no list.
    """
    ended = 0
    for row in Session.objects.filter(expire_date__gt=timezone.now()):
        if row.session_key != keep and row.get_decoded().get(SESSION_KEY) == str(user.pk):
            row.delete()
            ended += 1
    UserSession.objects.filter(user=user).exclude(session_key=keep or "").delete()
    return ended


def forget_expired_sessions(*, now: datetime) -> int:
    """Delete sessions that have expired, of anybody, up to about `LIMIT`; return how many.

    Of two processes at once each takes others.
    """
    forgotten = 0
    while forgotten < LIMIT:
        found = _forget_some(now)
        forgotten += found
        if found < BATCH:
            break
    return forgotten


@transaction.atomic
def _forget_some(now: datetime) -> int:
    rows = Session.objects.filter(expire_date__lt=now).order_by("expire_date")
    rows = rows.select_for_update(skip_locked=True)
    keys = list(rows.values_list("pk", flat=True)[:BATCH])
    Session.objects.filter(pk__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)
