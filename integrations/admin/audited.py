"""Every change that a form makes stands in the audit trail, instead of in Django's own log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse

from integrations.admin.theme import ModelAdmin
from integrations.audit import Subject, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import Model, QuerySet
    from django.forms import BaseForm
    from django.http import HttpRequest, HttpResponse

VIEW = "integrations.view_auditentry"
WORDS = {"add": "Added", "change": "Changed", "delete": "Deleted"}


def trail_of(row: Model) -> str:
    """Return the address of what the audit trail tells of ``row``."""
    listed = reverse("admin:integrations_auditentry_changelist")
    return f"{listed}?{urlencode({'object': f'{row._meta.label_lower}:{row.pk}'})}"


class AuditedAdmin(ModelAdmin):
    """A model whose additions, changes and deletions are recorded, each in its transaction."""

    def subject_of(self, row: Any) -> Subject:
        """Return what the trail says an action on ``row`` is about."""
        return Subject.of(row)

    def subjects_of(self, row: Any) -> list[Subject]:
        """Return what an operation on ``row`` has an entry about: one for each project."""
        return [self.subject_of(row)]

    def construct_change_message(
        self,
        request: HttpRequest,
        form: BaseForm,
        formsets: Any,
        add: bool = False,  # noqa: FBT001, FBT002 - Django's
    ) -> Any:
        """Return the names of the fields that changed. Values stay out: any might be secret."""
        return sorted({name.removeprefix("new_") for name in form.changed_data})

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return self._record(request, self.subject_of(obj), "add", message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        return self._record(request, self.subject_of(obj), "change", message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Any:
        return [self._record(request, self.subject_of(row), "delete", ()) for row in queryset]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to what the trail tells of the row. Raises Http404, PermissionDenied."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not (self.has_view_permission(request, row) and request.user.has_perm(VIEW)):
            raise PermissionDenied
        return HttpResponseRedirect(trail_of(row))

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Delete what was selected together with its entries; operations see to it themselves."""
        if request.POST.get("action") != "delete_selected":
            return super().response_action(request, queryset, *args, **kwargs)
        with transaction.atomic():
            return super().response_action(request, queryset, *args, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = kwargs.get("obj")
        if row is not None and request.user.has_perm(VIEW):
            context.setdefault("audit_url", trail_of(row))
        return super().render_change_form(request, context, *args, **kwargs)

    def _record(
        self, request: HttpRequest, subject: Subject, action: str, changed: Iterable[str]
    ) -> Any:
        return record(
            request=request,
            actor=request.user,
            action=action,
            title=WORDS[action],
            subject=subject,
            # Django itself hands over a sentence here and there.
            changed=() if isinstance(changed, str) else changed,
        )
