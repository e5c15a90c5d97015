"""Has a person mailed, where somebody asks for it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from connections.errors import NoAddress, TransitionRefused
from connections.models import Status
from connections.noticing.recording import ask_for_notice, takes_mail
from connections.taking import check_takes_connections

if TYPE_CHECKING:
    from connections.actors import Actor
    from connections.models import ConnectedAccount, ExpiryNotice


def send_reconnect_mail(*, account: ConnectedAccount, actor: Actor) -> ExpiryNotice:
    """Have the person mailed a link to reconnect ``account``; sent by the worker, soon.

    Raises:
        TransitionRefused: the account is deleted.
        NoAddress: the app has given no address, or the person refuses mails.
        AuthConfigDisabled, ManagedAppDisabled: as they say.
    """
    if account.status == Status.DELETED:
        message = "A deleted account cannot be reconnected."
        raise TransitionRefused(message, status=account.status)
    check_takes_connections(account.auth_config)
    if not takes_mail(account.entity):
        raise NoAddress
    return ask_for_notice(account=account, actor=actor, now=timezone.now())
