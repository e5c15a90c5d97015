"""What an operator is told at the head of an account's page: how it stands, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.holding import held_back
from connections.models import Reason, RefreshAttempt, RefreshOutcome, Status
from integrations.admin.marks import Tone
from integrations.models.oauth_clients import is_former
from integrations.moments import span

if TYPE_CHECKING:
    from datetime import datetime

    from connections.models import ConnectedAccount

_BY_STATUS = {
    Status.INITIATED: ("Waiting for the person to open the link and agree.", Tone.BUSY),
    Status.INACTIVE: ("Every use is refused until somebody enables it.", Tone.QUIET),
    Status.EXPIRED: ("Only the person can repair this: send a reconnect link.", Tone.BAD),
    Status.FAILED: ("The person did not get through: send a new link.", Tone.BAD),
    Status.REVOKED: ("The credentials are wiped. A reconnect link brings it back.", Tone.WARN),
    Status.DELETED: ("The app does not see this account any more.", Tone.QUIET),
}
# How a grant ended decides what to say to its person.
_BY_END = {
    Reason.ROTATION_LOST: "Nobody withdrew this grant. The provider gave out new tokens and its "
    "answer never arrived here, so the old ones are spent. Send a reconnect link, and look at "
    "the timeline for what cut the refresh short.",
    Reason.GRANT_REVOKED: "The person or the provider withdrew the access. If that was not meant, "
    "a reconnect link brings it back.",
    Reason.REFRESH_TOKEN_EXPIRED: "The grant reached the end that the provider sets. Send a "
    "reconnect link.",
    Reason.TOKEN_EXPIRED: "The provider gave no refresh token, so the grant ended with its access "
    "token. Send a reconnect link.",
    Reason.PROBE_REJECTED: "The provider stopped accepting the credentials. Send a reconnect link.",
    Reason.LINK_EXPIRED: "The person never came. Send a new link.",
}
_IN_DOUBT = (
    "A refresh was cut short, and the provider may have answered it. It is tried once more; if the "
    "provider then refuses the old refresh token, the person has to reconnect."
)


_OF_BEFORE = (
    "The account was granted to a client of before, which the provider refuses; accounts of the "
    "present one are refreshed. If that client is gone for good, send a reconnect link."
)


def advice_on(account: ConnectedAccount, *, now: datetime) -> tuple[str, Tone]:
    """Return the advice and its colour; no words where all is well."""
    if account.status != Status.ACTIVE:
        text, tone = _BY_STATUS[Status(account.status)]
        ended = account.status == Status.EXPIRED
        return (_BY_END.get(Reason(account.status_reason), text) if ended else text), tone
    if held := held_back(account, now=now):
        return f"Not refreshed now: {held}. {_meanwhile(account, now)}", Tone.WARN
    if account.in_doubt_since is not None:
        return _IN_DOUBT, Tone.WARN
    if account.refresh_failing_since is not None:
        length = span(now - account.refresh_failing_since)
        failed = f"Refreshing has failed for {length} ({account.refresh_failures} times in a row)."
        why = _OF_BEFORE if stands_on_refused_client(account) else "It is tried again by itself."
        return f"{failed} {why} {_meanwhile(account, now)}", Tone.WARN
    return "", Tone.QUIET


def stands_on_refused_client(account: ConnectedAccount) -> bool:
    """Whether an active account fails because its client, one of before, is refused."""
    failing = account.status == Status.ACTIVE and account.refresh_failing_since is not None
    if not failing or not is_former(account.auth_config, account.oauth_client_id):
        return False
    ended = RefreshAttempt.objects.filter(account_id=account.pk, finished_at__isnull=False)
    latest = ended.order_by("-finished_at").values_list("outcome", flat=True).first()
    return latest == RefreshOutcome.CONFIGURATION


def _meanwhile(account: ConnectedAccount, now: datetime) -> str:
    if account.lives_for(0, now=now):
        return "The token is served while it lives."
    return "The token has ended, so the app gets an error until then."
