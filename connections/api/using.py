"""Refresh an account, and read its credentials."""

from ninja import Query, Router

from connections.api.accounts import find_account
from connections.api.schemas import AccountOut, CredentialsOut, CredentialsQuery
from connections.models import ConnectedAccount, Trigger
from connections.refresh import get_credentials, refresh_account
from integrations.api.access import ApiRequest, requires
from integrations.models.api_key import Scope

router = Router(tags=["connected accounts"])


@router.post("/{account_id}/refresh", response=AccountOut)
@requires(Scope.WRITE)
def refresh(request: ApiRequest, account_id: str) -> ConnectedAccount:
    """Refresh the access token now."""
    return refresh_account(account=find_account(request, account_id), trigger=Trigger.API).account


@router.get("/{account_id}/credentials", response=CredentialsOut)
@requires(Scope.CREDENTIALS)
def credentials(
    request: ApiRequest, account_id: str, query: Query[CredentialsQuery]
) -> CredentialsOut:
    """An access token that is good for `minimum_seconds` more."""
    grant = get_credentials(
        account=find_account(request, account_id), minimum_seconds=query.minimum_seconds
    )
    return CredentialsOut(
        connected_account_id=grant.account.pk,
        access_token=grant.tokens.access_token.reveal(),
        token_type=grant.tokens.token_type,
        expires_at=grant.account.expires_at,
        scopes=grant.account.scopes_granted,
        generation=grant.generation,
    )
