"""The forms that ask for a service that is not in the catalog: three ways to tell of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from integrations.admin.base import visible_rows
from integrations.admin.form_fields import SecretInput
from integrations.admin.service_adding import add_mcp_auth_config
from integrations.described.columns import new_service
from integrations.described.describing import MOST_BYTES
from integrations.described.vetting import vet_addresses
from integrations.described.written import EXAMPLE, read_description
from integrations.errors import EvergrantError, InvalidInput
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest


_LONGEST_URL: Final = 500


class DescriptionInput(UnfoldAdminTextareaWidget):
    """A text area for YAML or JSON: code, so that nothing is corrected in it."""

    def __init__(self) -> None:
        super().__init__(attrs={"rows": 16, "spellcheck": "false", "autocapitalize": "off"})
        self.attrs["class"] = f"{self.attrs.get('class', '')} eg-code-input"


def description_field() -> forms.CharField:
    """Return a field for a description."""
    return forms.CharField(
        label="Description",
        max_length=MOST_BYTES,
        widget=DescriptionInput,
        help_text="YAML or JSON, by the fields of a toolkit file.",
    )


def told_problems(error: InvalidInput) -> list[str]:
    """Return what is wrong with a description, in the words of its own fields."""
    return [_sentence(**found) for found in error.details["fields"]]


class TellingForm(forms.Form):
    """What the three ways share: the request, and where an error of the operation is shown."""

    main_field: str = ""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any]:
        """Run the operation on fields that are fine by themselves."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            try:
                self.tell(cleaned)
            except InvalidInput as error:
                self._show(error.details["fields"])
            except EvergrantError as error:
                self.add_error(self.main_field, error.message)
        return cleaned

    def tell(self, cleaned: dict[str, Any]) -> None:
        """Do what the form is for. Raises EvergrantError."""
        raise NotImplementedError

    def _show(self, problems: Iterable[dict[str, str]]) -> None:
        for found in problems:
            place = found["field"].removeprefix("service.")
            if place in self.fields:
                self.add_error(place, found["problem"])
            else:
                self.add_error(self.main_field, _sentence(**found))


class DescriptionForm(TellingForm):
    """The service described in full. ``columns``: what came of it."""

    main_field = "description"
    description = description_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns: dict[str, Any] = {}
        self.fields["description"].initial = EXAMPLE

    def tell(self, cleaned: dict[str, Any]) -> None:
        fields = read_description(cleaned["description"])
        self.columns = _checked(new_service(project=None, name="", given=fields))


class IssuerForm(TellingForm):
    """The service's issuer, which is asked for the rest. ``columns``: what came of it."""

    main_field = "issuer_url"
    issuer_url = forms.CharField(
        label="Issuer URL",
        max_length=_LONGEST_URL,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://login.example.com"}),
        help_text="To the letter as the service's metadata has it (OpenID Connect Discovery, "
        "RFC 8414). It is asked now.",
    )
    name = forms.CharField(
        label="Name",
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="What people call the service. They read it when they connect.",
    )
    base_url = forms.CharField(
        label="Base URL",
        required=False,
        max_length=_LONGEST_URL,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://api.example.com/v1"}),
        help_text="Where its API is called. An issuer does not say it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns: dict[str, Any] = {}

    def tell(self, cleaned: dict[str, Any]) -> None:
        given = {name: cleaned[name] for name in ("name", "base_url") if cleaned[name]}
        columns = new_service(project=None, name="", given=given, issuer_url=cleaned["issuer_url"])
        self.columns = _checked(columns)


class McpServerForm(TellingForm):
    """An MCP server, which says everything itself. ``made``: the auth config."""

    main_field = "mcp_server_url"
    mcp_server_url = forms.CharField(
        label="Server URL",
        max_length=_LONGEST_URL,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "https://mcp.example.com/mcp"}),
        help_text="As an MCP client is given it. The server is asked now how it is used.",
    )
    name = forms.CharField(
        label="Name",
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of the auth config, for you and your colleagues.",
    )
    project = forms.ModelChoiceField(
        queryset=Project.objects.none(),
        widget=UnfoldAdminSelectWidget,
        empty_label="Select a project",
    )
    client_id = forms.CharField(
        label="Client ID",
        required=False,
        max_length=_LONGEST_URL,
        widget=UnfoldAdminTextInputWidget,
        help_text="Empty: Evergrant registers a client there by itself, where the server lets it.",
    )
    client_secret = forms.CharField(
        label="Client secret",
        required=False,
        max_length=2000,
        widget=SecretInput,
        help_text="Of that client, if it has one. It is sealed and never shown again.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.made: AuthConfig | None = None
        projects = visible_rows(Project, self.request)
        field = self.fields["project"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - it is declared above
        field.queryset = projects
        first = list(projects[:2])
        field.initial = first[0] if len(first) == 1 else None

    def tell(self, cleaned: dict[str, Any]) -> None:
        secret = cleaned["client_secret"]
        self.made = add_mcp_auth_config(
            request=self.request,
            project=cleaned["project"],
            name=cleaned["name"],
            server_url=cleaned["mcp_server_url"],
            client_id=cleaned["client_id"],
            client_secret=Secret(secret) if secret else None,
        )


def _checked(columns: dict[str, Any]) -> dict[str, Any]:
    """Return ``columns`` once Evergrant may call the service, as far as it is known by now."""
    vet_addresses(AuthConfig(**columns).whole_toolkit, {})
    return columns


def _sentence(*, field: str, problem: str) -> str:
    path = field.removeprefix("service").removeprefix(".")
    return f"{path}: {problem}" if path else problem
