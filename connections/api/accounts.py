"""Link, list, get, reconnect, disable, enable, revoke and delete connected accounts."""

from ninja import Query, Router, Status

from connections.actors import api_key
from connections.api.schemas import (
    AccountOut,
    AccountQuery,
    HistoryEntry,
    LinkIn,
    LinkOut,
    ReconnectIn,
)
from connections.issuing import IssuedLink
from connections.models import ConnectedAccount
from connections.operations import (
    delete_account,
    disable_account,
    enable_account,
    link_account,
    reconnect_account,
    revoke_account,
)
from connections.timeline import APPS_KINDS, TimelineEntry, timeline
from integrations.api.access import ApiRequest, get_or_404, requires
from integrations.api.pagination import Page, paginate
from integrations.models import AuthConfig
from integrations.models.api_key import Scope

router = Router(tags=["connected accounts"])


def find_account(request: ApiRequest, account_id: str) -> ConnectedAccount:
    """Return the caller's account of that id; deleted ones are not found any more."""
    rows = ConnectedAccount.objects.living().select_related(
        "entity", "project", "auth_config__managed_app"
    )
    return get_or_404(request, rows, account_id)


def _shown(issued: IssuedLink) -> LinkOut:
    return LinkOut(
        id=issued.link.pk,
        connected_account_id=issued.account.pk,
        status=issued.account.status,
        redirect_url=issued.url,
        expires_at=issued.link.expires_at,
    )


@router.post("/link", response={201: LinkOut})
@requires(Scope.WRITE)
def link(request: ApiRequest, body: LinkIn) -> Status[LinkOut]:
    """Make a link on which one of your users connects an account."""
    auth_config = get_or_404(request, AuthConfig.objects.all(), body.auth_config_id)
    issued = link_account(
        project=request.auth.project,
        user_id=body.user_id,
        auth_config=auth_config,
        actor=api_key(request.auth),
        callback_url=body.callback_url,
        app_state=body.state,
        alias=body.alias,
        tenant_id=body.tenant_id,
        allow_multiple=body.allow_multiple,
        expires_in=body.expires_in,
        email=body.email,
        language=body.language,
    )
    return Status(201, _shown(issued))


@router.get("", response=Page[AccountOut])
@requires(Scope.READ)
def list_accounts(request: ApiRequest, query: Query[AccountQuery]) -> dict[str, object]:
    """The project's connected accounts, newest first."""
    accounts = ConnectedAccount.objects.in_project(request.auth.project).living()
    wanted = {
        "entity__user_id": query.user_id,
        "entity__tenant_id": query.tenant_id,
        "toolkit": query.toolkit,
        "auth_config_id": query.auth_config_id,
        "status": query.status,
    }
    narrowed = accounts.filter(**{k: v for k, v in wanted.items() if v is not None})
    return paginate(narrowed.select_related("entity", "auth_config__managed_app"), query)


@router.get("/{account_id}", response=AccountOut)
@requires(Scope.READ)
def get_account(request: ApiRequest, account_id: str) -> ConnectedAccount:
    """One connected account."""
    return find_account(request, account_id)


@router.get("/{account_id}/history", response=list[HistoryEntry])
@requires(Scope.READ)
def history(request: ApiRequest, account_id: str) -> list[TimelineEntry]:
    """What happened to the account and why, newest first."""
    account = find_account(request, account_id)
    return timeline(account, limit=200, kinds=APPS_KINDS)


@router.post("/{account_id}/reconnect", response={201: LinkOut})
@requires(Scope.WRITE)
def reconnect(
    request: ApiRequest, account_id: str, body: ReconnectIn | None = None
) -> Status[LinkOut]:
    """Make a link on which the user reconnects this account; its id stays the same."""
    body = body or ReconnectIn()
    issued = reconnect_account(
        account=find_account(request, account_id),
        actor=api_key(request.auth),
        callback_url=body.callback_url,
        app_state=body.state,
        expires_in=body.expires_in,
    )
    return Status(201, _shown(issued))


@router.post("/{account_id}/disable", response=AccountOut)
@requires(Scope.WRITE)
def disable(request: ApiRequest, account_id: str) -> ConnectedAccount:
    """Refuse every use until it is enabled."""
    account = find_account(request, account_id)
    disable_account(account=account, actor=api_key(request.auth))
    return account


@router.post("/{account_id}/enable", response=AccountOut)
@requires(Scope.WRITE)
def enable(request: ApiRequest, account_id: str) -> ConnectedAccount:
    """Let a disabled account be used again."""
    account = find_account(request, account_id)
    enable_account(account=account, actor=api_key(request.auth))
    return account


@router.post("/{account_id}/revoke", response=AccountOut)
@requires(Scope.WRITE)
def revoke(request: ApiRequest, account_id: str) -> ConnectedAccount:
    """End the grant, here and at the service."""
    account = find_account(request, account_id)
    revoke_account(account=account, actor=api_key(request.auth))
    return account


@router.delete("/{account_id}", response={204: None})
@requires(Scope.WRITE)
def delete(request: ApiRequest, account_id: str) -> Status[None]:
    """Delete the account: credentials wiped, history kept."""
    account = find_account(request, account_id)
    delete_account(account=account, actor=api_key(request.auth))
    return Status(204, None)
