"""What the portal's pages show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from connections import vault
from connections.bidi import isolated
from connections.errors import PortalExpired, PortalNotOpen, PortalOpenedElsewhere, PortalUnknown
from connections.models import Status
from connections.portal.acting import accounts_of
from connections.portal.entries import SHOWN, entries_of, entry_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.errors import LinkError
    from connections.models import ConnectedAccount, PortalLink

# What the status in the query may be: of a trip to a service, or of what was done here.
CONNECTED, FAILED, DISCONNECTED, UNCHANGED, REFUSED, BUSY = (
    "success",
    "failed",
    "disconnected",
    "unchanged",
    "refused",
    "busy",
)


def door_context(portal: PortalLink) -> dict[str, Any]:
    """Return what the page says before the portal is open: nothing of the person's."""
    return {"project": portal.project, "link": portal}


def list_context(portal: PortalLink, query: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """Return what the list shows, and the news that ``query`` tells of."""
    accounts = accounts_of(portal)
    return {
        "project": portal.project,
        "portal": portal,
        "entries": entries_of(accounts, now=now),
        "hidden": max(0, len(accounts) - SHOWN),
        "news": _news(accounts, query),
        "return_url": portal.callback_url,
    }


def disconnect_context(
    portal: PortalLink, account: ConnectedAccount, *, now: datetime
) -> dict[str, Any]:
    """Return what the person should know before she disconnects ``account``."""
    return {
        "project": portal.project,
        "portal": portal,
        "entry": entry_of(account, now=now),
        "can_be_told": _can_be_told(account),
    }


def refusal_context(error: LinkError) -> dict[str, Any]:
    """Return what the page says to somebody who is not let in, and how to go on."""
    title, message = _refusals()[type(error)]
    portal = error.portal if isinstance(error, PortalExpired | PortalOpenedElsewhere) else None
    return {
        "title": title,
        "message": message,
        "code": error.code,
        "project": portal.project if portal else None,
        "return_url": portal.callback_url if portal else "",
        "details": [],
    }


def list_url(portal: PortalLink, *, status: str = "", account_id: str = "") -> str:
    """Return the list's address, with what is to be told on it."""
    url = reverse("connect:portal_accounts", args=[portal.pk])
    query = urlencode([("status", status), ("connected_account_id", account_id)])
    return f"{url}?{query}" if status else url


def _can_be_told(account: ConnectedAccount) -> bool:
    """Whether the service has a way to end the access, and we have what to name it by."""
    toolkit = account.known_toolkit
    has_way = toolkit is not None and bool(toolkit.revocation_url or toolkit.revocation)
    return has_way and vault.opens(account.pk)


def _news(accounts: list[ConnectedAccount], query: Mapping[str, str]) -> dict[str, Any]:
    """Return what has just happened. The query is anybody's, so the account has to agree."""
    status = query.get("status", "")
    wanted = query.get("connected_account_id", "")
    account = next((account for account in accounts if account.pk == wanted), None)
    if account is None:
        gone = _("This account is not here any more.")
        return {"text": gone} if status in {UNCHANGED, REFUSED, DISCONNECTED, BUSY} else {}
    text = _told(account).get(status, "")
    good = status in {CONNECTED, DISCONNECTED}
    return {"text": text % {"service": isolated(account.auth_config.toolkit_name)}, "good": good}


def _told(account: ConnectedAccount) -> dict[str, str]:
    told = {
        UNCHANGED: _("Nothing was changed: %(service)s is not connected."),
        REFUSED: _("%(service)s cannot be connected at the moment."),
        BUSY: _("%(service)s is being worked on. Please try again in a moment."),
    }
    if account.status == Status.ACTIVE:
        told[CONNECTED] = _("%(service)s is connected.")
        told[FAILED] = _("Nothing was changed: %(service)s is still connected.")
    else:
        told[FAILED] = _("%(service)s was not connected.")
    if account.status == Status.REVOKED:
        told[DISCONNECTED] = _("%(service)s is disconnected.")
    return told


def _refusals() -> dict[type[LinkError], tuple[str, str]]:
    return {
        PortalUnknown: (
            _("This link does not exist"),
            _("Open your connections anew from the app."),
        ),
        PortalNotOpen: (
            _("Your connections are not open here"),
            _(
                "They open in the browser in which you used the link. "
                "Open your connections anew from the app."
            ),
        ),
        PortalExpired: (
            _("Your visit has ended"),
            _(
                "It lasts for a short time only, to keep you safe. What you changed is saved. "
                "Open your connections anew from the app."
            ),
        ),
        PortalOpenedElsewhere: (
            _("This link is open in another browser"),
            _(
                "It works in the first browser that opens it. "
                "Open your connections anew from the app. "
                "If that browser was not yours, tell the app."
            ),
        ),
    }
