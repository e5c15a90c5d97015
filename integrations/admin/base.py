"""The base of every admin page of ours: what a person may not see does not exist for her."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ORDER_VAR
from django.core.exceptions import BadRequest
from django.forms.utils import flatatt
from django.http import Http404
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from integrations.admin.audited import AuditedAdmin
from integrations.admin.theme import ChangeList, RelatedDropdownFilter, checkbox
from integrations.counting import EXACT_UP_TO, EstimatingPaginator, count_rows, last_page
from integrations.models.scoping import ProjectScopedModel, projects_of, sees_every_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.core.paginator import Paginator
    from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
    from django.forms import ModelChoiceField, ModelMultipleChoiceField
    from django.http import HttpRequest, HttpResponse, QueryDict
    from django.utils.safestring import SafeString

    from integrations.admin.marks import Header

# A filter offers at most so many rows; beyond that a search is the better way.
MAX_FILTER_CHOICES = 200
# Orders that a primary key serves.
_CHECKBOX = '<input type="checkbox" name="{}" value="{}"{}>'
# Above that many projects of a member, her accounts are asked for as a whole.
MOST_PARTS = 20
_NEWEST_FIRST: frozenset[tuple[str, ...]] = frozenset({("-id",), ("-pk",)})
_KEYS = frozenset({"pk", "-pk", "id", "-id"})


def visible_rows(model: type[Model], request: HttpRequest) -> QuerySet[Any]:
    """Return the rows of ``model`` that the person may see, all where it belongs to no project."""
    rows = model._default_manager.all()  # noqa: SLF001 - Django's name for it
    narrow = getattr(rows, "visible_to", None)
    return rows if narrow is None else narrow(request.user)


class VisibleRelatedFilter(RelatedDropdownFilter):
    """A filter by a related row that offers, and takes, the rows the person may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        rows = visible_rows(field.related_model, request)[:MAX_FILTER_CHOICES]
        return [(row.pk, str(row)) for row in rows]

    def has_output(self) -> bool:
        """Narrow also where there is nothing to choose: an address may come from somebody else."""
        return bool(self.lookup_val) or super().has_output()


class BoundedList(ChangeList):
    """A list that asks nothing of the database that takes long because the list is long.

    It is counted once: without filters the result is the whole. The newest come first; in another
    order is shown what is sorted soon, and a page behind the last one is the last one.
    """

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        ordering = super().get_ordering(request, queryset)
        if ORDER_VAR not in self.params or self.query or ordering[0] in _KEYS:
            return ordering
        if count_rows(queryset).exact:
            return ordering
        del self.params[ORDER_VAR]
        messages.info(request, f"Lists of up to {EXACT_UP_TO:,} can be sorted: filter this first.")
        return super().get_ordering(request, queryset)

    def get_results(self, request: HttpRequest) -> None:
        self.page_num = min(self.page_num, last_page(self.list_per_page))
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class ScopedAdmin(AuditedAdmin):
    """Rows of the projects that a person is a member of.

    The same answer, 404, for another project's row and for one that does not exist: in lists,
    pages, histories, deletions, choices and actions.
    """

    show_full_result_count = False
    paginator = EstimatingPaginator
    list_per_page = 50
    list_filter_submit = True
    list_filter_sheet = True
    # Work on a whole filter is a background job's, not a request's.
    list_disable_select_all = True
    list_fullwidth = True
    compressed_fields = True
    show_facets = ShowFacets.NEVER

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return cast("QuerySet[Any]", rows.visible_to(request.user))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    @admin.display(description=mark_safe(checkbox.render("action_toggle_all", 1)))  # noqa: S308 - no input in it
    def action_checkbox(self, obj: Model) -> SafeString:
        """Return the theme's checkbox without a template: each row of each list has one."""
        return format_html(_CHECKBOX, ACTION_CHECKBOX_NAME, obj.pk, flatatt(checkbox.attrs))

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **more: Any
    ) -> Paginator[Any]:
        """Return the list's pages, for a member of some projects put together from theirs."""
        pages = super().get_paginator(request, queryset, per_page, *args, **more)
        newest_first = tuple(queryset.query.order_by) in _NEWEST_FIRST
        if isinstance(pages, EstimatingPaginator) and newest_first:
            pages.parts = self.parts_by_project(request, queryset)
        return pages

    def parts_by_project(
        self, request: HttpRequest, rows: QuerySet[Any]
    ) -> Sequence[QuerySet[Any]]:
        """Return a member's ``rows`` project by project; empty where she has one, or too many."""
        if not self._is_scoped() or sees_every_project(request.user):
            return ()
        projects = projects_of(request.user)
        if not 1 < len(projects) <= MOST_PARTS:
            return ()
        return [rows.filter(project=project) for project in projects]

    def _is_scoped(self) -> bool:
        return issubclass(self.model, ProjectScopedModel)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Model:
        """Return the row. Raises Http404 for rows that are not there or not hers."""
        # PostgreSQL takes no NUL in a text, so no row has one in its id.
        row = None if "\0" in object_id else super().get_object(request, object_id, from_field)
        if row is None:
            raise Http404
        return cast("Model", row)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if any(
            "\0" in str(value) for data in (request.GET, request.POST) for value in _values(data)
        ):
            raise BadRequest
        return super().changelist_view(request, extra_context)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only the filters on offer; any other would let digests be guessed letter by letter."""
        offered = set()
        for item in self.list_filter:
            if isinstance(item, type) and issubclass(item, SimpleListFilter):
                offered.add(item.parameter_name)
            else:
                name = item[0] if isinstance(item, tuple) else item
                offered |= {f"{name}__exact", f"{name}__id__exact"}
        return lookup in offered

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField[Any] | None:
        kwargs.setdefault("queryset", visible_rows(db_field.related_model, request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> ModelMultipleChoiceField[Any] | None:
        kwargs.setdefault("queryset", visible_rows(db_field.related_model, request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_header(self, request: HttpRequest, obj: Any) -> Header | None:
        """Return the head of the row's page, None for Django's plain form."""
        return None

    def render_change_form(  # noqa: PLR0917 - Django's
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,  # noqa: FBT001, FBT002 - Django's
        change: bool = False,  # noqa: FBT001, FBT002 - Django's
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        # One way to save is enough: back to the list.
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        if obj is not None:
            context["header"] = self.get_header(request, obj)
        return super().render_change_form(
            request, context, add=add, change=change, form_url=form_url, obj=obj
        )


class RecordAdmin(ScopedAdmin):
    """Rows that machines write: people read them, and change them by operations only."""

    change_form_template = "admin/record.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _values(data: QueryDict) -> Iterator[object]:
    for _name, values in data.lists():
        yield from values
