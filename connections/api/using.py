"""Refresh an account, and read its credentials."""

from ninja import Query, Router

from connections.api.accounts import find_account
from connections.api.schemas import AccountOut, CredentialsOut, CredentialsQuery, RefreshIn
from connections.models import ConnectedAccount, Trigger
from connections.refresh import get_credentials, refresh_account
from integrations.api.access import ApiRequest, requires
from integrations.models.api_key import Scope

router = Router(tags=["connected accounts"])


@router.post("/{account_id}/refresh", response=AccountOut)
@requires(Scope.WRITE)
def refresh(
    request: ApiRequest, account_id: str, body: RefreshIn | None = None
) -> ConnectedAccount:
    """Refresh the access token now."""
    account = find_account(request, account_id)
    refused = body.refused_generation if body else None
    refresh_account(account_id=account.pk, trigger=Trigger.API, refused_generation=refused)
    # Read whole: a database that goes away while the answer is written could not be told.
    return find_account(request, account_id)


@router.get("/{account_id}/credentials", response=CredentialsOut)
@requires(Scope.CREDENTIALS)
def credentials(
    request: ApiRequest, account_id: str, query: Query[CredentialsQuery]
) -> CredentialsOut:
    """An access token that is good for `minimum_seconds` more."""
    grant = get_credentials(
        account_id=account_id,
        project_id=request.auth.project_id,
        minimum_seconds=query.minimum_seconds,
        refused_generation=query.refused_generation,
    )
    return CredentialsOut(
        connected_account_id=grant.account_id,
        access_token=grant.tokens.access_token.reveal(),
        token_type=grant.tokens.token_type,
        expires_at=grant.expires_at,
        scopes=grant.scopes,
        generation=grant.generation,
        fields={name: part.reveal() for name, part in grant.tokens.fields.items()},
    )
