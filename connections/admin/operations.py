"""What an operator can do with an account: the operations' words and permissions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from connections import operations, wording
from connections.actors import operator
from connections.admin.probing import can_be_probed, probe
from connections.errors import AccountUnusable, ConnectionsError, RefreshUnavailable
from connections.lifecycle import TRANSITIONS
from connections.models import ConnectedAccount, RefreshAttempt, Status, Trigger
from connections.noticing.recording import takes_mail
from connections.refresh import refresh_account
from integrations.admin.operations import Done, Operation
from integrations.moments import relative
from integrations.secrets import Secret
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

# An operator waits for another worker's refresh no longer than this, in seconds.
WAIT_SECONDS = 15.0


class CredentialsDoNotOpen(ConnectionsError):
    """The stored credentials do not open with the configured keys. Nothing was changed."""

    code = "credentials_do_not_open"


def refresh(account: ConnectedAccount, _request: HttpRequest, _note: str) -> Done:
    """Refresh now and tell what the provider answered."""
    try:
        refresh_account(account_id=account.pk, trigger=Trigger.OPERATOR, wait_seconds=WAIT_SECONDS)
    except (AccountUnusable, RefreshUnavailable) as error:
        return Done(message=_last_attempt(account) or error.message, level=messages.ERROR)
    except SealingError:
        raise CredentialsDoNotOpen from None
    fresh = ConnectedAccount.objects.only("expires_at").get(pk=account.pk)
    if fresh.expires_at is None:
        return Done(message="refreshed; the new token has no end.")
    return Done(message=f"refreshed; the new token ends {_ends(fresh.expires_at)}.")


def _ends(moment: datetime) -> str:
    """Say when what was made a moment ago ends: ``in 10 min``, not ``in 9 min``."""
    return relative(moment + timedelta(seconds=1), now=timezone.now())


def _last_attempt(account: ConnectedAccount) -> str:
    attempt = RefreshAttempt.objects.filter(account=account).order_by("-id").first()
    fresh = ConnectedAccount.objects.only("status", "status_reason").get(pk=account.pk)
    if fresh.status != Status.ACTIVE:
        status, reason = wording.status_and_reason(fresh.status, fresh.status_reason)
        return f"not refreshed, it is {status.lower()}. {reason}."
    if attempt is None:
        return ""
    return f"{wording.refresh_title(attempt)} ({wording.refresh_detail(attempt)})."


def send_link(account: ConnectedAccount, request: HttpRequest, _note: str) -> Done:
    """Make a link on which the person reconnects; it is shown in this answer only."""
    issued = operations.reconnect_account(account=account, actor=operator(_staff(request)))
    ends = _ends(issued.link.expires_at)
    return Done(message=f"link made, it ends {ends}.", shown_once=Secret(issued.url))


def mail_link(account: ConnectedAccount, request: HttpRequest, _note: str) -> Done:
    """Have a mail sent in which the person finds a reconnect link."""
    operations.send_reconnect_mail(account=account, actor=operator(_staff(request)))
    return Done(message=f"a mail is on its way to {account.entity.email}.")


def _noted(
    operation: Callable[..., object], done: str
) -> Callable[[ConnectedAccount, HttpRequest, str], Done]:
    def run(account: ConnectedAccount, request: HttpRequest, note: str) -> Done:
        try:
            operation(account=account, actor=operator(_staff(request)), note=note)
        except SealingError:
            raise CredentialsDoNotOpen from None
        return Done(message=done)

    return run


def _staff(request: HttpRequest) -> AbstractBaseUser:
    """Return who asks. The admin's views are for signed-in staff only."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def _may_become(target: Status) -> Callable[[ConnectedAccount], bool]:
    sources = {before for before, after in TRANSITIONS if after is target}
    return lambda account: account.status in sources and account.status != target


OPERATIONS = (
    Operation(
        name="refresh",
        title="Refresh now",
        icon="refresh",
        permission="connections.refresh_connectedaccount",
        consequence="The provider is asked for a new access token now.",
        run=refresh,
        calls_out=True,
        applies=lambda account: account.status == Status.ACTIVE,
    ),
    Operation(
        name="probe",
        title="Probe now",
        icon="troubleshoot",
        permission="connections.probe_connectedaccount",
        consequence="The provider is asked whether the access token works, by the toolkit's "
        "cheapest call. A single refusal ends nothing.",
        run=probe,
        calls_out=True,
        applies=can_be_probed,
    ),
    # Ways to hand a reconnect link over stand side by side.
    Operation(
        name="link",
        title="Get reconnect link",
        icon="link",
        permission="connections.link_connectedaccount",
        consequence="Whoever opens the link can connect the account, so give it to its person "
        "only. It is shown once.",
        run=send_link,
        applies=lambda account: account.status != Status.DELETED,
    ),
    Operation(
        name="mail",
        title="Mail reconnect link",
        icon="outgoing_mail",
        permission="connections.link_connectedaccount",
        consequence="The person gets a mail with a link to reconnect, at the address that the app "
        "has given.",
        run=mail_link,
        applies=lambda account: account.status != Status.DELETED and takes_mail(account.entity),
    ),
    Operation(
        name="enable",
        title="Enable",
        icon="play_arrow",
        permission="connections.disable_connectedaccount",
        consequence="The app can use the account again. It is refreshed at once.",
        run=_noted(operations.enable_account, "enabled."),
        applies=lambda account: account.status == Status.INACTIVE,
    ),
    Operation(
        name="disable",
        title="Disable",
        icon="pause",
        permission="connections.disable_connectedaccount",
        consequence="Every use by the app is refused until it is enabled again. The credentials "
        "stay sealed.",
        run=_noted(operations.disable_account, "disabled."),
        applies=_may_become(Status.INACTIVE),
    ),
    Operation(
        name="revoke",
        title="Revoke",
        icon="block",
        permission="connections.revoke_connectedaccount",
        consequence="The grant ends here at once and its credentials are wiped; the provider is "
        "asked to revoke it until it confirms. Only the person can bring it back, by connecting "
        "again.",
        run=_noted(operations.revoke_account, "revoked; the provider is being told."),
        applies=_may_become(Status.REVOKED),
        confirm=True,
        danger=True,
    ),
    Operation(
        name="delete",
        title="Delete",
        icon="delete",
        permission="connections.delete_connectedaccount",
        consequence="The credentials are wiped, the grant is revoked at the provider, and the app "
        "does not see the account any more. Its history stays. This cannot be undone.",
        run=_noted(operations.delete_account, "deleted."),
        applies=_may_become(Status.DELETED),
        confirm=True,
        danger=True,
    ),
)
