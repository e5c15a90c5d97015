"""What the app is told about an account: the data of its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

from connections.actors import SYSTEM
from connections.callback_urls import check_callback_url
from connections.errors import CallbackUrlRefused
from connections.issuing import issue_link
from webhooks.recording import record_event

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import ConnectedAccount, Status
    from webhooks.models import Event, EventType


def describe_account(
    account: ConnectedAccount,
    *,
    old_status: Status | None,
    now: datetime,
    error_code: str = "",
    reauth: bool = False,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return an event's data about ``account`` and the part of it that must be sealed.

    Args:
        reauth: add a fresh reconnect link, for the app to hand to its user.
    """
    data = {
        "connected_account_id": account.pk,
        "user_id": account.entity.user_id,
        "tenant_id": account.entity.tenant_id,
        "toolkit": account.toolkit,
        "auth_config_id": account.auth_config_id,
        "project_id": account.project_id,
        "status": account.status,
        "old_status": old_status,
        "reason_code": account.status_reason,
        "error_code": error_code,
        "occurred_at": now.isoformat(),
    }
    if not reauth:
        return data, {}
    link = issue_link(
        account=account,
        actor=SYSTEM,
        callback_url=last_callback_url(account),
        seconds=settings.REAUTH_LINK_SECONDS,
        now=now,
    )
    return data, {"reauth_url": link.url}


def last_callback_url(account: ConnectedAccount) -> str:
    """Return where the account's latest link led back to, if the project still lists it."""
    link = account.links.exclude(callback_url="").order_by("-pk").first()
    if link is None:
        return ""
    try:
        check_callback_url(project=account.project, url=link.callback_url)
    except CallbackUrlRefused:
        return ""
    return link.callback_url


def tell(
    *,
    account: ConnectedAccount,
    type: EventType,  # noqa: A002 - the name subscribers know
    now: datetime,
    error_code: str = "",
) -> Event:
    """Record an event about ``account`` that is not a change of its status."""
    data, _ = describe_account(account, old_status=None, now=now, error_code=error_code)
    data["old_status"] = data["status"]
    return record_event(
        project=account.project,
        type=type,
        subject_id=account.pk,
        tenant_id=account.entity.tenant_id,
        data=data,
        now=now,
    )
