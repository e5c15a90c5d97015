"""The processes that refresh, by their heartbeats. They work for all projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.template.defaultfilters import filesizeformat

from connections import heartbeat
from connections.models import Worker
from integrations.admin.base import RecordAdmin
from integrations.admin.marks import Header, Tone, badge, chips, code, two_lines
from integrations.admin.theme import DropdownFilter
from integrations.moments import span, when

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

_STARTED_BY = {heartbeat.COMMAND: "refresh_due", heartbeat.JOB: "job runner"}


def worker_badge(worker: Any) -> SafeString:
    """Return whether a worker of `heartbeat.workers` works."""
    if worker.unseen_for < heartbeat.LIVE:
        return badge("Working", Tone.GOOD)
    if worker.started_by == heartbeat.JOB and worker.unseen_for < heartbeat.JOB_KEPT:
        return badge("Between two watches", Tone.QUIET)
    return badge(f"Not seen for {span(worker.unseen_for)}", Tone.BAD)


class StateFilter(DropdownFilter):
    """Workers by whether they were seen lately, as the overview counts them."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("working", "Working"), ("away", "Not seen lately")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "working":
            return queryset.filter(unseen_for__lt=heartbeat.LIVE)
        if self.value() == "away":
            return queryset.filter(unseen_for__gte=heartbeat.LIVE)
        return queryset


@admin.register(Worker)
class WorkerAdmin(RecordAdmin):
    """A refreshing process, as it last said of itself."""

    list_display = ("process", "state", "runner", "calls", "done", "journal", "seen")
    list_filter = (StateFilter,)
    search_fields = ("name", "host")
    search_help_text = "Host or name"
    sortable_by = ()
    ordering = ("-seen_at", "name")
    fieldsets = (
        ("Process", {"fields": ("name_text", "runner", "started", "seen")}),
        ("Refreshes", {"fields": ("calls", "refreshed_count", "failed_count")}),
        ("Journal of its host", {"fields": ("journal_size", "trouble", "keys")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # They belong to no project: whoever may see workers sees them all.
        return heartbeat.workers().order_by(*self.ordering)

    def get_header(self, request: HttpRequest, obj: Any) -> Header:
        lost = obj.unseen_for >= heartbeat.LIVE and obj.started_by == heartbeat.COMMAND
        advice = (
            "It was killed or hangs. What it had under way is taken over when its lease ends; see "
            "whether something starts it again."
        )
        return Header(
            title=f"{obj.host}, process {obj.pid}",
            subtitle=obj.name,
            badge=worker_badge(obj),
            advice=advice if lost else "",
            advice_tone=Tone.BAD,
        )

    @admin.display(description="Process")
    def process(self, worker: Any) -> SafeString:
        return two_lines(worker.host, f"process {worker.pid}")

    @admin.display(description="State")
    def state(self, worker: Any) -> SafeString:
        return worker_badge(worker)

    @admin.display(description="Run by")
    def runner(self, worker: Any) -> str:
        return _STARTED_BY.get(worker.started_by, str(worker.started_by))

    @admin.display(description="Calls under way")
    def calls(self, worker: Any) -> str:
        return f"{worker.under_way:,}"

    @admin.display(description="Refreshed")
    def done(self, worker: Any) -> SafeString:
        return two_lines(f"{worker.refreshed:,}", f"{worker.failed:,} failed")

    @admin.display(description="Journal")
    def journal(self, worker: Any) -> SafeString | str:
        if worker.journal_trouble:
            return two_lines(badge("Not writable", Tone.WARN), worker.journal_trouble)
        return filesizeformat(worker.journal_bytes)

    @admin.display(description="Last seen")
    def seen(self, worker: Any) -> SafeString | str:
        return when(worker.seen_at)

    @admin.display(description="Started")
    def started(self, worker: Any) -> SafeString | str:
        return when(worker.started_at)

    @admin.display(description="Name in history and leases")
    def name_text(self, worker: Any) -> SafeString | str:
        return code(worker.name)

    @admin.display(description="Succeeded")
    def refreshed_count(self, worker: Any) -> str:
        return f"{worker.refreshed:,}"

    @admin.display(description="Failed")
    def failed_count(self, worker: Any) -> str:
        return f"{worker.failed:,}"

    @admin.display(description="Size")
    def journal_size(self, worker: Any) -> str:
        return filesizeformat(worker.journal_bytes)

    @admin.display(description="Trouble")
    def trouble(self, worker: Any) -> str:
        return str(worker.journal_trouble or "none")

    @admin.display(description="Entries by key")
    def keys(self, worker: Any) -> SafeString | str:
        counts = worker.journal_keys.items()
        return chips((f"{key}: {count:,}" for key, count in counts), empty="none")
