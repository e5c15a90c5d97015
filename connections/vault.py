"""Writes and opens an account's sealed credentials. Writing is a compare-and-swap."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from connections.models import ConnectedAccount, Credentials, Revocation
from integrations.schemes import TokenSet
from integrations.tokens import digest

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor
    from integrations.catalog import Toolkit

SHORTEST_WAIT_SECONDS = 5.0


def put_new_grant(*, account: ConnectedAccount, tokens: TokenSet, now: datetime) -> Credentials:
    """Store a grant the person just gave, whatever was stored before: the newest grant wins.

    Runs in the caller's transaction, which holds the account's row. The generation counts on over
    a wipe, so that an answer for a grant from before never passes for one of this grant.
    """
    credentials = Credentials.objects.select_for_update().filter(account=account).first()
    if credentials is None:
        credentials = Credentials(account=account, project_id=account.project_id)
    credentials.generation = account.grant_generation = account.grant_generation + 1
    account.save(update_fields=["grant_generation"])
    credentials.payload = tokens.to_payload()
    credentials.refresh_token_digest = refresh_token_digest(tokens)
    credentials.obtained_at = now
    credentials.save()
    return credentials


def swap_grant(*, credentials: Credentials, tokens: TokenSet, now: datetime) -> bool:
    """Store refreshed tokens as the next generation of ``credentials``.

    Returns False, having written nothing, where the row was wiped or has another generation.
    """
    following = Credentials(
        account_id=credentials.pk,
        project_id=credentials.project_id,
        generation=credentials.generation + 1,
    )
    field = Credentials._meta.get_field("payload")
    rows = Credentials.objects.filter(pk=credentials.pk, generation=credentials.generation)
    return bool(
        rows.update(
            generation=following.generation,
            payload=field.seal_for(following, tokens.to_payload()),
            refresh_token_digest=refresh_token_digest(tokens),
            obtained_at=now,
        )
    )


def open_grant(credentials: Credentials) -> TokenSet:
    """Return the tokens in ``credentials``. Raises SealBroken, KeyUnknown."""
    return TokenSet.from_payload(credentials.payload)


def refresh_token_digest(tokens: TokenSet) -> str:
    """Return the digest that names ``tokens``' refresh token; empty where there is none."""
    return digest(tokens.refresh_token.reveal()) if tokens.refresh_token else ""


def schedule(*, tokens: TokenSet, toolkit: Toolkit, now: datetime) -> dict[str, Any]:
    """Return the account's columns that follow from newly stored ``tokens``.

    A refresh is due after a share of the lifetime, spread by jitter so that accounts that were
    connected together are not refreshed together. Without a refresh token the due time is the
    end itself: that is when the account expires.
    """
    expires_at = tokens.expires_at(now=now, default_seconds=toolkit.access_token_seconds)
    share = toolkit.refresh_share + random.uniform(-1, 1) * toolkit.refresh_jitter  # noqa: S311
    if tokens.refresh_token is None:
        share = 1.0
    wait = max((expires_at - now).total_seconds(), 0.0) * share
    if tokens.refresh_token is not None:
        # A provider that says its tokens end at once is not asked for new ones all the time.
        wait = max(wait, SHORTEST_WAIT_SECONDS)
    return {
        "expires_at": expires_at,
        "refreshed_at": now,
        "refresh_at": now + timedelta(seconds=wait),
        "refresh_failing_since": None,
        "refresh_failures": 0,
        "lease_id": "",
        "lease_until": None,
    }


def queue_revocation(
    *,
    account: ConnectedAccount,
    tokens: TokenSet,
    actor: Actor,
    now: datetime,
    identity_id: str | None = None,
) -> Revocation:
    """Keep ``tokens`` sealed apart until the provider has revoked them.

    Args:
        identity_id: whose grant they are, where they are not the account's own person's.
    """
    revocation = Revocation(
        project_id=account.project_id,
        account=account,
        identity_id=account.identity_id if identity_id is None else identity_id,
        requested_by=actor,
        requested_at=now,
        next_attempt_at=now,
    )
    revocation.payload = tokens.to_payload()
    revocation.save(force_insert=True)
    return revocation
