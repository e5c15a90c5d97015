"""Decides that somebody is to be written to, in the transaction that found the reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from connections.models import ExpiryNotice, NoticeCause, grant_of

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor
    from connections.models import ConnectedAccount, Entity

# The app may be quicker, and a token that was thought lost may be found.
DELAY: Final = timedelta(minutes=5)


def takes_mail(entity: Entity) -> bool:
    """Whether the person has an address and has not refused."""
    return bool(entity.email) and entity.notices_refused_at is None


def note_expiry(
    *,
    account: ConnectedAccount,
    cause: NoticeCause,
    actor: Actor,
    now: datetime,
    ends_at: datetime | None = None,
) -> None:
    """Have the person told that the grant died, or ends at ``ends_at``, if the project wants it.

    The same cause of the same grant is told once, however often it is noted.
    """
    if not account.project.sends_expiry_notices or not takes_mail(account.entity):
        return
    notice = _notice(account, cause, actor)
    notice.ends_at, notice.next_attempt_at = ends_at, now + DELAY
    ExpiryNotice.objects.bulk_create([notice], ignore_conflicts=True)


def ask_for_notice(*, account: ConnectedAccount, actor: Actor, now: datetime) -> ExpiryNotice:
    """Have the person sent a reconnect link now, whatever the project's switch says.

    The caller has made sure that `takes_mail`.
    """
    notice = _notice(account, NoticeCause.ASKED, actor)
    notice.next_attempt_at = now
    notice.save(force_insert=True)
    return notice


def _notice(account: ConnectedAccount, cause: NoticeCause, actor: Actor) -> ExpiryNotice:
    return ExpiryNotice(
        project_id=account.project_id,
        account=account,
        cause=cause,
        reason=account.status_reason,
        grant=grant_of(account),
        created_by=actor,
    )
