"""Projects: the tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from integrations.admin.base import ScopedAdmin
from integrations.admin.form_fields import LinesField
from integrations.admin.marks import Header, code
from integrations.models import Project
from integrations.models.scoping import sees_every_project
from integrations.moments import when

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.safestring import SafeString


class ProjectForm(forms.ModelForm[Project]):
    """Name, callback URLs, and who sees it."""

    allowed_callback_urls = LinesField(
        label="Allowed callback URLs",
        help_text="One per line. Where a person may be sent back to after connecting: scheme, "
        "host, port and path must be the same.",
    )

    class Meta:
        model = Project
        fields = ("name", "allowed_callback_urls", "members")

    def clean_allowed_callback_urls(self) -> list[str]:
        """Refuse what no callback URL could ever match."""
        urls: list[str] = self.cleaned_data["allowed_callback_urls"]
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme not in {"https", "http"} or not parts.hostname or "@" in parts.netloc:
                message = f"{url} is not an http or https URL."
                raise ValidationError(message)
        return urls


@admin.register(Project)
class ProjectAdmin(ScopedAdmin):
    """A tenant. Staff see the projects they are members of, some all."""

    form = ProjectForm
    change_form_outer_before_template = "admin/partials/head.html"
    list_display = ("name", "identifier", "created")
    search_fields = ("name", "id__exact")
    fieldsets = (
        (None, {"fields": ("name", "allowed_callback_urls")}),
        ("Staff", {"fields": ("members",)}),
    )
    filter_horizontal = ("members",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Project | None = None
    ) -> tuple[str, ...]:
        assigns = request.user.has_perm("integrations.assign_members")
        return () if assigns else ("members",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: what belongs to a project protects it."""
        return False

    def get_header(self, request: HttpRequest, obj: Project) -> Header:
        return Header(title=obj.name, subtitle=obj.pk)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        super().save_related(request, form, formsets, change)
        if not change and not sees_every_project(request.user):
            form.instance.members.add(request.user)

    @admin.display(description="ID")
    def identifier(self, project: Project) -> SafeString | str:
        return code(project.pk)

    @admin.display(description="Created", ordering="id")
    def created(self, project: Project) -> SafeString | str:
        return when(project.created_at)
