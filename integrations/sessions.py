"""Sessions of staff: which there are, and how they are ended for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

if TYPE_CHECKING:
    from django.contrib.auth.models import User


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
