"""Does a job's work on one account, in the transaction that keeps what came of it.

Nothing here calls a provider: a revocation is queued, a link is made, a refresh is asked for. So
a worker that is killed leaves the account either untouched or done, never half or twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from connections import operations
from connections.bulk.selecting import grants_until
from connections.errors import ConnectionsError
from connections.holding import held_back
from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import ConnectedAccount, Credentials, Status
from connections.models.bulk import OUT_OF_REACH, Kind, Outcome
from connections.noticing.recording import takes_mail
from connections.vault import UNREADABLE
from connections.wording import status_and_reason
from integrations.secrets import Secret
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connections.bulk.authority import Authority
    from connections.models import BulkItem, BulkJob

# Links made for many people take a while to send.
LINK_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What came of one account.

    Attributes:
        changes: further columns of the item. Those that are sealed, `sealed` holds.
    """

    outcome: Outcome
    words: str = ""
    error_code: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    link_url: Secret | None = None


def carry_out(*, item: BulkItem, job: BulkJob, authority: Authority, now: datetime) -> Verdict:
    """Do ``job``'s work on ``item``'s account, in the caller's transaction, which locks the item.

    What has changed since the account was collected is left alone: somebody was faster.
    """
    if not authority.reaches(item.project_id):
        words = "Whoever asked for it does not see its project any more."
        return Verdict(outcome=Outcome.SKIPPED, words=words, error_code=OUT_OF_REACH)
    account = ConnectedAccount.objects.locked(item.account_id)
    if account.status != item.status_was and not job.is_incident:
        return _left(f"Its status has changed meanwhile: {_standing(account)}.")
    try:
        return _WORK[Kind(job.kind)](account, job, authority, now)
    except SealingError:
        return Verdict(
            outcome=Outcome.FAILED,
            words="Its credentials do not open with the configured keys. Nothing was changed.",
            error_code=UNREADABLE,
        )
    except ConnectionsError as error:
        return Verdict(outcome=Outcome.FAILED, words=error.message, error_code=error.code)


def _revoke(
    account: ConnectedAccount, job: BulkJob, authority: Authority, now: datetime
) -> Verdict:
    if account.status not in HOLDS_CREDENTIALS:
        return _left(f"There is nothing to revoke: {_standing(account)}.")
    if account.granted_at is not None and account.granted_at > grants_until(job):
        return _left("The person has connected it anew since.")
    held = Credentials.objects.filter(pk=account.pk).exists()
    revocation = operations.revoke_account(
        account=account,
        actor=authority.actor,
        note=job.cause,
        insist=job.is_incident,
        unreadable_too=job.is_incident,
        wake=False,
    )
    if revocation is not None:
        return Verdict(outcome=Outcome.DONE, words="Revoked.", changes={"revocation": revocation})
    if not held:
        return Verdict(outcome=Outcome.DONE, words="Revoked; it held no credentials.")
    return Verdict(
        outcome=Outcome.DONE,
        words="Revoked here. The provider was not told: the credentials did not open.",
        error_code=UNREADABLE,
    )


def _make_link(
    account: ConnectedAccount, job: BulkJob, authority: Authority, now: datetime
) -> Verdict:
    if account.status == Status.DELETED:
        return _left("It was deleted.")
    issued = operations.reconnect_account(
        account=account, actor=authority.actor, expires_in=LINK_SECONDS
    )
    return Verdict(
        outcome=Outcome.DONE,
        words="Link made.",
        changes={"link": issued.link, "link_ends_at": issued.link.expires_at},
        link_url=Secret(issued.url),
    )


def _mail(account: ConnectedAccount, job: BulkJob, authority: Authority, now: datetime) -> Verdict:
    """Have the person mailed; `connections.noticing` sends it, and tells what became of it."""
    if account.status == Status.DELETED:
        return _left("It was deleted.")
    if not takes_mail(account.entity):
        return _left("The app has given no address of this person, or the person wants no mails.")
    operations.send_reconnect_mail(account=account, actor=authority.actor)
    return Verdict(outcome=Outcome.DONE, words="A mail is on its way.")


def _ask_for_refresh(
    account: ConnectedAccount, job: BulkJob, authority: Authority, now: datetime
) -> Verdict:
    """Make the account due. The refreshing processes take it in turn, under all their limits."""
    if account.status != Status.ACTIVE:
        return _left(f"Only active accounts are refreshed: {_standing(account)}.")
    stored = Credentials.objects.filter(pk=account.pk).exclude(refresh_token_digest="")
    generation = stored.values_list("generation", flat=True).first()
    if generation is None:
        return _left("The service gave no refresh token; its token works until it ends.")
    if held := held_back(account, now=now):
        return Verdict(
            outcome=Outcome.FAILED,
            words=f"Not asked for, {held}. It is refreshed by itself then.",
            error_code="held_back",
        )
    due = account.refresh_at is not None and account.refresh_at <= now
    if not due:
        ConnectedAccount.objects.filter(pk=account.pk).update(refresh_at=now)
    return Verdict(outcome=Outcome.WAITING, changes={"generation": generation})


_WORK: dict[Kind, Callable[[ConnectedAccount, BulkJob, Authority, datetime], Verdict]] = {
    Kind.REVOKE: _revoke,
    Kind.LINK: _make_link,
    Kind.MAIL: _mail,
    Kind.REFRESH: _ask_for_refresh,
}


def _left(words: str) -> Verdict:
    return Verdict(outcome=Outcome.SKIPPED, words=words)


def _standing(account: ConnectedAccount) -> str:
    status, _reason = status_and_reason(account.status, account.status_reason)
    return f"it is {status.lower()}"
