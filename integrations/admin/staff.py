"""People who work here. Only superusers see and change them: a membership opens a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integrations.admin.audited import AuditedAdmin
from integrations.admin.base import visible_rows
from integrations.admin.marks import Header
from integrations.admin.operations import OperationsAdmin
from integrations.admin.staff_access import OPERATIONS, factor_badge, list_factors, list_sessions
from integrations.admin.theme import UserAdmin

if TYPE_CHECKING:
    from django.db.models import Field, Model, QuerySet
    from django.forms import Field as FormField
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


class SuperusersOnly(AuditedAdmin):
    """Pages that decide who may do what."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class StaffAdmin(SuperusersOnly, OperationsAdmin, UserAdmin):
    """A member of staff, with what opens her account and where it is open."""

    change_form_outer_before_template = "admin/partials/head.html"
    operations = OPERATIONS

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_superuser", "is_active", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("username", "email", "first_name", "last_name")
    list_disable_select_all = True
    readonly_fields = ("last_login", "date_joined", "second_factors", "sessions")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Permissions",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Signing in", {"fields": ("second_factors", "sessions", "last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return everybody: people belong to no project."""
        return visible_rows(User, request)

    def formfield_for_dbfield(
        self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> FormField | None:
        """Leave out the menu beside the roles: it opens by the mouse only, and they have a page."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field

    def get_header(self, request: HttpRequest, obj: User) -> Header:
        return Header(
            title=obj.get_full_name() or obj.get_username(),
            subtitle=obj.email,
            badge=factor_badge(obj),
        )

    @admin.display(description="Second factors")
    def second_factors(self, user: User) -> SafeString | str:
        return list_factors(user)

    @admin.display(description="Sessions")
    def sessions(self, user: User) -> SafeString | str:
        return list_sessions(user)

    @transaction.atomic
    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django's
        form_url: str = "",
    ) -> HttpResponse:
        """Change somebody's password together with its entry in the audit trail."""
        return super().user_change_password(request, id, form_url)


@admin.register(Group)
class RolesAdmin(SuperusersOnly, GroupAdmin):
    """A set of permissions."""

    list_display = ("name",)
    fields = ("name", "permissions")
    list_fullwidth = True
