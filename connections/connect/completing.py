"""Ends a trip: proves the tokens, guards the identity, stores the grant, or says why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from connections import vault
from connections.actors import PERSON
from connections.connect.guarding import refusal_of
from connections.connect.nonces import nonce_matches
from connections.connect.outcome import Outcome
from connections.connect.starting import check_not_refused
from connections.errors import AttemptAnswered, AuthConfigDisabled, LinkUnknown
from connections.grants import shared_with_another
from connections.incidents import incident_that_closed
from connections.lifecycle import move
from connections.models import ConnectedAccount, ConnectLink, Reason, Status, Verification
from connections.schedule import new_grant_columns
from connections.taking import still_takes_connections
from connections.tasks import wake_revoker
from integrations.schemes import (
    IdentityUnavailable,
    ProbeRejected,
    UpstreamIdentity,
    from_provider,
    scheme_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.actors import Actor
    from connections.connect.guarding import Refusal
    from connections.models import ConnectAttempt
    from integrations.schemes import TokenSet


def complete(
    *,
    attempt: ConnectAttempt,
    tokens: TokenSet,
    redirect: Mapping[str, str],
    asked_at: datetime,
) -> Outcome:
    """Store ``tokens`` as the account's grant once they are proven.

    Tokens of the wrong person are revoked. Those of a person nobody knows are left to run out:
    revoking them might end a grant that another account stands on.

    Args:
        redirect: the query with which the person came back from the provider.
        asked_at: a time before the tokens were issued: their lifetimes are counted from it, so
            that none is thought to outlive its end.
    """
    if not nonce_matches(tokens.id_token, attempt.nonce):
        return _reject(attempt, tokens, Reason.EXCHANGE_FAILED, "nonce_mismatch")
    try:
        proven = prove(attempt=attempt, tokens=tokens, redirect=redirect)
    except ProbeRejected as error:
        code = error.error_code or "probe_rejected"
        return _reject(attempt, tokens, Reason.PROBE_REJECTED, code)
    except IdentityUnavailable as error:
        return _reject(attempt, tokens, Reason.EXCHANGE_FAILED, error.code)
    return store(attempt=attempt, tokens=tokens, proven=proven, asked_at=asked_at)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What the provider told: whose account it is, and what the account brings."""

    identity: UpstreamIdentity | None
    parameters: dict[str, str]


def prove(*, attempt: ConnectAttempt, tokens: TokenSet, redirect: Mapping[str, str]) -> Proven:
    """Ask the provider whose account ``tokens`` open.

    Raises:
        ProbeRejected: it does not take them.
        IdentityUnavailable: it could not be asked, or did not say what has to be known.
    """
    toolkit = attempt.auth_config.catalog_entry.with_connection(attempt.parameters)
    before = attempt.link.account.parameters
    told = from_provider(toolkit, redirect=redirect, tokens=tokens, before=before)
    parameters = {**attempt.parameters, **told}
    scheme = scheme_of(attempt.auth_config, parameters)
    try:
        identity = scheme.identify(tokens=tokens)
    except IdentityUnavailable as error:
        if error.retry_after is not None:
            raise
        # The call is read-only, so an outage of a moment is worth a second try.
        identity = scheme.identify(tokens=tokens)
    return Proven(identity=identity, parameters=parameters)


def fail(
    *,
    attempt: ConnectAttempt,
    reason: Reason,
    now: datetime,
    actor: Actor = PERSON,
    cause: str = "",
    error_code: str = "",
    actual_identity: str = "",
) -> Outcome:
    """Note why the trip failed. Only an account that never was connected becomes FAILED.

    Args:
        actor: whose answer it is that failed it.
        cause: what led to it, in words, where it was not the provider's ``error_code``.
    """
    link = attempt.link
    with transaction.atomic():
        account = ConnectedAccount.objects.locked(link.account_id)
        attempt.outcome, attempt.error_code = reason, error_code[:100]
        attempt.actual_identity = actual_identity
        attempt.save(update_fields=["outcome", "error_code", "actual_identity"])
        if account.status == Status.INITIATED:
            answered = f"The provider answered {error_code}" if error_code else ""
            move(
                account=account,
                to=Status.FAILED,
                reason=reason,
                actor=actor,
                cause=cause or answered,
                error_code=error_code,
                now=now,
            )
    return Outcome(
        link=link,
        account=account,
        succeeded=False,
        reason=reason,
        error_code=error_code,
        actual_identity=actual_identity,
    )


