"""What the catalog knows of one service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]
Rotation = Literal["none", "rotates", "rotates_with_grace"]


class CatalogModel(BaseModel):
    """Base: unknown keys are errors, so that a typing mistake in a file is found at start-up."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Identity(CatalogModel):
    """The cheapest call that tells whose account it is. Also the probe that proves a token.

    ``id_path`` and ``label_paths`` are dotted paths into the JSON answer; the first label path
    that holds text is shown to people.
    """

    url: str
    method: Literal["GET", "POST"] = "GET"
    id_path: str
    label_paths: list[str] = []
    dead_statuses: list[int] = [401]


class Refusal(CatalogModel):
    """One answer of the token endpoint, by ``error`` code and optionally HTTP status."""

    error: str
    status: int | None = None
    reason: Literal["grant_revoked", "refresh_token_expired"] = "grant_revoked"


class Toolkit(CatalogModel):
    """A third-party service: endpoints, client authentication, and how its grants live and die.

    Durations are in seconds. URLs may hold ``{parameter}`` placeholders; their names are listed
    in ``parameters`` and an auth config gives the values.
    """

    slug: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    name: str
    description: str
    privacy_url: str | None = None
    parameters: dict[str, str] = {}

    authorization_url: str
    token_url: str
    revocation_url: str | None = None
    issuer: str | None = None
    client_auth: ClientAuth = "client_secret_basic"
    pkce: bool = True
    scope_separator: str = " "
    default_scopes: list[str] = []
    scope_descriptions: dict[str, str] = {}
    authorization_parameters: dict[str, str] = {}
    identity: Identity | None = None

    access_token_seconds: int = 3600
    refresh_share: Annotated[float, Field(gt=0, lt=1)] = 0.7
    refresh_jitter: Annotated[float, Field(ge=0, lt=0.3)] = 0.1
    rotation: Rotation = "rotates"
    grace_seconds: int = 0
    terminal: list[Refusal] = [Refusal(error="invalid_grant")]
    configuration: list[Refusal] = [
        Refusal(error=code) for code in ("invalid_client", "unauthorized_client", "invalid_scope")
    ]

    def with_parameters(self, values: Mapping[str, str]) -> Toolkit:
        """Return this toolkit with ``values`` in the place of the URLs' placeholders."""
        if not self.parameters:
            return self
        filled: dict[str, object] = {
            name: _filled(getattr(self, name), values) for name in _URL_FIELDS
        }
        if self.identity:
            url = _filled(self.identity.url, values)
            filled["identity"] = self.identity.model_copy(update={"url": url})
        return self.model_copy(update=filled)

    def describe_scope(self, scope: str) -> str:
        """Return ``scope`` in plain words where the catalog has them."""
        return self.scope_descriptions.get(scope, scope)


_URL_FIELDS = ("authorization_url", "token_url", "revocation_url", "issuer")


def _filled(template: str | None, values: Mapping[str, str]) -> str | None:
    if template is None:
        return None
    # A base URL keeps its own separators; anything else must not be able to add some.
    for name, value in values.items():
        text = value.rstrip("/") if name == "base_url" else quote(value, safe="")
        template = template.replace("{" + name + "}", text)
    return template
