"""How one project authenticates with one toolkit."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from integrations.catalog import Toolkit, UnknownToolkit, get_toolkit
from integrations.ids import IdField
from integrations.models.scoping import ProjectScopedModel
from integrations.secrets import SealedField

# What the protocol itself says in these requests (RFC 6749, RFC 7636, OpenID Connect Core).
RESERVED_PARAMETERS = {
    "authorization_parameters": {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    },
    "token_parameters": {
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "grant_type",
        "redirect_uri",
        "refresh_token",
    },
}


class Scheme(models.TextChoices):
    """Ways to authenticate. A scheme's code is in `integrations.schemes`."""

    OAUTH2 = "oauth2", "OAuth 2.0"
    OAUTH1 = "oauth1", "OAuth 1.0a"
    API_KEY = "api_key", "API key"
    BEARER = "bearer", "Bearer token"
    BASIC = "basic", "User name and password"
    CLIENT_CREDENTIALS = "client_credentials", "Client credentials of the user"
    SERVICE_ACCOUNT = "service_account", "Service account"
    NO_AUTH = "no_auth", "None"


# Those for which the project registers an app at the provider.
OAUTH_SCHEMES = frozenset({Scheme.OAUTH2, Scheme.OAUTH1})


def is_client_text(text: str) -> bool:
    """Whether ``text`` may be a client id or secret: printable ASCII (RFC 6749, A.1 and A.2)."""
    return text.isascii() and text.isprintable()


