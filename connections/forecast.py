"""Tells apps that a grant is about to end, while its person can still act in peace.

When that is follows from what the catalog and the provider say of refresh tokens; see
`connections.schedule`. An end that has come is not told here: the refresh finds it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction

from connections.actors import SYSTEM
from connections.models import ConnectedAccount, NoticeCause, Status
from connections.notices import describe_account
from connections.noticing.recording import note_expiry
from connections.schedule import SAME_END, is_warning_of, next_warning
from integrations.catalog import UnknownToolkit
from integrations.database import DATABASE_AWAY
from webhooks.models import EventType
from webhooks.recording import record_event

if TYPE_CHECKING:
    from datetime import datetime

log = structlog.get_logger(__name__)

# Accounts locked at a time: whoever refreshes one of them meanwhile waits.
BATCH: Final = 20
# An end that differs by more from what the catalog expects was told by the provider. Short beside
# the time between two refreshes, so that an end which is counted down is not taken for one that
# each refresh moves. Longer than a call lasts: lives are counted from its beginning.
TOLD_END: Final = timedelta(minutes=2)
_DAY: Final = timedelta(days=1)
# When an account whose warning surprised us is looked at again.
AGAIN: Final = timedelta(minutes=10)


def warn_due(*, now: datetime, limit: int = 200) -> int:
    """Record `expiring_soon` for up to ``limit`` accounts whose warning is due; return how many.

    Each event carries a fresh reconnect link. Two callers at once never tell the same one twice.
    """
    told = 0
    for left in range(limit, 0, -BATCH):
        with transaction.atomic():
            accounts = _lock_due(min(left, BATCH), now)
            told += sum(_look_alone(account, now) for account in accounts)
        if len(accounts) < BATCH:
            break
    return told


def _lock_due(most: int, now: datetime) -> list[ConnectedAccount]:
    due = ConnectedAccount.objects.filter(status=Status.ACTIVE, next_warning_at__lte=now)
    related = due.select_related("project", "entity", "auth_config__managed_app")
    rows = related.order_by("next_warning_at")
    return list(rows.select_for_update(skip_locked=True, of=("self",))[:most])


def _look_alone(account: ConnectedAccount, now: datetime) -> bool:
    """Tell about one account where that still holds, and set when to look again.

    One account's surprise must not stop the others, now or at the next round: it is logged, and
    that account is looked at again soon, for as long as the warning is the same.
    """
    telling = False
    try:
        with transaction.atomic():
            telling = _look_at(account, now)
    except DATABASE_AWAY:
        raise
    except UnknownToolkit:
        # Nobody could reconnect it, and it is not refreshed either.
        log.error(  # noqa: TRY400 - the type says it all
            "toolkit_unknown", auth_config_id=account.auth_config_id, toolkit=account.toolkit
        )
    except Exception:
        log.exception("warning_failed", connected_account_id=account.pk)
        account.next_warning_at = now + AGAIN
        account.save(update_fields=["next_warning_at"])
        return False
    # A little later is the same warning: see SAME_END.
    account.next_warning_at = next_warning(grant_ends_at=account.grant_ends_at, now=now + SAME_END)
    account.save(update_fields=["next_warning_at"])
    return telling


def _look_at(account: ConnectedAccount, now: datetime) -> bool:
    """Tell about one account where that still holds; return whether it does."""
    ends_at = account.grant_ends_at
    if ends_at is None or not _is_about_to_end(account, ends_at, now):
        return False
    _tell(account, ends_at, now)
    return True


def _is_about_to_end(account: ConnectedAccount, ends_at: datetime, now: datetime) -> bool:
    """Whether the warning is about the present end, and that will not be moved away."""
    if ends_at <= now or not is_warning_of(account.next_warning_at, grant_ends_at=ends_at):
        return False
    life = account.catalog_entry.refresh_token
    refresh_at = account.refresh_at
    if refresh_at is None or refresh_at >= ends_at or account.refresh_failing_since is not None:
        return True

    def end_after(refreshed_at: datetime) -> datetime | None:
        return life.ends_at(
            granted_at=account.granted_at or now,
            refreshed_at=refreshed_at,
            testing_mode=account.auth_config.client_holder.testing_mode,
        )

    expected = end_after(account.refreshed_at or now)
    if expected is None or abs(expected - ends_at) > TOLD_END:
        # The provider told an end of its own, and nothing says that a refresh moves that.
        return True
    # A refresh comes first. Where it begins the grant's life anew, there is nothing to tell.
    moved = end_after(max(refresh_at, now))
    return moved is None or moved - ends_at <= SAME_END


def _tell(account: ConnectedAccount, ends_at: datetime, now: datetime) -> None:
    data, sealed = describe_account(
        account, old_status=Status(account.status), reauth=True, now=now
    )
    record_event(
        project=account.project,
        type=EventType.EXPIRING_SOON,
        subject_id=account.pk,
        tenant_id=account.entity.tenant_id,
        data=data
        | {"grant_ends_at": ends_at.isoformat(), "days_left": round((ends_at - now) / _DAY)},
        sealed_data=sealed,
        now=now,
    )
    note_expiry(account=account, cause=NoticeCause.ENDING, actor=SYSTEM, ends_at=ends_at, now=now)
