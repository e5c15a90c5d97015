"""An OAuth app of the instance itself, which every project may stand on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from integrations.catalog import Toolkit, UnknownToolkit, get_toolkit
from integrations.ids import IdField
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.models.client_holder import ClientHolder, is_client_text
from integrations.models.refusals import NO_REFUSALS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from integrations.models.auth_config import AuthConfig

# The one refusal of a token request that an auth config's own choice can cause: everything else in
# such a request is the app's.
OWN_FAULTS = frozenset({"invalid_scope"})


class ManagedAppQuerySet(models.QuerySet["ManagedApp"]):
    """Managed apps by whom they are for."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Only superusers run the instance."""
        return self.all() if user.is_superuser else self.none()

    def offered(self) -> Self:
        """Those that new auth configs may stand on."""
        return self.filter(enabled=True)


class ManagedApp(ClientHolder):
    """A client at a toolkit that the operator of the instance registered there.

    It belongs to no project; an auth config with `AuthConfig.managed_app` stands on it.
    """

    id = IdField("ma")
    client_id = models.CharField(max_length=500)
    scopes = ArrayField(
        models.CharField(max_length=500),
        default=list,
        blank=True,
        help_text="Scopes that the service approved the app for; empty means any.",
    )
    enabled = models.BooleanField(
        default=True, help_text="Off: nobody connects with it any more; accounts live on."
    )

    objects: ClassVar = ManagedAppQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "managed app"
        indexes = [models.Index(fields=["toolkit", "enabled"], name="managed_app_by_toolkit")]

    def __str__(self) -> str:
        return f"{self.name} ({self.toolkit})"

    @property
    def scheme(self) -> str:
        """How its accounts authenticate. Raises UnknownToolkit."""
        return scheme_for(get_toolkit(self.toolkit))

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to, whichever project's: to be registered there."""
        return f"{settings.BASE_URL}/connect/callback/{self.pk}"

    def unapproved(self, scopes: Iterable[str]) -> list[str]:
        """Return which of ``scopes`` the app was not approved for."""
        if not self.scopes:
            return []
        return get_toolkit(self.toolkit).scopes_outside(self.scopes, scopes=scopes)

    def clean(self) -> None:
        """Refuse a client, a toolkit or parameters that cannot be right."""
        if not self.client_id or not is_client_text(self.client_id):
            raise ValidationError({"client_id": "A client ID is printable ASCII."})
        self.check_extra_parameters()
        try:
            toolkit = get_toolkit(self.toolkit)
        except UnknownToolkit as error:
            raise ValidationError({"toolkit": str(error)}) from None
        if not scheme_for(toolkit):
            raise ValidationError({"toolkit": f"{toolkit.name} takes no OAuth app."})
        if set(toolkit.parameters) != set(self.parameters):
            names = ", ".join(toolkit.parameters) or "none"
            told = f"{toolkit.name} has the parameters: {names}. Each needs a value."
            raise ValidationError({"parameters": told})

    def check_auth_config(self, auth_config: AuthConfig) -> None:
        """Refuse what an auth config that stands on this app may not bring or ask for.

        Its own token parameters could make the provider refuse the client, and so stop the calls
        of every other project.

        Raises:
            ValidationError: names the field.
        """
        for field in _THE_APPS:
            if getattr(auth_config, field):
                raise ValidationError({field: "The managed app brings this: leave it out."})
        if auth_config.toolkit != self.toolkit:
            raise ValidationError({"toolkit": f"The managed app is one of {self.toolkit}."})
        if auth_config.scheme != self.scheme:
            raise ValidationError({"scheme": f"The managed app takes {self.scheme}."})
        # What the identity call needs besides is no choice of the project's.
        if lacking := self.unapproved(auth_config.chosen_scopes):
            approved = ", ".join(self.scopes)
            told = f"The managed app is not approved for {', '.join(lacking)}, but for: {approved}."
            raise ValidationError({"scopes": told})

    def mark_working(self) -> None:
        """Note that the provider accepts this client, whichever project called."""
        super().mark_working()
        self.clear_auth_configs()

    def clear_auth_configs(self) -> None:
        """Take back what its auth configs were told of its refusals; their own faults stay."""
        told = self.auth_configs.filter(misconfigured_since__isnull=False)
        told.exclude(misconfigured_error__in=OWN_FAULTS).update(**NO_REFUSALS)


# Of an auth config: the client's, and what is sent for it or decides where.
_THE_APPS = (
    "client_id",
    "client_secret",
    "parameters",
    "token_parameters",
    "testing_mode",
    "callback_url",
    "service",
    "service_url",
)


def scheme_for(toolkit: Toolkit) -> str:
    """Return the first scheme of ``toolkit`` for which an app is registered; empty: none."""
    return next((scheme for scheme in toolkit.schemes if scheme in OAUTH_SCHEMES), "")
