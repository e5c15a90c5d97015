"""What the forms of those who hold an OAuth client have in common: its id and its secret."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from integrations.admin.auth_config_fields import PARAMETER
from integrations.catalog import Toolkit
from integrations.models.client_holder import is_client_text
from integrations.models.oauth_clients import replace_client
from integrations.secrets import Secret

STORED = (
    "A secret is stored. A new one is tried first; the one before it stays as a fallback until you "
    "drop it. Empty: nothing changes."
)
STORED_OAUTH1 = (
    "A secret is stored. OAuth 1 signs with one secret only: a new one takes its place at once. "
    "Empty: nothing changes."
)


class ClientForm(forms.ModelForm[Any]):
    """Replaces a client's id and secret, or keeps them; what is stored is never shown.

    Attributes:
        added: whether the row is there already.
        no_columns: fields that stand for no column of their name.
    """

    toolkit: Toolkit
    added: bool
    no_columns = frozenset({"new_client_secret"})

    def prepare_client(self) -> None:
        """Fill in what is known, and say what has to be given."""
        for name, value in self.instance.parameters.items():
            self.initial[f"{PARAMETER}{name}"] = value
        if "client_id" in self.fields:
            self.fields["client_id"].required = True
        if secret := self.fields.get("new_client_secret"):
            stored = self.instance.client_secret is not None
            secret.required = not self.added
            told = STORED_OAUTH1 if self.toolkit.request_token_url else STORED
            secret.help_text = told if stored else "It is sealed and never shown again."

    def clean_new_client_secret(self) -> str:
        """Refuse what no client secret can be (RFC 6749, A.2). A private key has lines."""
        secret: str = self.cleaned_data["new_client_secret"]
        key = self.toolkit.client_auth == "private_key_jwt"
        if not all(is_client_text(line) for line in (secret.splitlines() if key else [secret])):
            raise ValidationError("A client secret is printable ASCII.")
        return secret

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

    def take_client(self, cleaned: dict[str, Any]) -> None:
        """Put what was entered in the place of what is there, which is kept."""
        secret, present = cleaned.get("new_client_secret"), self.instance.client_id
        client_id = cleaned.get("client_id", present)
        if self.added and client_id != present and self._lacks_secret(secret):
            self.add_error("new_client_secret", "Another client has a secret of its own: enter it.")
            return
        if client_id != present or secret:
            new = Secret(secret) if secret else None
            replace_client(self.instance, client_id=client_id, secret=new)

    def changes(self) -> dict[str, Any]:
        """Return the columns that were changed, but for the secret, with what they are to hold."""
        names = {"parameters" if name.startswith(PARAMETER) else name for name in self.changed_data}
        return {name: getattr(self.instance, name) for name in names - self.no_columns}

    @property
    def new_secret(self) -> Secret | None:
        """The secret that was entered; None keeps the present one."""
        entered = self.cleaned_data.get("new_client_secret")
        return Secret(entered) if entered else None

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
