"""Routes of toolkits and auth configs."""

from datetime import datetime
from typing import Any

from ninja import Query, Router, Schema, Status
from pydantic import Field

from integrations.api.access import ApiRequest, get_or_404, requires
from integrations.api.pagination import Page, PageQuery, paginate
from integrations.api.text import RequiredText, ShortText, Text
from integrations.auth_configs import (
    create_auth_config,
    delete_auth_config,
    forget_older_secrets,
    rediscover_auth_config,
    switch_auth_config,
    update_auth_config,
)
from integrations.catalog import Toolkit, UnknownToolkit, all_toolkits, get_toolkit
from integrations.errors import InvalidInput, MissingScope, NotFound
from integrations.managed_apps import choose_managed_app, managed_toolkits
from integrations.mcp_servers import create_mcp_auth_config
from integrations.models import AuthConfig
from integrations.models.api_key import Scope
from integrations.secrets import Secret

router = Router()

# A changed address would have secrets sent to it that the key may not read; parameters are parts of
# addresses.
_REDIRECTING = frozenset({"parameters", "service"})
_REDIRECTS = (
    "This API key lacks the scope 'credentials', which it takes to say where credentials are sent."
)


class ToolkitOut(Schema):
    """A service of the catalog."""

    slug: str
    name: str
    description: str
    category: str
    schemes: list[str] = Field(description="Ways to authenticate, the usual one first.")
    base_url: str | None = Field(description="Where its API is, with {placeholders}.")
    default_scopes: list[str]
    parameters: dict[str, str]
    console_url: str | None = Field(description="Where an OAuth app is registered.")
    docs_url: str | None
    managed_available: bool = Field(
        description="Whether the instance has an OAuth app of its own, which needs no client of "
        "yours."
    )

    @staticmethod
    def resolve_managed_available(toolkit: Toolkit, context: dict[str, Any]) -> bool:
        """Read in the one query that the route made."""
        return toolkit.slug in context["request"].managed_toolkits


class ToolkitQuery(Schema):
    """Which toolkits to list."""

    category: ShortText | None = None
    scheme: ShortText | None = None
    search: ShortText | None = None


class AuthConfigIn(Schema):
    """A client at a toolkit, as the project registered it there."""

    name: RequiredText
    toolkit: ShortText = Field(
        "",
        description="One of the catalog's. For another service a name that the catalog has not; "
        "empty: made of the service's name.",
    )
    service: dict[str, Any] | None = Field(
        None, description="Another service, by the fields of a toolkit file."
    )
    issuer_url: Text = Field("", description="Of another service: asked for what is not given.")
    mcp_server_url: Text = Field(
        "",
        description="Of an MCP server, which says all but the name itself. A client is registered "
        "there where none is given.",
    )
    scheme: ShortText = Field("", description="One of the toolkit's; empty: its first.")
    client_id: Text = Field("", description="For OAuth: of the app that you registered there.")
    client_secret: Text = ""
    scopes: list[ShortText] = Field(
        [],
        description="Needed; empty: the toolkit's defaults. Asked for besides, where it lacks: "
        "what tells whose account it is.",
    )
    optional_scopes: list[ShortText] = []
    parameters: dict[ShortText, Text] = {}
    authorization_parameters: dict[ShortText, Text] = {}
    token_parameters: dict[ShortText, Text] = {}
    callback_url: Text = Field(
        "", description="An address of your own that hands people on to `landing_url`."
    )
    testing_mode: bool = False
    managed: bool = Field(
        False, description="By the instance's own OAuth app: leave out the client. OAuth only."
    )
    managed_app_id: ShortText = Field(
        "", description="Which app of the instance's, where it has several for the toolkit."
    )


