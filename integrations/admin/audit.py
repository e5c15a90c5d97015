"""The audit trail, to read. There is no way to write in it from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from integrations.admin.audit_filters import ActionFilter, ActorFilter, DayFilter, ObjectFilter
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, chips, code, two_lines
from integrations.admin.searching import IndexedSearchAdmin
from integrations.models import AuditEntry
from integrations.models.audit_entry import Outcome
from integrations.moments import EMPTY, when

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString

_TONES: Final[dict[str, Tone]] = {
    Outcome.BEGUN: Tone.BUSY,
    Outcome.DONE: Tone.GOOD,
    Outcome.FAILED: Tone.WARN,
    Outcome.REFUSED: Tone.BAD,
}


@admin.register(AuditEntry)
class AuditEntryAdmin(IndexedSearchAdmin, RecordAdmin):
    """Who did what. Members see what was done in their projects, superusers everything."""

    list_display = ("time", "who", "what", "subject", "came_from", "result")
    list_display_links = ("time",)
    list_select_related = ("project",)
    list_filter = (
        ActorFilter,
        ActionFilter,
        ("project", VisibleRelatedFilter),
        DayFilter,
        ("outcome", ChoicesDropdownFilter),
        ObjectFilter,
    )
    sortable_by = ()
    search_fields = ("id", "subject_id")
    search_help_text = "ID of an object or of an entry"
    fieldsets = (
        (
            "Who, when, from where",
            {"fields": ("who", "actor_number", "moment", "came_from", "request_code")},
        ),
        ("What", {"fields": ("action_code", "fields_changed", "refusal", "why")}),
        ("On what", {"fields": ("subject_link", "kind", "subject_code", "project_name")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: AuditEntry | None = None) -> Any:
        """Leave out what an entry does not have: most have no error, no fields or no object."""
        if obj is None:
            return self.fieldsets
        has = {
            "actor_number": obj.actor_id,
            "fields_changed": obj.changed,
            "refusal": obj.error_code,
            "why": obj.note,
            "project_name": obj.project_id,
        }
        shown = self.fieldsets if obj.subject_type else self.fieldsets[:2]
        return [
            (title, {"fields": [name for name in options["fields"] if has.get(str(name), True)]})
            for title, options in shown
        ]

    def ways(self, request: HttpRequest, term: str) -> list[Q]:
        return [Q(pk=term), Q(subject_id=term)]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["audit_url"] = ""
        return super().render_change_form(request, context, *args, **kwargs)

    def get_header(self, request: HttpRequest, obj: AuditEntry) -> Header:
        about = f": {obj.subject_label}" if obj.subject_label else ""
        return Header(
            title=f"{obj.action_title}{about}", subtitle=obj.pk, badge=self.outcome_badge(obj)
        )

    def outcome_badge(self, entry: AuditEntry) -> SafeString:
        return badge(entry.get_outcome_display(), _TONES[entry.outcome])

    @admin.display(description="When")
    def time(self, entry: AuditEntry) -> SafeString:
        return two_lines(when(entry.occurred_at), f"{entry.occurred_at:%Y-%m-%d %H:%M:%S} UTC")

    @admin.display(description="When")
    def moment(self, entry: AuditEntry) -> str:
        return f"{entry.occurred_at:%Y-%m-%d %H:%M:%S} UTC"

    @admin.display(description="Who")
    def who(self, entry: AuditEntry) -> str:
        return entry.actor_name or "nobody signed in"

    @admin.display(description="User ID")
    def actor_number(self, entry: AuditEntry) -> SafeString | str:
        return code(entry.actor_id)

    @admin.display(description="What")
    def what(self, entry: AuditEntry) -> SafeString:
        return two_lines(
            entry.action_title, entry.note or ", ".join(entry.changed) or entry.error_code
        )

    @admin.display(description="Action")
    def action_code(self, entry: AuditEntry) -> SafeString | str:
        return code(entry.action)

    @admin.display(description="Why")
    def why(self, entry: AuditEntry) -> str:
        return entry.note or EMPTY

    @admin.display(description="Fields")
    def fields_changed(self, entry: AuditEntry) -> SafeString | str:
        return chips(entry.changed)

    @admin.display(description="On what")
    def subject(self, entry: AuditEntry) -> SafeString | str:
        if not entry.subject_type:
            return EMPTY
        where = f" · {entry.project.name}" if entry.project else ""
        return two_lines(entry.subject_label, f"{self.kind(entry)}{where}")

    @admin.display(description="Object")
    def subject_link(self, entry: AuditEntry) -> SafeString | str:
        try:
            name = f"admin:{entry.subject_type.replace('.', '_')}_change"
            url = reverse(name, args=[quote(entry.subject_id)])
        except NoReverseMatch:
            return entry.subject_label or EMPTY
        return format_html('<a href="{}">{}</a>', url, entry.subject_label)

    @admin.display(description="Kind")
    def kind(self, entry: AuditEntry) -> str:
        try:
            name = apps.get_model(entry.subject_type)._meta.verbose_name
        except (LookupError, ValueError):
            return entry.subject_type or EMPTY
        return str(name).capitalize()

    @admin.display(description="ID")
    def subject_code(self, entry: AuditEntry) -> SafeString | str:
        return code(entry.subject_id)

    @admin.display(description="Project")
    def project_name(self, entry: AuditEntry) -> str:
        return entry.project.name if entry.project else EMPTY

    @admin.display(description="From")
    def came_from(self, entry: AuditEntry) -> SafeString | str:
        return code(entry.address or "")

    @admin.display(description="Request ID")
    def request_code(self, entry: AuditEntry) -> SafeString | str:
        return code(entry.request_id)

    @admin.display(description="Outcome")
    def result(self, entry: AuditEntry) -> SafeString:
        return self.outcome_badge(entry)

    @admin.display(description="Error code")
    def refusal(self, entry: AuditEntry) -> SafeString | str:
        return code(entry.error_code)
