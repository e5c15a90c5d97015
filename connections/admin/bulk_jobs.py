"""Bulk jobs: how far they are, what came of each account, and what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone

from connections import wording
from connections.actors import operator
from connections.admin.incidents import IncidentPages
from connections.bulk import reporting, steering
from connections.bulk.counting import are_forgotten, at_providers, is_sure, problems
from connections.bulk.ending import subjects_of, write_entries
from connections.bulk.selecting import in_words
from connections.bulk.starting import Asker
from connections.bulk.wording import (
    OUTCOME_TONES,
    STATE_TONES,
    job_title,
    short_title,
    standing,
)
from connections.errors import LinksTaken
from connections.models import BulkJob
from connections.models.bulk import PERMISSIONS, JobState, Kind, Outcome
from integrations.admin.base import RecordAdmin, VisibleRelatedFilter
from integrations.admin.marks import Header, Tone, badge, chips, code, two_lines
from integrations.admin.operations import Done, Operation, OperationsAdmin
from integrations.models import AuthConfig
from integrations.moments import EMPTY, span, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.contrib.auth.models import User
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern
    from django.utils.safestring import SafeString

    from integrations.audit import Subject

# Who may read accounts' names, here as in their list.
SEES_ACCOUNTS = "connections.view_connectedaccount"
# Accounts that the page names; the report has all.
SHOWN_PROBLEMS = 20
# Seconds until the page looks again. A long job's items take a while to count.
LOOK_SECONDS, LOOK_SECONDS_LONG, LONG = 2, 10, 50_000


def staff(request: HttpRequest) -> User:
    """Return who asks. The admin's views are for signed-in staff only."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def cancel(job: BulkJob, _request: HttpRequest, _note: str) -> Done:
    """Have nothing more be done."""
    steering.cancel_job(job=job, now=timezone.now())
    return Done(message=f"cancelled with {job.total - job.handled:,} accounts left.")


def resume(job: BulkJob, request: HttpRequest, _note: str) -> Done:
    """Let it go on, with the rights of who asks."""
    steering.resume_job(job=job, asker=Asker.of_staff(staff(request)))
    return Done(message="goes on.")


def ask_again(job: BulkJob, _request: HttpRequest, _note: str) -> Done:
    """Ask the providers that have not confirmed."""
    count = steering.ask_providers_again(job=job)
    return Done(message=f"{count:,} revocations are sent to their providers now.")


def waits_for_providers(job: BulkJob) -> bool:
    """Whether a provider has still to confirm something."""
    said = at_providers(job)
    return said is not None and said.pending > 0


OPERATIONS = (
    Operation(
        name="cancel",
        title="Cancel",
        icon="stop_circle",
        permission="connections.change_bulkjob",
        consequence="Nothing more is done from now on. What is done stays, and the rest can go on "
        "later.",
        run=cancel,
        applies=lambda job: job.is_under_way,
        in_lists=False,
    ),
    Operation(
        name="resume",
        title="Resume",
        icon="play_arrow",
        permission="connections.change_bulkjob",
        consequence="The accounts that are left are done, with your rights. None is done twice.",
        run=resume,
        applies=lambda job: job.state in {JobState.CANCELLED, JobState.STOPPED},
        confirm=True,
        in_lists=False,
    ),
    Operation(
        name="ask-again",
        title="Ask providers again now",
        icon="sync",
        permission="connections.change_bulkjob",
        consequence="Revocations that are waiting for their next attempt are sent at once.",
        run=ask_again,
        applies=waits_for_providers,
        in_lists=False,
    ),
)