class AuthConfigChangeIn(Schema):
    """What to change; what is left out stays.

    A new secret is tried first, then the one before; OAuth 1 signs with the new one only.
    """

    name: RequiredText | None = None
    client_id: Text | None = None
    client_secret: Text | None = None
    scopes: list[ShortText] | None = None
    optional_scopes: list[ShortText] | None = None
    parameters: dict[ShortText, Text] | None = Field(
        None, description="Other ones take a key with the scope `credentials`, as `service` does."
    )
    authorization_parameters: dict[ShortText, Text] | None = None
    token_parameters: dict[ShortText, Text] | None = None
    callback_url: Text | None = None
    service: dict[str, Any] | None = Field(
        None, description="Takes a key with the scope `credentials`: it says where they are sent."
    )
    testing_mode: bool | None = None


class AuthConfigOut(Schema):
    """An auth config. Its client secret is never given back."""

    id: str
    name: str
    toolkit: str
    scheme: str
    managed: bool = Field(description="Whether the client is the instance's: it is not shown.")
    managed_app_id: str | None
    client_id: str
    scopes: list[str]
    optional_scopes: list[str]
    parameters: dict[str, str]
    redirect_uri: str = Field(description="To be registered at the service.")
    callback_url: str = Field(description="An address of your own; then it is the redirect URI.")
    landing_url: str = Field(description="Where people have to come back to in the end.")
    service: dict[str, Any] | None = Field(description="Null for a toolkit of the catalog.")
    service_url: str = Field(description="Where the service was discovered, if it was.")
    enabled: bool
    testing_mode: bool
    misconfigured_since: datetime | None
    misconfigured_error: str
    calls_blocked_until: datetime | None
    created_at: datetime

    @staticmethod
    def resolve_managed(config: AuthConfig) -> bool:
        return config.managed_app_id is not None

    @staticmethod
    def resolve_testing_mode(config: AuthConfig) -> bool:
        return config.client_holder.testing_mode

    @staticmethod
    def resolve_calls_blocked_until(config: AuthConfig) -> datetime | None:
        return config.all_calls_blocked_until


@router.get("/toolkits", response=list[ToolkitOut], tags=["toolkits"])
@requires(Scope.READ)
def list_toolkits(request: ApiRequest, query: Query[ToolkitQuery]) -> list[Toolkit]:
    """The services in the catalog."""
    request.managed_toolkits = managed_toolkits()
    wanted = (query.search or "").lower()
    return [
        toolkit
        for toolkit in all_toolkits().values()
        if query.category in {None, toolkit.category}
        and (query.scheme is None or query.scheme in toolkit.schemes)
        and (wanted in toolkit.slug or wanted in toolkit.name.lower())
    ]


@router.get("/toolkits/{slug}", response=ToolkitOut, tags=["toolkits"])
@requires(Scope.READ)
def get_one_toolkit(request: ApiRequest, slug: str) -> Toolkit:
    """One service of the catalog."""
    request.managed_toolkits = managed_toolkits()
    try:
        return get_toolkit(slug)
    except UnknownToolkit as error:
        raise NotFound(str(error)) from None


@router.post("/auth_configs", response={201: AuthConfigOut}, tags=["auth configs"])
@requires(Scope.WRITE)
def create(request: ApiRequest, body: AuthConfigIn) -> Status[AuthConfig]:
    """Create an auth config. Register its `redirect_uri` at the service."""
    secret = Secret(body.client_secret) if body.client_secret else None
    if body.mcp_server_url:
        return Status(201, _create_for_mcp(request, body, secret))
    given = body.dict(exclude={"managed", "managed_app_id", "mcp_server_url"}) | {
        "client_secret": secret
    }
    if body.managed or body.managed_app_id:
        given["managed_app"] = choose_managed_app(toolkit=body.toolkit, app_id=body.managed_app_id)
    return Status(201, create_auth_config(project=request.auth.project, **given))


@router.get("/auth_configs", response=Page[AuthConfigOut], tags=["auth configs"])
@requires(Scope.READ)
def list_auth_configs(request: ApiRequest, page: Query[PageQuery]) -> dict[str, object]:
    """The project's auth configs, newest first."""
    rows = AuthConfig.objects.in_project(request.auth.project)
    return paginate(rows.select_related("managed_app"), page)


@router.get("/auth_configs/{auth_config_id}", response=AuthConfigOut, tags=["auth configs"])
@requires(Scope.READ)
def get_auth_config(request: ApiRequest, auth_config_id: str) -> AuthConfig:
    """One auth config."""
    return get_or_404(request, AuthConfig.objects.all(), auth_config_id)


