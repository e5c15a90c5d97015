"""What the catalog knows of one service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import Field, model_validator

from integrations.catalog.answers import (
    AnswerShape,
    ConfigurationRule,
    Rule,
    TerminalRule,
    is_outage,
)
from integrations.catalog.application import BEARER, Application
from integrations.catalog.base import LONGEST_SECONDS, Seconds, Url
from integrations.catalog.connection_parameters import ConnectionParameter
from integrations.catalog.identity import Identity
from integrations.catalog.keys import KeyForm
from integrations.catalog.lifecycle import Calls, Probe, RefreshTokenLife
from integrations.catalog.paths import Path, value_at
from integrations.catalog.redirects import RedirectSignature
from integrations.catalog.revocation import Revocation
from integrations.catalog.scopes import Scopes
from integrations.catalog.templates import fill_all, fill_url, placeholders_in
from integrations.catalog.token_trades import TokenTrade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ClientAuth = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_as_username",
    "private_key_jwt",
    "none",
]
# How a token request is sent. With "query" it is a GET.
TokenRequest = Literal["form", "json", "query"]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_]+$")]
TokenParameter = Literal[
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "scope",
]
Rotation = Literal["none", "rotates", "rotates_with_grace", "rotates_old_remains_valid"]
Category = Literal[
    "ai",
    "analytics",
    "calendar",
    "chat",
    "commerce",
    "crm",
    # Of services that an auth config describes, where it names no other.
    "custom",
    "data",
    "design",
    "developer",
    "education",
    "email",
    "files",
    "finance",
    "hr",
    "identity",
    "marketing",
    "media",
    "project",
    "sandbox",
    "social",
    "support",
]


class Toolkit(Scopes, AnswerShape):
    """A third-party service: endpoints, ways to authenticate, and how its grants live and die.

    Durations are in seconds. URLs may hold ``{parameter}`` placeholders: an auth config gives the
    values of ``parameters``, each account those of ``connection_parameters``. Every field is
    explained in docs/reference/toolkit-files.md.
    """

    slug: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
    name: str
    description: str
    category: Category
    privacy_url: Url | None = None
    docs_url: Url | None = None
    console_url: Url | None = None
    base_url: Url | None = None
    parameters: dict[str, str] = {}
    connection_parameters: dict[str, ConnectionParameter] = {}
    # Which fields no page of the provider's own was seen to say.
    unverified: tuple[str, ...] = ()

    # OAuth 2, or OAuth 1 where there is a request_token_url; empty where it offers neither.
    authorization_url: str = ""
    token_url: str = ""
    request_token_url: str | None = None
    refresh_url: str | None = None
    revocation_url: str | None = None
    revocation: Revocation | None = None
    issuer: str | None = None
    issuer_in_response: bool = False
    redirect_signature: RedirectSignature | None = None
    client_auth: ClientAuth = "client_secret_basic"
    client_id_parameter: ParameterName = "client_id"
    # Other names in token requests; that of redirect_uri goes for the authorization request too.
    token_parameter_names: dict[TokenParameter, ParameterName] = {}
    # The code's name in the query with which people come back.
    code_parameter: ParameterName = "code"
    pkce: bool = True
    # Whether its ID tokens carry the nonce that was sent (OpenID Connect Core 1.0, 2).
    nonce: bool = True
    authorization_parameters: dict[str, str] = {}
    # Beside or in place of those, where the person has to choose another account.
    account_choice: dict[str, str] = {}
    token_parameters: dict[str, str] = {}
    token_request: TokenRequest = "form"  # noqa: S105 - no secret
    token_headers: dict[str, str] = {}
    refresh_needs_redirect_uri: bool = False
    # An access token that is traded for a longer one, first and then again and again.
    longer_token: TokenTrade | None = None
    self_renewal: TokenTrade | None = None
    apply: Application = BEARER
    identity: Identity | None = None
    # Keys that it takes instead of OAuth.
    keys: tuple[KeyForm, ...] = ()

    # Where parts of a token answer stand that are not where RFC 6749, 5.1 has them.
    token_paths: dict[
        Literal["access_token", "refresh_token", "expires_in", "scope", "token_type"], Path
    ] = {}
    token_types: Annotated[list[str], Field(min_length=1)] = ["bearer"]
    access_token_seconds: Seconds | None = 3600
    expires_in_zero_means_never: bool = False
    refresh_share: Annotated[float, Field(gt=0, lt=1)] = 0.7
    refresh_jitter: Annotated[float, Field(ge=0, lt=0.3)] = 0.1
    rotation: Rotation = "rotates"
    grace_seconds: Annotated[int, Field(ge=0, le=LONGEST_SECONDS)] = 0
    refresh_token: RefreshTokenLife = RefreshTokenLife()
    calls: Calls = Calls()
    probe: Probe = Probe()

    # What the token endpoint's answers mean: looked at in this order, the generic rules last.
    transient: tuple[Rule, ...] = ()
    configuration: tuple[ConfigurationRule, ...] = ()
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

    @model_validator(mode="after")
    def _can_be_connected(self) -> Self:
        if bool(self.authorization_url) is not bool(self.token_url):
            raise ValueError("authorization_url and token_url belong together")
        if not self.schemes:
            raise ValueError("it offers no way to authenticate")
        if len(set(self.schemes)) < len(self.schemes):
            raise ValueError("two keys have one scheme")
        if self.revocation and self.revocation_url:
            raise ValueError("give revocation_url (RFC 7009) or revocation")
        if (self.longer_token or self.self_renewal) and "oauth2" not in self.schemes:
            raise ValueError("longer_token and self_renewal belong to OAuth 2")
        if self.self_renewal and self.refresh_url:
            raise ValueError("give refresh_url (RFC 6749) or self_renewal")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = list(self._names_in_token_requests.values())
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two parameters of token requests have one name: {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> Self:
        known = {*self.parameters, *self.connection_parameters}
        if both := sorted(set(self.parameters) & set(self.connection_parameters)):
            raise ValueError(f"parameters of both kinds: {', '.join(both)}")
        fields = {field.name for form in self.keys for field in form.fields}
        if unknown := sorted(placeholders_in(*self.addresses()) - known - fields - _REVOKED):
            raise ValueError(f"no parameters of these names: {', '.join(unknown)}")
        signed = self.redirect_signature.matches if self.redirect_signature else {}
        texts = placeholders_in(*self.token_parameters.values(), *signed.values())
        revoking = self.revocation.parameters.values() if self.revocation else ()
        texts |= placeholders_in(*(each.path_again for each in self.connection_parameters.values()))
        texts |= placeholders_in(*revoking) - _REVOKED - {"client_secret"}
        if unknown := sorted(texts - known):
            raise ValueError(f"texts name no parameters of these names: {', '.join(unknown)}")
        if unknown := sorted(set(self.unverified) - set(type(self).model_fields)):
            raise ValueError(f"unverified names no fields: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _keys_tell_what_they_hold(self) -> Self:
        told = {name for form in self.keys for name in form.connection_parameters}
        if unknown := sorted(told - set(self.connection_parameters)):
            raise ValueError(f"keys tell what is no connection parameter: {', '.join(unknown)}")
        for scheme in self.schemes:
            parameters = self.for_scheme(scheme).connection_parameters.values()
            fields = set() if scheme in OAUTH else {f.name for f in self.key_form(scheme).fields}
            if any(each.source == "key" and each.path not in fields for each in parameters):
                raise ValueError(f"{scheme} has no field that tells a connection parameter")
        return self

    @property
    def schemes(self) -> tuple[str, ...]:
        """The ways to authenticate, the best first: ``oauth2``, ``oauth1``, those of its keys."""
        oauth = "oauth1" if self.request_token_url else "oauth2"
        return (*([oauth] if self.token_url else []), *(form.scheme for form in self.keys))

    @property
    def has_lifecycle_facts(self) -> bool:
        """Whether the file says itself how grants live and end, and how a dead one is told."""
        told = self.model_fields_set
        if not self.token_url:
            return {"base_url", "docs_url"} <= told and self.identity is not None
        revoked = {"revocation", "revocation_url"} & told
        return told >= _LIFECYCLE and bool(revoked) and self.identity is not None

    def for_scheme(self, scheme: str) -> Toolkit:
        """Return this toolkit as those see it who authenticate by one of its key schemes.

        What OAuth alone has is not there: refresh tokens that rotate and end, and revocation. By
        another scheme it is as it is. Raises LookupError where it does not offer the scheme.
        """
        if scheme not in self.schemes:
            raise LookupError(scheme)
        if scheme in OAUTH:
            return self
        form = self.key_form(scheme)
        token_url = (form.token_url or self.token_url) if form.traded else ""
        only_oauth: dict[str, object] = {
            "rotation": "none",
            "grace_seconds": 0,
            "refresh_token": RefreshTokenLife(),
            "revocation": None,
            "revocation_url": None,
            "refresh_url": None,
            "longer_token": None,
            "self_renewal": None,
            "redirect_signature": None,
            "apply": form.apply,
            "default_scopes": list(form.scopes),
            "token_url": token_url,
            "connection_parameters": {
                name: parameter.told_by(form.connection_parameters.get(name))
                for name, parameter in self.connection_parameters.items()
            },
        }
        if "identity" in form.model_fields_set:
            only_oauth["identity"] = form.identity
        return self.model_copy(update=only_oauth)

    def with_connection(self, values: Mapping[str, str]) -> Toolkit:
        """Return this toolkit with an account's own parameters in the URLs, or their defaults."""
        if not self.connection_parameters:
            return self
        defaults = {
            name: parameter.default
            for name, parameter in self.connection_parameters.items()
            if parameter.default is not None
        }
        return self.with_parameters(defaults | dict(values))

    def key_form(self, scheme: str) -> KeyForm:
        """Return the form of one of its key schemes. Raises LookupError."""
        for form in self.keys:
            if form.scheme == scheme:
                return form
        raise LookupError(scheme)

    @property
    def redirect_uri_parameter(self) -> str:
        """The name of ``redirect_uri``, in the authorization request as in token requests."""
        return self.token_parameter_names.get("redirect_uri", "redirect_uri")

    def under_its_names(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return a token request's parameters by the names that the service has for them.

        What is further sent gives way to them, whatever it is called.
        """
        names = self._names_in_token_requests
        further = {name: value for name, value in parameters.items() if name not in names}
        return further | {names[name]: value for name, value in parameters.items() if name in names}

    @property
    def _names_in_token_requests(self) -> dict[str, str]:
        standard = {name: name for name in get_args(TokenParameter)}
        standard["client_id"] = self.client_id_parameter
        return standard | {str(name): own for name, own in self.token_parameter_names.items()}

    def in_standard_places(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return a token answer with its parts where RFC 6749, 5.1 has them."""
        if not self.token_paths:
            return answer
        moved = {name: value_at(answer, path) for name, path in self.token_paths.items()}
        return answer | {name: value for name, value in moved.items() if value is not None}

    def addresses(self) -> Iterator[str]:
        """Yield every URL that is called, or that a person is sent to, placeholders and all."""
        named = (getattr(self, name) for name in URL_FIELDS)
        keys = (form.token_url for form in self.keys)
        calls = (parameter.url for parameter in self.connection_parameters.values())
        identities = (form.identity for form in self.keys)
        trades = (self.longer_token, self.self_renewal)
        parts = (self.identity, self.revocation, *trades, *identities)
        inner = (part.url for part in parts if part)
        yield from filter(None, (*named, *keys, *calls, *inner))

    def with_parameters(self, values: Mapping[str, str]) -> Toolkit:
        """Return this toolkit with ``values`` in the place of the URLs' placeholders."""
        if not (self.parameters or self.connection_parameters):
            return self
        filled: dict[str, object] = {
            name: fill_url(template, values)
            for name in URL_FIELDS
            if (template := getattr(self, name))
        }
        filled["token_parameters"] = fill_all(self.token_parameters, values)
        for name in ("identity", "longer_token", "self_renewal"):
            filled[name] = (part := getattr(self, name)) and _filled(part, values)
        filled["redirect_signature"] = self.redirect_signature and (
            self.redirect_signature.with_parameters(values)
        )
        filled["revocation"] = self.revocation and self.revocation.with_parameters(values)
        filled["keys"] = tuple(
            form.model_copy(
                update={
                    "token_url": form.token_url and fill_url(form.token_url, values),
                    "identity": form.identity and _filled(form.identity, values),
                }
            )
            for form in self.keys
        )
        filled["connection_parameters"] = {
            name: _filled(parameter, values)
            for name, parameter in self.connection_parameters.items()
        }
        return self.model_copy(update=filled)

    def with_identity_scopes(self, asked: Iterable[str]) -> list[str]:
        """Return the scopes ``asked`` and those that the identity call lacks among them.

        Where nothing is asked for, the service has a choice of its own, which is left to it.
        """
        scopes = list(dict.fromkeys(asked))
        needed = self.identity.scopes if self.identity and scopes else ()
        known = self.granted_names(scopes)
        lacking = (any_of[0] for any_of in needed if known.isdisjoint(self.granted_names(any_of)))
        return [*scopes, *lacking]


OAUTH = ("oauth2", "oauth1")
URL_FIELDS = (
    "base_url",
    "authorization_url",
    "token_url",
    "request_token_url",
    "refresh_url",
    "revocation_url",
    "issuer",
)
_LIFECYCLE = {"base_url", "access_token_seconds", "rotation", "refresh_token", "terminal"}
# What the address of a revocation may hold besides.
_REVOKED = {"access_token", "refresh_token", "client_id"}

_Part = TypeVar("_Part", Identity, ConnectionParameter, TokenTrade)


def _filled(part: _Part, values: Mapping[str, str]) -> _Part:
    """Return ``part`` with ``values`` in its address, if it has one."""
    if part.url is None:
        return part
    return part.model_copy(update={"url": fill_url(part.url, values)})
