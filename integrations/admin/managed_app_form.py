"""The form of a managed app: by its toolkit, as that of an auth config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from integrations.admin.auth_config_fields import PARAMETER, declared
from integrations.admin.client_form import ClientForm
from integrations.auth_configs import check_addresses
from integrations.managed_apps import toolkit_of
from integrations.models import ManagedApp
from integrations.models.auth_config import Scheme

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import Toolkit

_APPROVED = (
    "One per line, those that the service approved the app for: no auth config can ask for others. "
    "Empty: any."
)


class ManagedAppForm(ClientForm):
    """Everything but the stored secret, which is replaced or kept and never shown."""

    class Meta:
        model = ManagedApp
        fields = ("name", "client_id", "enabled", "testing_mode")
        labels = {"client_id": "Client ID"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.added = not self.instance._state.adding  # noqa: SLF001 - Django's name for it
        if not self.added:
            self.instance.toolkit = self.toolkit.slug
            self.initial.setdefault("name", self.toolkit.name)
        self.prepare_client()
        if scopes := self.fields.get("scopes"):
            scopes.label, scopes.help_text = "Approved scopes", _APPROVED
            scopes.widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        """Take over a new secret, and refuse servers that the outbound door would refuse."""
        cleaned: dict[str, Any] = super().clean() or {}
        self.take_client(cleaned)
        given = {name: cleaned.get(f"{PARAMETER}{name}") for name in self.toolkit.parameters}
        # Where one is missing its field says so.
        if all(given.values()):
            self.instance.parameters = given
            try:
                check_addresses(toolkit_of(self.instance))
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned


def managed_app_sections(
    toolkit: Toolkit, scheme: str, *, added: bool
) -> list[tuple[str | None, dict[str, Any]]]:
    """Return the form's fieldsets.

    Args:
        added: whether the app is there already.
    """
    first = ["name", *(["enabled"] if added else [])]
    first += [f"{PARAMETER}{name}" for name in toolkit.parameters]
    if added or toolkit.refresh_token.testing_mode_seconds:
        first.append("testing_mode")
    secret = [] if toolkit.client_auth == "none" else ["new_client_secret"]
    further = ["token_parameters"] if scheme == Scheme.OAUTH2 else []
    return [
        (None, {"fields": first}),
        ("Client", {"fields": ["redirect_uri", "client_id", *secret]}),
        ("Scopes", {"fields": ["scopes"]}),
        (
            "Further parameters of requests",
            {"fields": ["authorization_parameters", *further], "classes": ["collapse"]},
        ),
    ]


def managed_form_of(toolkit: Toolkit, scheme: str, asked: Iterable[str]) -> type[ManagedAppForm]:
    """Return the form that asks for the fields ``asked`` of the toolkit."""
    own = declared(toolkit, scheme, asked)
    return type("ManagedAppForm", (ManagedAppForm,), {"toolkit": toolkit} | own)
