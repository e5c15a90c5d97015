"""The form of an auth config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError

from integrations.admin.auth_config_fields import PARAMETER, declared
from integrations.admin.project_choice import InProjectForm
from integrations.auth_configs import check_addresses
from integrations.models import AuthConfig
from integrations.models.auth_config import OAUTH_SCHEMES, is_client_text
from integrations.models.oauth_clients import replace_client
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import Toolkit

_STORED = (
    "A secret is stored. A new one is tried first; the one before it stays as a fallback until you "
    "drop it. Empty: nothing changes."
)


class AuthConfigForm(InProjectForm):
    """Everything but the stored secret, which is replaced or kept and never shown.

    `form_of` gives it the fields of a toolkit and a scheme.
    """

    toolkit: Toolkit
    scheme: str

    class Meta:
        model = AuthConfig
        fields = ("name", "client_id", "enabled", "testing_mode")
        labels = {"client_id": "Client ID"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.added = bool(self.instance.project_id)
        if not self.added:
            self.instance.toolkit, self.instance.scheme = self.toolkit.slug, self.scheme
            self.initial.setdefault("name", self.toolkit.name)
        for name, value in self.instance.parameters.items():
            self.initial[f"{PARAMETER}{name}"] = value
        if "client_id" in self.fields:
            self.fields["client_id"].required = True
        if secret := self.fields.get("new_client_secret"):
            stored = self.instance.client_secret is not None
            secret.required = not self.added
            secret.help_text = _STORED if stored else "It is sealed and never shown again."

    def clean_new_client_secret(self) -> str:
        """Refuse what no client secret can be (RFC 6749, A.2). A private key has lines."""
        secret: str = self.cleaned_data["new_client_secret"]
        key = self.toolkit.client_auth == "private_key_jwt"
        if not all(is_client_text(line) for line in (secret.splitlines() if key else [secret])):
            raise ValidationError("A client secret is printable ASCII.")
        return secret

    def clean(self) -> dict[str, Any]:
        """Take over a new secret, and refuse servers that the outbound door would refuse."""
        cleaned = super().clean()
        if self.scheme in OAUTH_SCHEMES:
            self._take_client(cleaned)
        given = {name: cleaned.get(f"{PARAMETER}{name}") for name in self.toolkit.parameters}
        # Where one is missing its field says so.
        if all(given.values()):
            self.instance.parameters = given
            kit = self.toolkit.for_scheme(self.scheme)
            check_addresses(kit.with_parameters(cast("dict[str, str]", given)))
        return cleaned

    def add_error(self, field: str | None, error: Any) -> None:
        """Note an error where the form can show it: the model names fields that it has not."""
        told = getattr(error, "error_dict", None)
        if field is not None or told is None:
            super().add_error(field, error)
            return
        for name, errors in told.items():
            place = self._shown_at(name)
            # One complaint about a field is enough.
            if place not in self.errors:
                super().add_error(place, errors)

    def _take_client(self, cleaned: dict[str, Any]) -> None:
        secret, present = cleaned.get("new_client_secret"), self.instance.client_id
        client_id = cleaned.get("client_id", present)
        if self.added and client_id != present and self._lacks_secret(secret):
            self.add_error("new_client_secret", "Another client has a secret of its own: enter it.")
            return
        replace_client(
            self.instance, client_id=client_id, secret=Secret(secret) if secret else None
        )

    def _lacks_secret(self, secret: str | None) -> bool:
        asked = "new_client_secret" in self.fields and "new_client_secret" not in self.errors
        return asked and not secret and self.instance.client_secret is not None

    def _shown_at(self, name: str) -> str | None:
        if name in self.fields:
            return name
        parameters = [field for field in self.fields if field.startswith(PARAMETER)]
        if name == "parameters" and len(parameters) == 1:
            return parameters[0]
        return None


def form_of(toolkit: Toolkit, scheme: str, asked: Iterable[str]) -> type[AuthConfigForm]:
    """Return the form that asks for the fields ``asked`` of the toolkit and the scheme."""
    facts = {"toolkit": toolkit, "scheme": scheme}
    return type("AuthConfigForm", (AuthConfigForm,), facts | declared(toolkit, scheme, asked))
