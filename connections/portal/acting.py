"""What the person does to her accounts: the same operations as the API's, as the person."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction

from connections.actors import PERSON
from connections.errors import StatusChanged
from connections.models import ConnectedAccount, Reason, Status
from connections.operations import reconnect_account, revoke_account
from connections.portal.entering import hold_open

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from connections.issuing import IssuedLink
    from connections.models import PortalLink

# A worker may change the status between our look and our change, but hardly twice.
TRIES = 3
# An account that was switched off is not the person's to switch on.
_RECONNECTED = set(Status) - {Status.INACTIVE, Status.DELETED}
_DISCONNECTED = {Status.ACTIVE, Status.INACTIVE, Status.EXPIRED}


def accounts_of(portal: PortalLink) -> list[ConnectedAccount]:
    """Return the person's accounts, newest first."""
    return list(_accounts(portal).order_by("-pk"))


def find_account(portal: PortalLink, account_id: str) -> ConnectedAccount | None:
    """Return the person's account of that id; None where it is another's, or gone."""
    return _accounts(portal).filter(pk=account_id).first()


def may_reconnect(account: ConnectedAccount) -> bool:
    """Whether the page offers to connect the account again."""
    known = account.known_toolkit is not None
    return known and account.status in _RECONNECTED and account.auth_config.takes_connections


def may_disconnect(account: ConnectedAccount) -> bool:
    """Whether there is a grant to end."""
    # One whose link ran out was never connected.
    never = account.status_reason == Reason.LINK_EXPIRED
    return account.status in _DISCONNECTED and not never


def reconnect(*, portal: PortalLink, account: ConnectedAccount) -> IssuedLink:
    """Make a link on which the person connects the account again and comes back to the portal.

    Raises:
        PortalExpired: the portal has run out or was withdrawn since it was entered.
        TransitionRefused, AuthConfigDisabled, ManagedAppDisabled: as `reconnect_account`.
    """
    # Whoever withdraws the portal waits, and so finds the link; a link that comes later is refused.
    with transaction.atomic():
        hold_open(portal)
        return reconnect_account(account=account, actor=PERSON, portal_id=portal.pk)


def disconnect(*, portal: PortalLink, account_id: str) -> ConnectedAccount | None:
    """End the grant here and at the provider; return the account as it is then.

    Where there is no grant any more, nothing is done: a second click finds what the first one did.
    Credentials that do not open are wiped as well, and the page says to end it at the service.

    Raises:
        StatusChanged: somebody else keeps changing it.
    """
    account = find_account(portal, account_id)
    for _ in range(TRIES):
        if account is None or not may_disconnect(account):
            return account
        with suppress(StatusChanged):
            revoke_account(account=account, actor=PERSON, unreadable_too=True)
            return account
        account = find_account(portal, account_id)
    raise StatusChanged


def _accounts(portal: PortalLink) -> QuerySet[ConnectedAccount]:
    accounts: QuerySet[ConnectedAccount] = ConnectedAccount.objects.living().filter(
        project_id=portal.project_id, entity_id=portal.entity_id
    )
    return accounts.select_related("project", "entity", "auth_config__managed_app", "use")
