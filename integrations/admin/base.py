"""The base of every admin page of ours: what a person may not see does not exist for her."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin import ShowFacets, SimpleListFilter
from django.core.exceptions import BadRequest
from django.http import Http404

from integrations.admin.theme import ChangeList, ModelAdmin, RelatedDropdownFilter
from integrations.counting import EstimatingPaginator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
    from django.forms import ModelChoiceField, ModelMultipleChoiceField
    from django.http import HttpRequest, HttpResponse, QueryDict

    from integrations.admin.marks import Header

# A filter offers at most so many rows; beyond that a search is the better way.
MAX_FILTER_CHOICES = 200


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


class OneCount(ChangeList):
    """A list that is counted once: without filters the result is the whole."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class ScopedAdmin(ModelAdmin):
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
        return OneCount

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
        return super().render_change_form(request, context, add, change, form_url, obj)


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
