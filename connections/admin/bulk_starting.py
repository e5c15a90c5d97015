"""Starts bulk jobs from the list of accounts: on those chosen, or on all that a filter shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from connections.admin.incidents import form_job_id, job_url, note_of, sent_before
from connections.bulk.ending import write_entries
from connections.bulk.selecting import are_understood, in_words
from connections.bulk.starting import Asker, start_on_chosen, start_on_filter
from connections.bulk.wording import CONSEQUENCES, TITLES, accounts_in_words, on_so_many
from connections.models.bulk import PERMISSIONS, Kind
from integrations.admin.operations import NOTE_LENGTH, Operation, OperationsAdmin
from integrations.counting import Count, count_rows
from integrations.ids import new_id
from integrations.models.audit_entry import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse, QueryDict
    from django.urls import URLPattern

    from connections.models import BulkJob, ConnectedAccount

# The list's parameters that the worker understands; others are evaluated here.
_FACTS = {
    "status": "status",
    "reason": "reason",
    "refreshing": "refreshing",
    "age": "age",
    "toolkit": "toolkit",
    "auth_config__id__exact": "auth_config",
    "project__id__exact": "project",
}
# Of the list, and nothing that narrows it.
_IGNORED = frozenset({"o", "p", "all", "_facets", "_changelist_filters", "e", "after", "before"})
KINDS = frozenset(Kind.values)
TOO_MANY = (
    "This search or filter cannot be worked on as a whole while more than 10,000 accounts match. "
    "Narrow it."
)
NO_MATCH = "No account matches any more."


def facts_of(query: QueryDict) -> dict[str, str] | None:
    """Return what a list is filtered by; None where the worker would not understand it."""
    shown = filter_of(query)
    return shown if are_understood(shown) else None


def filter_of(query: QueryDict) -> dict[str, str]:
    """Return all that a list is filtered by, for people to read."""
    given = {name: query.get(name, "") for name in query if name not in _IGNORED}
    return {_FACTS.get(name, name): value[:200] for name, value in given.items() if value}


def is_on_all(request: HttpRequest) -> bool:
    """Whether work on everything that the list's filter and search find is asked for."""
    return _is_across(request) or "whole" in request.POST


def _is_across(request: HttpRequest) -> bool:
    """Whether the list means all that it shows, as Django understands it."""
    return request.POST.get("select_across", "").lower() not in {"", "0", "false"}


class BulkStarting(OperationsAdmin):
    """Has the list's actions of `KINDS` start jobs."""

    # "All that match" is a job's to do.
    list_disable_select_all = False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.start_view)
        return [path("bulk/<slug:kind>/", view, name="connections_bulk_start"), *super().get_urls()]

    def run_in_list(
        self, request: HttpRequest, operation: Operation, rows: QuerySet[Any]
    ) -> HttpResponse | None:
        """Say what a job would do with the accounts that were chosen; run what is none."""
        if operation.name not in KINDS:
            return super().run_in_list(request, operation, rows)
        chosen = None if _is_across(request) else list(rows.values_list("pk", flat=True))
        return self._ask_bulk(request, Kind(operation.name), rows, chosen)

    def start_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Start a job on what the page in between was about."""
        if kind not in KINDS:
            raise Http404
        if not request.user.has_perm(PERMISSIONS[Kind(kind)]):
            raise PermissionDenied
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseRedirect(self._list())
        return self._start(request, Kind(kind))

    def _ask_bulk(
        self, request: HttpRequest, kind: Kind, rows: QuerySet[Any], chosen: list[str] | None
    ) -> HttpResponse | None:
        """Ask whether to start a job on those ``chosen``; None: on all that the list shows."""
        count = count_rows(rows) if chosen is None else Count(number=len(chosen), exact=True)
        if not count.number:
            # What was chosen has left the list meanwhile: that is not a choice of everything.
            self.message_user(request, NO_MATCH, level="warning")
            return None
        if not count.exact and facts_of(request.GET) is None:
            self.message_user(request, TOO_MANY, level="error")
            return None
        start = reverse("admin:connections_bulk_start", args=[kind])
        context = self._context(request) | {
            "title": TITLES[kind],
            "kind": kind.value,
            "danger": kind == Kind.REVOKE,
            "question": on_so_many(kind, accounts_in_words(count)),
            "whole": chosen is None,
            "facts": in_words(filter_of(request.GET), seen_by=request.user),
            "consequences": CONSEQUENCES[kind],
            "chosen": chosen or [],
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "action": f"{start}?{request.GET.urlencode()}",
            "back": request.get_full_path(),
            "job_id": new_id("bj"),
            "note_length": NOTE_LENGTH,
        }
        return TemplateResponse(request, "admin/connections/bulk_confirm.html", context)

    def _start(self, request: HttpRequest, kind: Kind) -> HttpResponse:
        if not request.user.is_authenticated:
            raise PermissionDenied
        job_id = form_job_id(request)
        try:
            with transaction.atomic():
                job = self._make(request, kind, Asker.of_staff(request.user), job_id)
                if job is not None:
                    write_entries(
                        job, action=f"bulk-{kind}", outcome=Outcome.BEGUN, request=request
                    )
        except IntegrityError:
            return sent_before(job_id, request.user)
        if job is None:
            return HttpResponseRedirect(f"{self._list()}?{request.GET.urlencode()}")
        return HttpResponseRedirect(job_url(job.pk))

    def _make(self, request: HttpRequest, kind: Kind, asker: Asker, job_id: str) -> BulkJob | None:
        given: Mapping[str, Any] = {
            "kind": kind,
            "asker": asker,
            "note": note_of(request),
            "job_id": job_id,
        }
        if "whole" not in request.POST:
            chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
            rows = self.get_queryset(request).filter(pk__in=[pk for pk in chosen if "\0" not in pk])
            return self._on_chosen(request, rows, given)
        facts = facts_of(request.GET)
        rows = self._filtered(request)
        if count_rows(rows).exact:
            return self._on_chosen(request, rows, {**given, "facts": filter_of(request.GET)})
        if facts is None:
            self.message_user(request, TOO_MANY, level="error")
            return None
        return start_on_filter(facts=facts, **given)

    def _on_chosen(
        self, request: HttpRequest, rows: QuerySet[ConnectedAccount], given: Mapping[str, Any]
    ) -> BulkJob | None:
        if rows.exists():
            return start_on_chosen(accounts=rows, **given)
        self.message_user(request, NO_MATCH, level="warning")
        return None

    def _filtered(self, request: HttpRequest) -> QuerySet[ConnectedAccount]:
        """Return all that the list shows with the address's filters and search."""
        shown = self.get_changelist_instance(request)
        rows: QuerySet[ConnectedAccount] = shown.get_queryset(request)
        return rows
