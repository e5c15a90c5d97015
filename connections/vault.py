"""Seals and opens an account's credentials. Refreshed ones are stored by `connections.refresh`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import ConnectedAccount, Credentials, Revocation
from integrations.schemes import TokenSet
from integrations.tokens import digest

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor
    from integrations.secrets.field import Sealed


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


def seal_following(*, credentials: Credentials, tokens: TokenSet) -> Sealed:
    """Return ``tokens`` sealed as the generation that follows ``credentials``."""
    field = Credentials._meta.get_field("payload")
    following = credentials.generation + 1
    return field.seal_for(credentials, tokens.to_payload(), version=following)


def open_grant(credentials: Credentials) -> TokenSet:
    """Return the tokens in ``credentials``. Raises SealBroken, KeyUnknown."""
    return TokenSet.from_payload(credentials.payload)


def refresh_token_digest(tokens: TokenSet) -> str:
    """Return the digest that names ``tokens``' refresh token; empty where there is none."""
    return digest(tokens.refresh_token.reveal()) if tokens.refresh_token else ""


def queue_revocation(
    *,
    account: ConnectedAccount,
    tokens: TokenSet,
    actor: Actor,
    now: datetime,
    identity_id: str | None = None,
    insisted: bool = False,
) -> Revocation:
    """Keep ``tokens`` sealed apart until the provider has revoked them.

    Args:
        insisted: try for a month instead of for two days.
        identity_id: whose grant they are, where they are not the account's own person's.
    """
    revocation = Revocation(
        project_id=account.project_id,
        account=account,
        identity_id=account.identity_id if identity_id is None else identity_id,
        requested_by=actor,
        requested_at=now,
        next_attempt_at=now,
        insisted=insisted,
    )
    revocation.payload = tokens.to_payload()
    revocation.save(force_insert=True)
    return revocation
