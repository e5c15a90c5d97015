"""Routes of toolkits and auth configs."""

from datetime import datetime

from ninja import Query, Router, Schema, Status

from integrations.api.access import ApiRequest, get_or_404, requires
from integrations.api.pagination import Page, PageQuery, paginate
from integrations.api.text import RequiredText, ShortText, Text
from integrations.auth_configs import create_auth_config
from integrations.catalog import Toolkit, UnknownToolkit, all_toolkits, get_toolkit
from integrations.errors import NotFound
from integrations.models import AuthConfig
from integrations.models.api_key import Scope
from integrations.secrets import Secret

router = Router()


class ToolkitOut(Schema):
    """A service of the catalog."""

    slug: str
    name: str
    description: str
    default_scopes: list[str]
    parameters: dict[str, str]


class AuthConfigIn(Schema):
    """A client at a toolkit, as the project registered it there."""

    name: RequiredText
    toolkit: RequiredText
    client_id: RequiredText
    client_secret: Text = ""
    scopes: list[ShortText] = []
    parameters: dict[str, Text] = {}
    authorization_parameters: dict[str, Text] = {}
    token_parameters: dict[str, Text] = {}
    testing_mode: bool = False


class AuthConfigOut(Schema):
    """An auth config. Its client secret is never given back."""

    id: str
    name: str
    toolkit: str
    scheme: str
    client_id: str
    scopes: list[str]
    parameters: dict[str, str]
    redirect_uri: str
    enabled: bool
    testing_mode: bool
    misconfigured_since: datetime | None
    misconfigured_error: str
    calls_blocked_until: datetime | None
    created_at: datetime


@router.get("/toolkits", response=list[ToolkitOut], tags=["toolkits"])
@requires(Scope.READ)
def list_toolkits(request: ApiRequest) -> list[Toolkit]:
    """Every service in the catalog."""
    return list(all_toolkits().values())


@router.get("/toolkits/{slug}", response=ToolkitOut, tags=["toolkits"])
@requires(Scope.READ)
def get_one_toolkit(request: ApiRequest, slug: str) -> Toolkit:
    """One service of the catalog."""
    try:
        return get_toolkit(slug)
    except UnknownToolkit as error:
        raise NotFound(str(error)) from None


@router.post("/auth_configs", response={201: AuthConfigOut}, tags=["auth configs"])
@requires(Scope.WRITE)
def create(request: ApiRequest, body: AuthConfigIn) -> Status[AuthConfig]:
    """Create an auth config. Register its `redirect_uri` at the service."""
    secret = Secret(body.client_secret) if body.client_secret else None
    given = body.dict() | {"client_secret": secret}
    return Status(201, create_auth_config(project=request.auth.project, **given))


@router.get("/auth_configs", response=Page[AuthConfigOut], tags=["auth configs"])
@requires(Scope.READ)
def list_auth_configs(request: ApiRequest, page: Query[PageQuery]) -> dict[str, object]:
    """The project's auth configs, newest first."""
    return paginate(AuthConfig.objects.in_project(request.auth.project), page)


@router.get("/auth_configs/{auth_config_id}", response=AuthConfigOut, tags=["auth configs"])
@requires(Scope.READ)
def get_auth_config(request: ApiRequest, auth_config_id: str) -> AuthConfig:
    """One auth config."""
    return get_or_404(request, AuthConfig.objects.all(), auth_config_id)
