"""How one project authenticates with one toolkit."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from pydantic import ValidationError as Misfit

from integrations.catalog import Toolkit, UnknownToolkit, UnusableDescription, get_toolkit
from integrations.ids import IdField
from integrations.models.callback_url import check_callback_url
from integrations.models.client_holder import ClientHolder, is_client_text
from integrations.models.oauth_clients import parameters_of
from integrations.models.scoping import ProjectScopedModel
from integrations.secrets import SealedField

if TYPE_CHECKING:
    from integrations.models.managed_app import ManagedApp


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


class AuthConfig(ClientHolder, ProjectScopedModel):
    """A project's client at a toolkit: scheme, client credentials, scopes and parameters."""

    id = IdField("ac")
    scheme = models.CharField(max_length=20, choices=Scheme, default=Scheme.OAUTH2)
    # The instance's own app, where the project brings none. Never changed.
    managed_app = models.ForeignKey(
        "integrations.ManagedApp",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="auth_configs",
    )
    # Empty where the project has no app of its own at the service: with keys, or a managed app.
    client_id = models.CharField(max_length=500, blank=True)
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
    callback_url = models.CharField(
        "callback URL",
        max_length=500,
        default="",
        db_default="",
        blank=True,
        help_text="An address of your own that hands people on to Evergrant, query and all; empty: "
        "Evergrant's.",
    )
    # A service that is not in the catalog: the fields of a toolkit file, other than its slug.
    service = models.JSONField(null=True, blank=True, editable=False)
    # What of it was found at service_url: the other fields in it were given by hand.
    discovered = models.JSONField(null=True, blank=True, editable=False)
    # Where the service was discovered: an issuer, or an MCP server.
    service_url = models.CharField(max_length=500, blank=True, editable=False)
    # How the client that was registered there is managed (RFC 7591, 3.2.1): a JSON text.
    registration = SealedField(null=True)
    # Until when somebody gets another client there, and nobody else shall; by the database's clock.
    registering_until = models.DateTimeField(null=True, editable=False)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "auth config"

    def __str__(self) -> str:
        return f"{self.name} ({self.toolkit})"

    def clean(self) -> None:
        """Refuse an unknown toolkit, and parameters that are missing, unknown or not its to set."""
        if not is_client_text(self.client_id):
            raise ValidationError({"client_id": "A client ID is printable ASCII."})
        if self.managed_app is not None:
            self.managed_app.check_auth_config(self)
        elif bool(self.client_id) is not (self.scheme in OAUTH_SCHEMES):
            told = "needs a client ID" if self.scheme in OAUTH_SCHEMES else "has no client ID"
            raise ValidationError({"client_id": f"{self.get_scheme_display()} {told}."})
        self.check_extra_parameters()
        if self.callback_url:
            check_callback_url(self.callback_url)
        try:
            toolkit = self.whole_toolkit
        except UnknownToolkit as error:
            raise ValidationError({"toolkit": str(error)}) from None
        if self.scheme not in toolkit.schemes:
            offered = ", ".join(toolkit.schemes)
            raise ValidationError({"scheme": f"{toolkit.name} takes: {offered}."})
        given = self.client_holder.parameters
        missing = sorted(set(toolkit.parameters) - set(given))
        unknown = sorted(set(given) - set(toolkit.parameters))
        if missing or unknown:
            parts = [("missing", missing), ("unknown", unknown)]
            told = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
            raise ValidationError({"parameters": f"{toolkit.name} parameters {told}."})

    @property
    def client_holder(self) -> AuthConfig | ManagedApp:
        """The row whose client this config uses: the managed app that it stands on, or itself.

        Asks the database where that app was not read along with the config.
        """
        return self.managed_app or self

    @property
    def client_holder_id(self) -> str:
        """The id of `client_holder`, for which nothing is asked."""
        return self.managed_app_id or self.pk

    @property
    def takes_connections(self) -> bool:
        """Whether people may connect with it: neither it nor its app is switched off."""
        return self.enabled and self.client_holder.enabled

    @property
    def all_calls_blocked_until(self) -> datetime | None:
        """Until when its provider is left alone: for its own sake, or for its client's."""
        ends = (self.calls_blocked_until, self.client_holder.calls_blocked_until)
        return max((end for end in ends if end), default=None)

    @property
    def sent_at_authorization(self) -> dict[str, str]:
        """Extra parameters of the authorization request; those of a managed app stay."""
        return {**self.authorization_parameters, **self.client_holder.authorization_parameters}

    @property
    def is_refused(self) -> bool:
        """Whether the provider refused the client when last called, for whatever project."""
        refused = self.misconfigured_since or self.client_holder.misconfigured_since
        return refused is not None

    @property
    def catalog_entry(self) -> Toolkit:
        """The toolkit's facts, with the client's parameters filled into its URLs."""
        return self.entry_of("")

    def entry_of(self, client_id: str) -> Toolkit:
        """As `catalog_entry`, where the client of that id is at home, be it one of before."""
        parameters = tuple(sorted(parameters_of(self, client_id).items()))
        return _catalog_entry(self.toolkit, self._described, self.scheme, parameters)

    @property
    def whole_toolkit(self) -> Toolkit:
        """The toolkit with all that it offers, placeholders and all. Raises UnknownToolkit."""
        return _whole_toolkit(self.toolkit, self._described)

    @property
    def toolkit_name(self) -> str:
        """What people call the service; the slug where the catalog has lost it."""
        try:
            return self.whole_toolkit.name
        except UnknownToolkit:
            return self.toolkit

    @property
    def _described(self) -> str:
        return json.dumps(self.service, sort_keys=True) if self.service else ""

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to: to be registered there, per auth config."""
        return self.callback_url or self.landing_url

    @property
    def landing_url(self) -> str:
        """Where people come back to Evergrant, be it by way of a ``callback_url``.

        The path carries who holds the client, so that one provider's answer cannot land in
        another's flow.
        """
        return f"{settings.BASE_URL}/connect/callback/{self.client_holder_id}"

    @property
    def required_scopes(self) -> list[str]:
        """The scopes that an account has to have."""
        return list(self.scopes) or list(self.catalog_entry.default_scopes)

    @property
    def chosen_scopes(self) -> list[str]:
        """The scopes that are required, and the optional ones."""
        return list(dict.fromkeys([*self.required_scopes, *self.optional_scopes]))

    @property
    def requested_scopes(self) -> list[str]:
        """The scopes to ask for: those chosen, and what tells whose account it is."""
        return self.catalog_entry.with_identity_scopes(self.chosen_scopes)

    def mark_working(self) -> None:
        """Note that the provider accepts this client."""
        super().mark_working()
        if self.managed_app is not None:
            self.managed_app.mark_working()

    def mark_former_working(self) -> None:
        """Note that the provider accepts a client of before."""
        super().mark_former_working()
        if self.managed_app is not None:
            self.managed_app.mark_former_working()


@lru_cache(maxsize=1024)
def _catalog_entry(
    slug: str, described: str, scheme: str, parameters: tuple[tuple[str, str], ...]
) -> Toolkit:
    return _whole_toolkit(slug, described).for_scheme(scheme).with_parameters(dict(parameters))


@lru_cache(maxsize=1024)
def _whole_toolkit(slug: str, described: str) -> Toolkit:
    if not described:
        return get_toolkit(slug)
    try:
        return Toolkit.model_validate(json.loads(described) | {"slug": slug})
    except Misfit:
        # It was checked when it was stored: by an earlier version of Evergrant.
        raise UnusableDescription(slug) from None
