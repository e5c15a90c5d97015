"""What the pages behind a mail's links show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from connections.connect.words import Words
from connections.errors import NoticeExpired
from connections.notices import last_callback_url

if TYPE_CHECKING:
    from connections.errors import LinkError
    from connections.models import ExpiryNotice


def notice_context(notice: ExpiryNotice, *, wanted: bool) -> dict[str, Any]:
    """Return what the page says of the account; ``wanted`` where it is to be connected again."""
    account = notice.account
    return {
        "project": notice.project,
        "toolkit": account.catalog_entry,
        "service": account.auth_config.toolkit_name,
        "identity": account.identity_label,
        "return_url": last_callback_url(account),
        "wanted": wanted,
    }


def stop_context(notice: ExpiryNotice, *, token: str) -> dict[str, Any]:
    """Return what the page about mails says."""
    return {
        "project": notice.project,
        "refused": notice.account.entity.notices_refused_at is not None,
        "reconnect_url": reverse("connect:notice", args=[token]),
    }


def refusal_context(error: LinkError) -> dict[str, Any]:
    """Return what the page says of a link that leads nowhere, and how to go on."""
    notice = error.notice if isinstance(error, NoticeExpired) else None
    title = _("This link has ended") if notice else _("This link does not exist")
    message = _("Open your connections from the app to connect the account again.")
    return {
        "words": Words(title=title, message=message),
        "code": error.code,
        "project": notice.project if notice else None,
        "return_url": last_callback_url(notice.account) if notice else "",
        "details": [],
    }
