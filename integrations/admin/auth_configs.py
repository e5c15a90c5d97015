"""Auth configs: a project's OAuth clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget

from integrations.admin.base import ScopedAdmin, VisibleRelatedFilter
from integrations.admin.form_fields import LinesField, PairsField, SecretInput
from integrations.admin.marks import Header, Tone, badge, copyable, two_lines
from integrations.admin.project_choice import InProjectForm, for_request
from integrations.admin.toolkits import ToolkitFilter, toolkit_choices, toolkit_name
from integrations.auth_configs import check_addresses
from integrations.catalog import get_toolkit
from integrations.models import AuthConfig
from integrations.moments import relative, when
from integrations.secrets import Secret

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

# What the provider judges a client by: a change of one starts a new trial.
_CLIENT_FIELDS = {"client_id", "new_client_secret", "parameters", "token_parameters", "scopes"}


class AuthConfigForm(InProjectForm):
    """Everything but the stored secret, which is replaced or kept and never shown."""

    toolkit = forms.ChoiceField(choices=toolkit_choices, widget=UnfoldAdminSelectWidget)
    new_client_secret = forms.CharField(
        label="Client secret", required=False, max_length=2000, strip=True, widget=SecretInput
    )
    scopes = LinesField(help_text="One per line. Empty: the toolkit's defaults.")
    parameters = PairsField(
        rows=2, help_text="What the toolkit's URLs need, as name=value, one per line."
    )
    authorization_parameters = PairsField(
        rows=2, help_text="Added to the authorization request, as name=value, one per line."
    )
    token_parameters = PairsField(
        rows=2, help_text="Added to every token request, as name=value, one per line."
    )

    class Meta:
        model = AuthConfig
        fields = (
            "name",
            "toolkit",
            "client_id",
            "scopes",
            "parameters",
            "authorization_parameters",
            "token_parameters",
            "enabled",
            "testing_mode",
        )
        labels = {"client_id": "Client ID"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "project" not in self.fields:
            self.fields.pop("toolkit", None)
            self._explain_parameters()
        secret = self.fields.get("new_client_secret")
        if secret and self.instance.client_secret is not None:
            secret.help_text = "A secret is stored. Leave empty to keep it."

    def _explain_parameters(self) -> None:
        needed = get_toolkit(self.instance.toolkit).parameters
        if needed and "parameters" in self.fields:
            told = " ".join(f"{name}: {text}" for name, text in needed.items())
            self.fields["parameters"].help_text = f"One name=value per line. {told}"

    def clean(self) -> dict[str, Any]:
        """Take over a new secret, and refuse servers that the outbound door would refuse."""
        cleaned = super().clean()
        if secret := cleaned.get("new_client_secret"):
            self.instance.client_secret = Secret(secret)
        slug, parameters = (
            cleaned.get("toolkit") or self.instance.toolkit,
            cleaned.get("parameters"),
        )
        if slug and parameters is not None:
            toolkit = get_toolkit(slug)
            # Missing and unknown names are the model's to refuse.
            if set(parameters) == set(toolkit.parameters):
                check_addresses(toolkit.with_parameters(parameters))
        return cleaned


def _next_call(config: AuthConfig) -> str:
    """Say when a provider that refuses the client is asked again."""
    now = timezone.now()
    if config.calls_blocked_until is None or config.calls_blocked_until <= now:
        return "its accounts are refreshed again as soon as the provider accepts it."
    until = relative(config.calls_blocked_until, now=now)
    return f"saving a change lets calls go out at once, otherwise the next one goes {until}."


@admin.register(AuthConfig)
class AuthConfigAdmin(ScopedAdmin):
    """How a project authenticates with a toolkit."""

    form = AuthConfigForm
    exclude = ("project",)
    change_form_outer_before_template = "admin/partials/head.html"
    list_display = ("name_and_toolkit", "project", "state", "client_id", "created")
    list_select_related = ("project",)
    list_filter = (("project", VisibleRelatedFilter), ToolkitFilter, "enabled")
    search_fields = ("name", "id__exact", "client_id__exact")
    readonly_fields = ("redirect_uri", "project_name", "toolkit_label")
    add_fieldsets = (
        (None, {"fields": ("project", "name", "toolkit", "enabled", "testing_mode")}),
        ("Client", {"fields": ("client_id", "new_client_secret")}),
        (
            "Requests",
            {"fields": ("scopes", "parameters", "authorization_parameters", "token_parameters")},
        ),
    )
    fieldsets = (
        (
            None,
            {"fields": ("name", "toolkit_label", "project_name", "enabled", "testing_mode")},
        ),
        ("Client", {"fields": ("redirect_uri", "client_id", "new_client_secret")}),
        (
            "Requests",
            {"fields": ("scopes", "parameters", "authorization_parameters", "token_parameters")},
        ),
    )

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> Any:
        return for_request(super().get_form(request, obj, change, **kwargs), request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("project", "toolkit") if obj else ("project",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the secret's input for those who only look."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (
                name,
                {**options, "fields": [f for f in options["fields"] if f != "new_client_secret"]},
            )
            for name, options in fieldsets
        ]

    def save_model(self, request: HttpRequest, obj: AuthConfig, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if _CLIENT_FIELDS & set(form.changed_data):
            obj.forget_refusals()
        super().save_model(request, obj, form, change)

    def get_header(self, request: HttpRequest, obj: AuthConfig) -> Header:
        advice = ""
        if obj.misconfigured_since:
            told = obj.misconfigured_error or "no error code"
            since = f"{obj.misconfigured_since:%Y-%m-%d %H:%M} UTC"
            advice = (
                f"The provider refuses this client ({told}) since {since}. No account was changed. "
                f"Check client ID, secret and scopes; {_next_call(obj)}"
            )
        return Header(
            title=obj.name,
            subtitle=f"{toolkit_name(obj.toolkit)} · {obj.pk}",
            badge=self.state(obj),
            advice=advice,
            advice_tone=Tone.BAD,
        )

    @admin.display(description="Auth config", ordering="name")
    def name_and_toolkit(self, config: AuthConfig) -> SafeString:
        return two_lines(config.name, toolkit_name(config.toolkit))

    @admin.display(description="State")
    def state(self, config: AuthConfig) -> SafeString:
        if config.misconfigured_since:
            return badge("Misconfigured", Tone.BAD)
        return badge("Enabled", Tone.GOOD) if config.enabled else badge("Disabled", Tone.QUIET)

    @admin.display(description="Created", ordering="id")
    def created(self, config: AuthConfig) -> SafeString | str:
        return when(config.created_at)

    @admin.display(description="Redirect URI")
    def redirect_uri(self, config: AuthConfig) -> SafeString:
        return copyable(config.redirect_uri)

    @admin.display(description="Project")
    def project_name(self, config: AuthConfig) -> str:
        return config.project.name

    @admin.display(description="Toolkit")
    def toolkit_label(self, config: AuthConfig) -> str:
        return toolkit_name(config.toolkit)