@router.patch("/auth_configs/{auth_config_id}", response=AuthConfigOut, tags=["auth configs"])
@requires(Scope.WRITE)
def update(request: ApiRequest, auth_config_id: str, body: AuthConfigChangeIn) -> AuthConfig:
    """Change an auth config. Its connected accounts live on."""
    auth_config = get_or_404(request, AuthConfig.objects.all(), auth_config_id)
    changes = body.dict(exclude_none=True)
    if changes.get("parameters") == auth_config.parameters:
        # Those who send back what they read change nothing, whatever becomes of the row meanwhile.
        del changes["parameters"]
    if _REDIRECTING & changes.keys() and Scope.CREDENTIALS not in request.auth.scopes:
        raise MissingScope(_REDIRECTS, scope=Scope.CREDENTIALS)
    text = changes.pop("client_secret", None)
    secret = Secret(text) if text else None
    return update_auth_config(auth_config=auth_config, client_secret=secret, **changes)


@router.post(
    "/auth_configs/{auth_config_id}/rediscover", response=AuthConfigOut, tags=["auth configs"]
)
@requires(Scope.WRITE)
def rediscover(request: ApiRequest, auth_config_id: str) -> AuthConfig:
    """Ask the service's issuer anew how it is used. What was given by hand stays."""
    auth_config = get_or_404(request, AuthConfig.objects.all(), auth_config_id)
    return rediscover_auth_config(auth_config=auth_config)


@router.delete("/auth_configs/{auth_config_id}", response={204: None}, tags=["auth configs"])
@requires(Scope.WRITE)
def delete(request: ApiRequest, auth_config_id: str) -> Status[None]:
    """Delete an auth config that no account was connected with."""
    delete_auth_config(auth_config=get_or_404(request, AuthConfig.objects.all(), auth_config_id))
    return Status(204, None)


@router.post("/auth_configs/{auth_config_id}/enable", response=AuthConfigOut, tags=["auth configs"])
@requires(Scope.WRITE)
def enable(request: ApiRequest, auth_config_id: str) -> AuthConfig:
    """Let people connect with it again."""
    return _switch(request, auth_config_id, enabled=True)


@router.post(
    "/auth_configs/{auth_config_id}/disable", response=AuthConfigOut, tags=["auth configs"]
)
@requires(Scope.WRITE)
def disable(request: ApiRequest, auth_config_id: str) -> AuthConfig:
    """Let nobody connect with it any more. Accounts that are connected live on."""
    return _switch(request, auth_config_id, enabled=False)


@router.post(
    "/auth_configs/{auth_config_id}/forget_older_secrets",
    response=AuthConfigOut,
    tags=["auth configs"],
)
@requires(Scope.WRITE)
def forget_secrets(request: ApiRequest, auth_config_id: str) -> AuthConfig:
    """Drop all client secrets but the newest, once they are deleted at the service."""
    auth_config = get_or_404(request, AuthConfig.objects.all(), auth_config_id)
    forget_older_secrets(auth_config=auth_config)
    return auth_config


def _create_for_mcp(request: ApiRequest, body: AuthConfigIn, secret: Secret | None) -> AuthConfig:
    taken = {"name", "mcp_server_url", "client_id", "client_secret", "scopes"}
    if others := [name for name, value in body.dict(exclude=taken).items() if value]:
        problem = "An MCP server says this itself: leave it out."
        raise InvalidInput(fields=[{"field": name, "problem": problem} for name in others])
    return create_mcp_auth_config(
        project=request.auth.project,
        name=body.name,
        server_url=body.mcp_server_url,
        client_id=body.client_id,
        client_secret=secret,
        scopes=body.scopes or None,
    )


def _switch(request: ApiRequest, auth_config_id: str, *, enabled: bool) -> AuthConfig:
    auth_config = get_or_404(request, AuthConfig.objects.all(), auth_config_id)
    switch_auth_config(auth_config=auth_config, enabled=enabled)
    return auth_config
