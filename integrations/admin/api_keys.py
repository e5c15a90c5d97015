"""API keys: made, shown once, revoked; never edited."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from integrations.admin.base import VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, chips, code, two_lines
from integrations.admin.operations import Done, Operation, OperationsAdmin
from integrations.admin.project_choice import InProjectForm, for_request
from integrations.api_keys import replace_key, revoke_key
from integrations.models import ApiKey
from integrations.models.api_key import Scope, default_scopes
from integrations.moments import when
from integrations.secrets import Secret

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

LIFETIMES: Final = (
    ("", "Never"),
    ("30", "After 30 days"),
    ("90", "After 90 days"),
    ("365", "After a year"),
)
# In the query of a page that was opened from a project's, and leads back there.
FROM_PROJECT: Final = "from_project"


class ApiKeyForm(InProjectForm):
    """A new key."""

    expires_in = forms.ChoiceField(
        label="Expires",
        choices=LIFETIMES,
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="Or on a day of your own, below.",
    )

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=default_scopes,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Reading credentials is only for an app that calls providers itself.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")
        labels = {"expires_at": "Expires on"}

    def clean(self) -> dict[str, Any]:
        """Turn a lifetime into a moment, and refuse one that is over."""
        cleaned = super().clean()
        now = timezone.now()
        if days := cleaned.get("expires_in"):
            cleaned["expires_at"] = now + timedelta(days=int(days))
        if cleaned.get("expires_at") and cleaned["expires_at"] <= now:
            self.add_error("expires_at", "That moment is over.")
        return cleaned


def revoke(key: ApiKey, _request: HttpRequest, _note: str) -> Done:
    """Make the key worthless from now on."""
    changed = revoke_key(key=key, now=timezone.now())
    return Done(message="revoked." if changed else "was revoked before.")


def replace(key: ApiKey, _request: HttpRequest, _note: str) -> Done:
    """Make a successor and show it once."""
    text = replace_key(key=key, now=timezone.now())
    return Done(message="replaced; it works for another day.", shown_once=text)


REPLACE = Operation(
    name="replace",
    title="Replace",
    icon="autorenew",
    permission="integrations.change_apikey",
    consequence="A new key with the same name and scopes is made and shown once: only a digest of "
    "it is kept. The key before works for another 24 hours, so that nothing stands still while you "
    "exchange it.",
    run=replace,
    applies=lambda key: key.is_valid(now=timezone.now()),
    confirm=True,
    in_lists=False,
)


REVOKE = Operation(
    name="revoke",
    title="Revoke",
    icon="block",
    permission="integrations.change_apikey",
    consequence="Every call with this key is refused from now on. This cannot be undone.",
    run=revoke,
    applies=lambda key: key.revoked_at is None,
    confirm=True,
    danger=True,
)


def keys_page(project_id: str) -> str:
    """Return the address of a project's API keys."""
    page = reverse("admin:integrations_project_change", args=[quote(project_id)])
    return f"{page}?tab=keys"


@admin.register(ApiKey)
class ApiKeyAdmin(OperationsAdmin):
    """A key of a project. Its text is shown when it is made and never again."""

    form = ApiKeyForm
    exclude = ("project",)
    operations = (REPLACE, REVOKE)
    change_form_template = "admin/record.html"
    list_display = ("name_and_hint", "project", "state", "scope_list", "last_used", "expires")
    list_select_related = ("project",)
    list_filter = (("project", VisibleRelatedFilter),)
    search_fields = ("name", "id__exact", "hint__startswith")
    add_fieldsets = ((None, {"fields": ("project", "name", "scopes", "expires_in", "expires_at")}),)
    fieldsets = (
        (
            "API key",
            {
                "fields": (
                    "identifier",
                    "project_name",
                    "scope_list",
                    "last_used",
                    "expires",
                    "created",
                )
            },
        ),
    )
    readonly_fields = (
        "identifier",
        "project_name",
        "scope_list",
        "last_used",
        "expires",
        "created",
    )

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        **kwargs: Any,
    ) -> Any:
        return for_request(super().get_form(request, obj, change, **kwargs), request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a key does what it did when it was handed out."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("integrations.view_apikey") or request.user.has_perm(
            "integrations.change_apikey"
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        # Issuing saves. The text lives on this request only, until its answer shows it.
        request.issued_key = Secret(obj.issue())  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.show_once(
            request,
            "Your new API key",
            "Copy it now: it is kept as a digest, so nobody can show it again.",
            [(obj.name, request.issued_key)],  # type: ignore[attr-defined]
            keys_page(obj.project_id) if FROM_PROJECT in request.GET else self.page_of(obj),
        )

    def operation_view(self, request: HttpRequest, object_id: str, operation: str) -> HttpResponse:
        """Run it; back to the project's page where that is where the person came from."""
        if FROM_PROJECT not in request.GET:
            return super().operation_view(request, object_id, operation)
        key = cast("ApiKey", self.get_object(request, unquote(object_id)))
        back = keys_page(key.project_id)
        response = super().operation_view(request, object_id, operation)
        if isinstance(response, HttpResponseRedirect):
            return HttpResponseRedirect(back)
        if isinstance(response, TemplateResponse):
            told = {"back": back, "action": request.get_full_path()}
            response.context_data = {**(response.context_data or {}), **told}
            # What is shown once was rendered already.
            response.content = response.rendered_content
        return response

    def get_header(self, request: HttpRequest, obj: ApiKey) -> Header:
        return Header(title=obj.name, subtitle=f"{obj.hint}…", badge=self.state(obj))

    @admin.display(description="Key", ordering="name")
    def name_and_hint(self, key: ApiKey) -> SafeString:
        return two_lines(key.name, f"{key.hint}…")

    @admin.display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        if key.revoked_at:
            return badge("Revoked", Tone.BAD)
        if key.expires_at and key.expires_at <= timezone.now():
            return badge("Expired", Tone.WARN)
        return badge("Valid", Tone.GOOD)

    @admin.display(description="Scopes")
    def scope_list(self, key: ApiKey) -> SafeString | str:
        return chips(key.scopes)

    @admin.display(description="Last used", ordering="last_used_at")
    def last_used(self, key: ApiKey) -> SafeString | str:
        return when(key.last_used_at) if key.last_used_at else "never"

    @admin.display(description="Expires", ordering="expires_at")
    def expires(self, key: ApiKey) -> SafeString | str:
        return when(key.expires_at) if key.expires_at else "never"

    @admin.display(description="Created")
    def created(self, key: ApiKey) -> SafeString | str:
        return when(key.created_at)

    @admin.display(description="ID")
    def identifier(self, key: ApiKey) -> SafeString | str:
        return code(key.pk)

    @admin.display(description="Project")
    def project_name(self, key: ApiKey) -> str:
        return key.project.name
