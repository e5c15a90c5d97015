"""unfold's classes, under the types of the Django classes that they stand in for."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib import admin
    from django.contrib.admin.views.main import ChangeList
    from django.contrib.auth import admin as auth_admin
    from django.db.models import QuerySet
    from django.forms import CheckboxInput
    from django.http import HttpRequest

    class ModelAdmin(admin.ModelAdmin[Any]):
        """Any model's admin."""

    class Checkbox(CheckboxInput):
        """What a row of a list is selected with."""

    checkbox: Checkbox

    class UserAdmin(auth_admin.UserAdmin[Any]):
        """The users' admin."""

    class DropdownFilter(admin.SimpleListFilter):
        """A filter with a list of choices."""

        all_option: tuple[str, str]

    class RelatedDropdownFilter(admin.RelatedFieldListFilter):
        """A filter with a list of related rows."""

        def value(self) -> str | None:
            """Return the chosen row's key."""

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            """Return the rows of the choice."""
else:
    from django.contrib.auth.admin import UserAdmin
    from unfold.admin import ModelAdmin, checkbox
    from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter
    from unfold.views import ChangeList

__all__ = [
    "ChangeList",
    "DropdownFilter",
    "ModelAdmin",
    "RelatedDropdownFilter",
    "UserAdmin",
    "checkbox",
]