class AuthConfig(ProjectScopedModel):
    """A project's client at a toolkit: scheme, client credentials, scopes and parameters."""

    id = IdField("ac")
    name = models.CharField(max_length=100)
    toolkit = models.SlugField(max_length=64, help_text="A service of the catalog.")
    scheme = models.CharField(max_length=20, choices=Scheme, default=Scheme.OAUTH2)
    # Empty where the project has no app of its own at the service: with keys.
    client_id = models.CharField(max_length=500, blank=True)
    client_secret = SealedField(null=True)
    # See integrations.models.oauth_clients: JSON texts.
    older_client_secrets = SealedField(null=True)
    former_clients = SealedField(null=True)
    scopes = ArrayField(
        models.CharField(max_length=500),
        default=list,
        blank=True,
        help_text="Scopes that are needed; empty means the toolkit's defaults.",
    )
    optional_scopes = ArrayField(
        models.CharField(max_length=500),
        default=list,
        db_default=[],
        blank=True,
        help_text="Scopes that are asked for as well; an account is fine without them.",
    )
    parameters = models.JSONField(
        default=dict, blank=True, help_text="Values for the toolkit's URLs, such as base_url."
    )
    authorization_parameters = models.JSONField(
        default=dict, blank=True, help_text="Extra parameters of the authorization request."
    )
    token_parameters = models.JSONField(
        default=dict, blank=True, help_text="Extra parameters of every token request."
    )
    # A service that is not in the catalog: the fields of a toolkit file, other than its slug.
    service = models.JSONField(null=True, blank=True, editable=False)
    # Where the service was discovered: an issuer, or an MCP server.
    service_url = models.CharField(max_length=500, blank=True, editable=False)
    # How the client that was registered there is managed (RFC 7591, 3.2.1): a JSON text.
    registration = SealedField(null=True)
    testing_mode = models.BooleanField(
        default=False,
        help_text="The provider has this app in testing, where it may end grants early (Google: "
        "after 7 days).",
    )
    enabled = models.BooleanField(default=True)
    # Facts about the provider's latest refusal of this client; cleared by an edit or a success.
    misconfigured_since = models.DateTimeField(null=True, editable=False)
    misconfigured_error = models.CharField(max_length=100, blank=True, editable=False)
    # Until then the provider is not called for this config; see connections.refresh.
    calls_blocked_until = models.DateTimeField(null=True, editable=False)
    configuration_failures = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "auth config"

    def __str__(self) -> str:
        return f"{self.name} ({self.toolkit})"

    def clean(self) -> None:
        """Refuse an unknown toolkit, and parameters that are missing, unknown or not its to set."""
        if not is_client_text(self.client_id):
            raise ValidationError({"client_id": "A client ID is printable ASCII."})
        if bool(self.client_id) is not (self.scheme in OAUTH_SCHEMES):
            told = "needs a client ID" if self.scheme in OAUTH_SCHEMES else "has no client ID"
            raise ValidationError({"client_id": f"{self.get_scheme_display()} {told}."})
        for field, reserved in RESERVED_PARAMETERS.items():
            if taken := sorted(reserved & set(getattr(self, field))):
                raise ValidationError({field: f"Evergrant sets {', '.join(taken)} itself."})
        try:
            toolkit = self.whole_toolkit
        except UnknownToolkit as error:
            raise ValidationError({"toolkit": str(error)}) from None
        if self.scheme not in toolkit.schemes:
            offered = ", ".join(toolkit.schemes)
            raise ValidationError({"scheme": f"{toolkit.name} takes: {offered}."})
        missing = sorted(set(toolkit.parameters) - set(self.parameters))
        unknown = sorted(set(self.parameters) - set(toolkit.parameters))
        if missing or unknown:
            parts = [("missing", missing), ("unknown", unknown)]
            told = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
            raise ValidationError({"parameters": f"{toolkit.name} parameters {told}."})

    @property
    def catalog_entry(self) -> Toolkit:
        """The toolkit's facts, with this config's parameters filled into its URLs."""
        parameters = tuple(sorted(self.parameters.items()))
        return _catalog_entry(self.toolkit, self._described, self.scheme, parameters)

    @property
    def whole_toolkit(self) -> Toolkit:
        """The toolkit with all that it offers, placeholders and all. Raises UnknownToolkit."""
        return _whole_toolkit(self.toolkit, self._described)

    @property
    def _described(self) -> str:
        return json.dumps(self.service, sort_keys=True) if self.service else ""

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to: to be registered there, per auth config.

        The path carries the config, so that one provider's answer cannot land in another's flow.
        """
        return f"{settings.BASE_URL}/connect/callback/{self.pk}"

    @property
    def required_scopes(self) -> list[str]:
        """The scopes that an account has to have."""
        return list(self.scopes) or list(self.catalog_entry.default_scopes)

    @property
    def requested_scopes(self) -> list[str]:
        """The scopes to ask for: those that are required, and the optional ones."""
        return list(dict.fromkeys([*self.required_scopes, *self.optional_scopes]))

    def mark_misconfigured(self, *, error: str, blocked_until: datetime, now: datetime) -> bool:
        """Note that the provider refuses this client; return whether that is news.

        Of many calls that were under way at once, the first one counts.

        Args:
            blocked_until: how long to leave the provider alone.
        """
        rows = type(self).objects.filter(pk=self.pk)
        unblocked = Q(calls_blocked_until__isnull=True) | Q(calls_blocked_until__lte=now)
        rows.filter(unblocked).update(
            calls_blocked_until=blocked_until,
            configuration_failures=F("configuration_failures") + 1,
        )
        news = rows.filter(misconfigured_since__isnull=True)
        return bool(news.update(misconfigured_since=now, misconfigured_error=error))

    def mark_working(self) -> None:
        """Note that the provider accepts this client."""
        self.forget_refusals()
        fields = {name: getattr(self, name) for name in _REFUSAL_FIELDS}
        type(self).objects.filter(pk=self.pk, misconfigured_since__isnull=False).update(**fields)

    def forget_refusals(self) -> None:
        """Let calls be made again, say after an edit. The caller saves."""
        self.misconfigured_since = self.calls_blocked_until = None
        self.misconfigured_error, self.configuration_failures = "", 0


@lru_cache(maxsize=1024)
def _catalog_entry(
    slug: str, described: str, scheme: str, parameters: tuple[tuple[str, str], ...]
) -> Toolkit:
    return _whole_toolkit(slug, described).for_scheme(scheme).with_parameters(dict(parameters))


@lru_cache(maxsize=1024)
def _whole_toolkit(slug: str, described: str) -> Toolkit:
    if not described:
        return get_toolkit(slug)
    return Toolkit.model_validate(json.loads(described) | {"slug": slug})


_REFUSAL_FIELDS = (
    "misconfigured_since",
    "misconfigured_error",
    "calls_blocked_until",
    "configuration_failures",
)
