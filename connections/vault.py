"""Seals and opens an account's credentials. Refreshed ones are stored by `connections.refresh`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from connections.actors import Actor
from connections.models import ConnectedAccount, Credentials, Revocation
from integrations.schemes import TokenSet
from integrations.secrets.keyring import SealingError
from integrations.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from integrations.secrets.field import Sealed

# The code of what is not done because credentials do not open.
UNREADABLE: Final = "credentials_do_not_open"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Whose grant it is, where it was given, to which client, and where the consent led back to."""

    identity_id: str
    parameters: Mapping[str, str]
    oauth_client_id: str
    redirect_uri: str

    @classmethod
    def of(cls, account: ConnectedAccount) -> Self:
        """Return the origin of the grant that ``account`` holds."""
        return cls(
            identity_id=account.identity_id,
            parameters=account.parameters,
            oauth_client_id=account.oauth_client_id,
            redirect_uri=account.redirect_uri,
        )


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


def opens(account_id: str) -> bool:
    """Whether there are credentials of the account, and the configured keys open them."""
    stored = Credentials.objects.filter(pk=account_id).first()
    if stored is None:
        return False
    try:
        open_grant(stored)
    except SealingError:
        return False
    return True


def refresh_token_digest(tokens: TokenSet) -> str:
    """Return the digest that names ``tokens``' refresh token; empty where there is none."""
    return digest(tokens.refresh_token.reveal()) if tokens.refresh_token else ""


def queue_revocation(
    *,
    account: ConnectedAccount,
    tokens: TokenSet,
    actor: Actor,
    now: datetime,
    origin: Origin | None = None,
    insisted: bool = False,
    incident_id: str | None = None,
) -> Revocation:
    """Keep ``tokens`` sealed apart until the provider has revoked them.

    Args:
        origin: where they are from, where it is not what ``account`` has stored.
        insisted: try for a month instead of for two days.
        incident_id: of the one that they came too late for; it insists on them.
    """
    origin = origin or Origin.of(account)
    revocation = Revocation(
        project_id=account.project_id,
        account=account,
        identity_id=origin.identity_id,
        parameters=dict(origin.parameters),
        oauth_client_id=origin.oauth_client_id,
        redirect_uri=origin.redirect_uri,
        requested_by=actor,
        requested_at=now,
        next_attempt_at=now,
        insisted=insisted or incident_id is not None,
        incident_id=incident_id,
    )
    revocation.payload = tokens.to_payload()
    revocation.save(force_insert=True)
    return revocation


def seal_outgoing(*, revocation: Revocation, tokens: TokenSet) -> Sealed:
    """Return ``tokens`` sealed in the place of those that ``revocation`` has."""
    field = Revocation._meta.get_field("payload")
    return field.seal_for(revocation, tokens.to_payload())


def queue_again(*, revocation: Revocation, tokens: TokenSet, now: datetime) -> Revocation:
    """Keep ``tokens``, of the grant that ``revocation`` is to end, in a row of their own."""
    account = revocation.account
    origin = Origin(
        identity_id=revocation.identity_id,
        parameters=account.parameters if revocation.parameters is None else revocation.parameters,
        oauth_client_id=revocation.oauth_client_id,
        redirect_uri=revocation.redirect_uri,
    )
    return queue_revocation(
        account=account,
        tokens=tokens,
        actor=Actor(revocation.requested_by),
        origin=origin,
        insisted=revocation.insisted,
        incident_id=revocation.incident_id,
        now=now,
    )