def store(
    *, attempt: ConnectAttempt, tokens: TokenSet, proven: Proven, asked_at: datetime
) -> Outcome:
    """Store ``tokens`` as the account's grant, unless they are another one's or a second time.

    An account that an entity connects twice would be two accounts on one grant: where the provider
    rotates tokens or counts grants, one would end the other.

    Raises:
        LinkUnknown, AuthConfigDisabled: the account was deleted, or what it stands on was switched
            off, since the person set out; the tokens are given back.
        LinkRefused, LinkExpired: somebody has ended the link; the tokens are given back.
        AttemptAnswered: another trip from the link was faster.
    """
    now, link = timezone.now(), attempt.link
    refusal: Refusal | None = None
    with transaction.atomic():
        account = ConnectedAccount.objects.locked(link.account_id)
        closed = not still_takes_connections(attempt.auth_config)
        if account.status == Status.DELETED or closed:
            _give_back(attempt, tokens, proven, now)
        elif (refusal := refusal_of(account, proven)) is not None:
            pass
        elif _complete_link(link, now):
            _activate(account, attempt, tokens, proven, asked_at=asked_at, now=now)
            return Outcome(
                link=link, account=account, succeeded=True, reason=Reason(account.status_reason)
            )
        elif link.refused_at is not None:
            _give_back(attempt, tokens, proven, now)
    if account.status == Status.DELETED:
        raise LinkUnknown
    if closed:
        raise AuthConfigDisabled(auth_config_id=attempt.auth_config_id)
    if refusal is None:
        check_not_refused(link)
        # So that the page tells how it stands now, and not as it stood when she set out.
        link.account = account
        raise AttemptAnswered(attempt)
    return _reject(
        attempt,
        tokens,
        refusal.reason,
        refusal.error_code,
        proven=proven,
        actual_identity=refusal.actual,
    )


def _activate(
    account: ConnectedAccount,
    attempt: ConnectAttempt,
    tokens: TokenSet,
    proven: Proven,
    *,
    asked_at: datetime,
    now: datetime,
) -> None:
    identity = proven.identity
    # Its history may have been pruned, but the number of its grants never returns.
    reason = Reason.RECONNECTED if account.grant_generation else Reason.CONNECTED
    granted = attempt.scopes if tokens.scopes is None else tokens.scopes
    changes = new_grant_columns(tokens=tokens, auth_config=attempt.auth_config, now=asked_at) | {
        "scopes_requested": attempt.scopes,
        "scopes_granted": granted,
        "parameters": proven.parameters,
        "oauth_client_id": attempt.auth_config.client_holder.client_id,
        "redirect_uri": attempt.redirect_uri,
        "user_verified_at": _verified_at(attempt),
    }
    if identity is not None:
        changes |= {
            "identity_id": identity.id,
            "identity_label": identity.label,
            "last_verified_at": now,
        }
    vault.put_new_grant(account=account, tokens=tokens, now=now)
    cause = "The app confirmed its user" if changes["user_verified_at"] else ""
    move(
        account=account,
        to=Status.ACTIVE,
        reason=reason,
        actor=PERSON,
        cause=cause,
        changes=changes,
        now=now,
    )
    attempt.outcome = reason
    attempt.save(update_fields=["outcome"])


def _verified_at(attempt: ConnectAttempt) -> datetime | None:
    rows = Verification.objects.filter(attempt=attempt)
    return rows.values_list("verified_at", flat=True).first()


def _reject(
    attempt: ConnectAttempt,
    tokens: TokenSet,
    reason: Reason,
    error_code: str,
    *,
    proven: Proven | None = None,
    actual_identity: str = "",
) -> Outcome:
    """Fail, and give back what the provider issued and nobody will use."""
    now = timezone.now()
    with transaction.atomic():
        _give_back(attempt, tokens, proven, now)
    return fail(
        attempt=attempt,
        reason=reason,
        error_code=error_code,
        actual_identity=actual_identity,
        now=now,
    )


def _complete_link(link: ConnectLink, now: datetime) -> bool:
    """Mark the link done; leave it, and read it anew, where it is done or ended already."""
    unused = ConnectLink.objects.filter(
        pk=link.pk, completed_at__isnull=True, refused_at__isnull=True
    )
    if not unused.update(completed_at=now):
        link.refresh_from_db(fields=["completed_at", "refused_at", "expires_at"])
        return False
    link.completed_at = now
    return True


def _give_back(
    attempt: ConnectAttempt, tokens: TokenSet, proven: Proven | None, now: datetime
) -> None:
    """Have tokens revoked that are of no account: where this trip led, as the client it had.

    Not where another account stands on that grant; an incident that has closed the auth config
    ends them all.
    """
    account, identity = attempt.link.account, proven.identity if proven else None
    if proven is None or identity is None:
        return
    incident_id = incident_that_closed(attempt.auth_config_id, since=attempt.created_at)
    if incident_id is None and shared_with_another(account, identity.id):
        return
    origin = vault.Origin(
        identity_id=identity.id,
        parameters=proven.parameters,
        oauth_client_id=attempt.auth_config.client_holder.client_id,
        redirect_uri=attempt.redirect_uri,
    )
    vault.queue_revocation(
        account=account,
        tokens=tokens,
        origin=origin,
        actor=PERSON,
        incident_id=incident_id,
        now=now,
    )
    transaction.on_commit(wake_revoker)
