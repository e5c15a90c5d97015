"""What the catalog knows of one service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import quote

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from integrations.catalog.answers import AnswerShape, Rule, TerminalRule, is_outage
from integrations.catalog.identity import Identity
from integrations.catalog.lifecycle import Calls, Probe, RefreshTokenLife

if TYPE_CHECKING:
    from collections.abc import Mapping

ClientAuth = Literal["client_secret_basic", "client_secret_post", "none"]
Rotation = Literal["none", "rotates", "rotates_with_grace", "rotates_old_remains_valid"]


class Toolkit(AnswerShape):
    """A third-party service: endpoints, client authentication, and how its grants live and die.

    Durations are in seconds. URLs may hold ``{parameter}`` placeholders; their names are listed
    in ``parameters`` and an auth config gives the values. Every field is explained in
    docs/reference/toolkits.md.
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

    token_types: Annotated[list[str], Field(min_length=1)] = ["bearer"]
    access_token_seconds: PositiveInt | None = 3600
    expires_in_zero_means_never: bool = False
    refresh_share: Annotated[float, Field(gt=0, lt=1)] = 0.7
    refresh_jitter: Annotated[float, Field(ge=0, lt=0.3)] = 0.1
    rotation: Rotation = "rotates"
    grace_seconds: NonNegativeInt = 0
    refresh_token: RefreshTokenLife = RefreshTokenLife()
    calls: Calls = Calls()
    probe: Probe = Probe()

    # What the token endpoint's answers mean: looked at in this order, the generic rules last.
    transient: tuple[Rule, ...] = ()
    configuration: tuple[Rule, ...] = ()
    terminal: tuple[TerminalRule, ...] = ()
    generic_terminal: bool = True

    @model_validator(mode="after")
    def _an_outage_is_nobodys_fault(self) -> Self:
        rules = (*self.configuration, *self.terminal)
        statuses = {status for rule in rules for status in rule.status or ()}
        if outages := sorted(status for status in statuses if is_outage(status)):
            raise ValueError(f"an outage is transient, so no rule applies to it: {outages}")
        return self

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.grace_seconds and self.rotation != "rotates_with_grace":
            raise ValueError("grace_seconds belong to rotation: rotates_with_grace")
        if self.refresh_share + self.refresh_jitter >= 1:
            raise ValueError("refresh_share and refresh_jitter together reach past the token's end")
        return self

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