@admin.register(BulkJob)
class BulkJobAdmin(IncidentPages, OperationsAdmin, RecordAdmin):
    """Jobs on many accounts."""

    change_form_template = "admin/connections/bulk_job.html"
    operations = OPERATIONS
    list_display = ("what", "state_badge", "progress", "asker", "created")
    list_select_related = ("project",)
    list_filter = ("kind", "state", ("project", VisibleRelatedFilter))
    search_fields = ("id__exact", "extent_id__exact")
    search_help_text = "Job ID, or ID of what an incident is about"
    sortable_by = ()
    fieldsets = (
        (
            "Job",
            {
                "fields": (
                    "identifier",
                    "selection",
                    "why",
                    "asker",
                    "created",
                    "began",
                    "ended",
                    "closed",
                )
            },
        ),
    )

    class Media:
        js = ["console/bulk.js"]

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"connections_bulkjob_{name}",
            )
            for name, view in (("report", self.report_view), ("links", self.links_view))
        ]
        return [*own, *super().get_urls()]

    def operation_view(self, request: HttpRequest, object_id: str, operation: str) -> HttpResponse:
        """Let only those touch a job who may do what it does."""
        self.permitted(request, operation)
        job = self._seen(request, object_id)
        if not request.user.has_perm(job.permission):
            raise PermissionDenied
        return super().operation_view(request, object_id, operation)

    def subjects_of(self, row: BulkJob) -> list[Subject]:
        """Return the job in each of its projects, whose members all read what became of it."""
        return list(subjects_of(row))

    def _offered(self, request: HttpRequest, row: Any) -> Iterable[dict[str, Any]]:
        return super()._offered(request, row) if request.user.has_perm(row.permission) else []

    def report_view(self, request: HttpRequest, object_id: str) -> StreamingHttpResponse:
        """Send every account with what came of it."""
        job = self._seen(request, object_id)
        if not request.user.has_perm(SEES_ACCOUNTS):
            raise PermissionDenied
        write_entries(job, action="bulk-report", title="Download report", request=request, note="")
        return _download(reporting.report(job), f"{job.pk}.csv")

    def links_view(
        self, request: HttpRequest, object_id: str
    ) -> HttpResponse | StreamingHttpResponse:
        """Send the reconnect links, once."""
        job = self._seen(request, object_id)
        if not request.user.has_perm(PERMISSIONS[Kind.LINK]):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            reporting.take_links(job=job, actor=operator(staff(request)), now=timezone.now())
        except LinksTaken as error:
            self.message_user(request, error.message, level="error")
            return HttpResponseRedirect(self.page_of(job))
        write_entries(job, action="bulk-links", title="Download links", request=request, note="")
        return _download(reporting.links(job), f"{job.pk}-links.csv")

    def _seen(self, request: HttpRequest, object_id: str) -> BulkJob:
        job = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return job

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        job = kwargs.get("obj")
        if job is not None:
            context |= {**self._progress(job), **self._downloads(request, job)}
            if request.user.has_perm(SEES_ACCOUNTS):
                rows = problems(job, most=SHOWN_PROBLEMS)
                context["problems"] = [(item, OUTCOME_TONES[item.outcome]) for item in rows]
        return super().render_change_form(request, context, *args, **kwargs)

    def _progress(self, job: BulkJob) -> dict[str, Any]:
        said = at_providers(job)
        waits = job.is_under_way or bool(said and said.pending)
        return {
            "job": job,
            "standing": standing(job),
            "counts": list(_counts(job)),
            "left": _left(job),
            "at_providers": said,
            "sure": said is not None and is_sure(job, said),
            "forgotten_days": settings.HISTORY_DAYS if are_forgotten(job) else 0,
            "look_seconds": _pace(job) if waits else 0,
        }

    def _downloads(self, request: HttpRequest, job: BulkJob) -> dict[str, Any]:
        takes = job.kind == Kind.LINK and request.user.has_perm(PERMISSIONS[Kind.LINK])
        living = reporting.living_links(job, now=timezone.now())
        return {
            "report_url": _report_url(job) if request.user.has_perm(SEES_ACCOUNTS) else "",
            "links_url": reverse("admin:connections_bulkjob_links", args=[quote(job.pk)]),
            "takes_links": takes,
            "living_links": living.count() if takes else 0,
            "links_taken_by": wording.actor(job.links_taken_by),
        }

    def get_fieldsets(self, request: HttpRequest, obj: BulkJob | None = None) -> Any:
        """Without what only an incident has."""
        if obj is None or obj.is_incident:
            return self.fieldsets
        [(title, options)] = self.fieldsets
        return [(title, {"fields": [name for name in options["fields"] if name != "closed"]})]

    def get_header(self, request: HttpRequest, obj: BulkJob) -> Header:
        return Header(
            title=job_title(obj),
            subtitle=obj.pk,
            badge=self.state_badge(obj),
            advice=standing(obj),
            advice_tone=Tone(STATE_TONES[obj.state]),
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> BulkJob:
        job = cast("BulkJob", super().get_object(request, object_id, from_field))
        job.seen_by = request.user
        return job

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkJob]:
        return super().get_queryset(request).select_related("project")

    @admin.display(description="Job")
    def what(self, job: BulkJob) -> SafeString:
        where = job.project.name if job.project else "several projects"
        where = f"{job.get_extent_display()} · {where}" if job.is_incident else where
        return two_lines(short_title(job), where)

    @admin.display(description="State")
    def state_badge(self, job: BulkJob) -> SafeString:
        if job.state == JobState.DONE and job.failed:
            return badge("Done, some failed", Tone.WARN)
        return badge(job.get_state_display(), Tone(STATE_TONES[job.state]))

    @admin.display(description="Accounts")
    def progress(self, job: BulkJob) -> str:
        return f"{job.handled:,} of {job.total:,}"

    @admin.display(description="Asked for by")
    def asker(self, job: BulkJob) -> str:
        return wording.actor(job.asked_by)

    @admin.display(description="Asked for", ordering="id")
    def created(self, job: BulkJob) -> SafeString | str:
        return when(job.created_at)

    @admin.display(description="Began")
    def began(self, job: BulkJob) -> SafeString | str:
        return when(job.started_at)

    @admin.display(description="Ended")
    def ended(self, job: BulkJob) -> SafeString | str:
        return when(job.ended_at)

    @admin.display(description="ID")
    def identifier(self, job: BulkJob) -> SafeString | str:
        return code(job.pk)

    @admin.display(description="Accounts")
    def selection(self, job: BulkJob) -> SafeString | str:
        if job.is_incident:
            return f"all of the {job.get_extent_display().lower()} {job.extent_label}"
        facts = in_words(job.facts, seen_by=job.seen_by or AnonymousUser())
        return chips((f"{label}: {value}" for label, value in facts), empty=_unfiltered(job))

    @admin.display(description="Why")
    def why(self, job: BulkJob) -> str:
        return job.note or EMPTY

    @admin.display(description="Disabled for it")
    def closed(self, job: BulkJob) -> SafeString | str:
        rows = AuthConfig.objects.visible_to(job.seen_by or AnonymousUser())
        names = list(rows.filter(pk__in=job.closed_configs).values_list("name", flat=True))
        # Of projects that she does not see, or deleted since.
        others = len(job.closed_configs) - len(names)
        told = [*names, f"{others:,} other{'' if others == 1 else 's'}"] if others else names
        return chips(told, empty="nothing")


def _pace(job: BulkJob) -> int:
    return LOOK_SECONDS_LONG if job.total > LONG else LOOK_SECONDS


def _report_url(job: BulkJob) -> str:
    return reverse("admin:connections_bulkjob_report", args=[quote(job.pk)])


def _unfiltered(job: BulkJob) -> str:
    return "chosen one by one" if job.extent == "chosen" else "all but deleted ones"


def _counts(job: BulkJob) -> Iterator[tuple[str, int, str]]:
    yield "Done", job.done, OUTCOME_TONES[Outcome.DONE]
    yield "Failed", job.failed, OUTCOME_TONES[Outcome.FAILED] if job.failed else "quiet"
    yield "Left alone", job.skipped, OUTCOME_TONES[Outcome.SKIPPED]
    yield "To do", max(job.total - job.handled, 0), "busy" if job.is_under_way else "quiet"


def _left(job: BulkJob) -> str:
    """Say how long it will take at the pace since it began or went on; empty: not known."""
    through = job.handled - job.pace_from
    if not job.is_under_way or through <= 0 or job.pace_since is None or not job.collected_at:
        return ""
    took = timezone.now() - job.pace_since
    return f"about {span(took / through * (job.total - job.handled))} left"


def _download(lines: Iterator[str], name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
