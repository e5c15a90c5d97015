"""The form of an auth config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.admin.auth_config_fields import PARAMETER, declared
from integrations.admin.client_form import ClientForm
from integrations.admin.managed_choice import ask_for_approved, narrowed
from integrations.admin.project_choice import InProjectForm
from integrations.admin.service_forms import told_problems
from integrations.auth_configs import check_servers
from integrations.described.columns import changed_service, free_slug
from integrations.described.written import as_text, read_description
from integrations.errors import InvalidInput
from integrations.models import AuthConfig, ManagedApp
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.registrations import REGISTERED_WITH_IT, is_registered

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import Toolkit


class AuthConfigForm(ClientForm, InProjectForm):
    """Everything but the stored secret, which is replaced or kept and never shown.

    `form_of` gives it the fields of a toolkit and a scheme.
    """

    toolkit: Toolkit
    scheme: str
    # Of a new config for a service that was described just now: see service_drafts.
    draft: dict[str, Any] | None = None
    # Which the config stands on, or a new one is to.
    managed_app: ManagedApp | None = None
    no_columns = ClientForm.no_columns | {"description"}

    class Meta:
        model = AuthConfig
        fields = ("name", "client_id", "callback_url", "enabled", "testing_mode")
        labels = {"client_id": "Client ID"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.added = bool(self.instance.project_id)
        self.described_anew = False
        if not self.added:
            self.instance.toolkit, self.instance.scheme = self.toolkit.slug, self.scheme
            for column, value in (self.draft or {}).items():
                setattr(self.instance, column, value)
            self.instance.managed_app = self.managed_app
            self.initial.setdefault("name", self.toolkit.name)
        self.prepare_client()
        if self.managed_app is not None:
            ask_for_approved(self.fields["scopes"], self.toolkit, self.managed_app)
        if "description" in self.fields:
            self.initial["description"] = as_text(self.instance.service)
        if "callback_url" in self.fields and self.added:
            told = f"An address of your own that hands people on to {self.instance.landing_url}, "
            self.fields["callback_url"].help_text = f"{told}query and all. Empty: that one itself."

    def clean(self) -> dict[str, Any]:
        """Take over a new secret, and refuse servers that the outbound door would refuse."""
        cleaned = super().clean()
        if self.draft and self.instance.project_id:
            self.instance.toolkit = free_slug(self.instance.project, self.toolkit.name)
        if "description" in cleaned:
            self._take_description(cleaned["description"])
        if self.instance.managed_app is not None:
            return cleaned
        if self.scheme in OAUTH_SCHEMES:
            self.take_client(cleaned)
            self._check_callback_url(cleaned)
        given = {name: cleaned.get(f"{PARAMETER}{name}") for name in self.toolkit.parameters}
        # Where one is missing its field says so.
        if all(given.values()):
            self.instance.parameters = given
            self._check_servers()
        return cleaned

    def _check_callback_url(self, cleaned: dict[str, Any]) -> None:
        asked = cleaned.get("callback_url", self.instance.callback_url)
        if self.added and asked != self.instance.callback_url and is_registered(self.instance):
            self.add_error("callback_url", REGISTERED_WITH_IT.format(self.instance.pk))

    def _check_servers(self) -> None:
        try:
            check_servers(self.instance)
        except InvalidInput as error:
            of_parameters = error.details["fields"][0]["field"] == "parameters"
            place = "parameters" if of_parameters else "description"
            self.add_error(self._shown_at(place), told_problems(error))

    def _take_description(self, text: str) -> None:
        try:
            fields = read_description(text)
            if fields == self.instance.service:
                return
            columns = changed_service(self.instance, fields)
        except InvalidInput as error:
            self.add_error("description", told_problems(error))
            return
        self.instance.service = columns["service"]
        self.described_anew = True

    def changes(self) -> dict[str, Any]:
        """Return the columns that were changed; a new description is one of the service."""
        service = {"service": self.instance.service} if self.described_anew else {}
        return super().changes() | service


def form_of(
    toolkit: Toolkit,
    scheme: str,
    asked: Iterable[str],
    draft: dict[str, Any] | None = None,
    managed_app: ManagedApp | None = None,
) -> type[AuthConfigForm]:
    """Return the form that asks for the fields ``asked`` of the toolkit and the scheme.

    Args:
        draft: of a service that is not in the catalog.
        managed_app: that the config stands on.
    """
    facts = {"toolkit": toolkit, "scheme": scheme, "draft": draft, "managed_app": managed_app}
    toolkit = narrowed(toolkit, managed_app)
    return type("AuthConfigForm", (AuthConfigForm,), facts | declared(toolkit, scheme, asked))
