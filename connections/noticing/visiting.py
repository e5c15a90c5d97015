"""What a mail's links lead to: connecting the account again, and refusing further mails."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from connections.actors import PERSON
from connections.errors import NoticeExpired, NoticeUnknown
from connections.models import ExpiryNotice, Status, grant_of
from connections.notices import last_callback_url
from connections.operations import reconnect_account
from connections.portal.acting import may_reconnect

if TYPE_CHECKING:
    from datetime import datetime

    from connections.issuing import IssuedLink

# For so long a mail's button works: people read mail late. Each press makes a short-lived link.
LIFE: Final = timedelta(days=30)


def find_notice(*, token: str) -> ExpiryNotice:
    """Return the notice whose mail holds ``token``, however old. Raises NoticeUnknown."""
    notice = ExpiryNotice.objects.with_token(token).with_account().first()
    if notice is None:
        raise NoticeUnknown
    return notice


def wants_reconnecting(notice: ExpiryNotice, *, now: datetime) -> bool:
    """Whether the account still needs what the mail asks for; False where the person has done it.

    Raises:
        NoticeExpired: the mail is too old, or the account cannot be connected any more.
    """
    account = notice.account
    if now - notice.created_at > LIFE or not may_reconnect(account):
        raise NoticeExpired(notice)
    return account.status != Status.ACTIVE or grant_of(account) == notice.grant


def reconnect_from(notice: ExpiryNotice, *, now: datetime) -> IssuedLink:
    """Make a connect link of the account. It leads back to the app as the one before did.

    Raises:
        NoticeExpired: as `wants_reconnecting`.
        TransitionRefused, AuthConfigDisabled, ManagedAppDisabled: as `reconnect_account`.
    """
    wants_reconnecting(notice, now=now)
    account = notice.account
    return reconnect_account(account=account, actor=PERSON, callback_url=last_callback_url(account))


def refuse_notices(notice: ExpiryNotice, *, now: datetime) -> None:
    """Write to this person no more, for this project. Again does no harm."""
    entity = notice.account.entity
    if entity.notices_refused_at is None:
        entity.notices_refused_at = now
        entity.save(update_fields=["notices_refused_at"])


def accept_notices(notice: ExpiryNotice) -> None:
    """Write to this person again."""
    entity = notice.account.entity
    entity.notices_refused_at = None
    entity.save(update_fields=["notices_refused_at"])
