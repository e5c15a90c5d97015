"""The incident page: choose what everything is to be revoked of, confirm it by its name, go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from connections.bulk.ending import write_entries
from connections.bulk.incidents import (
    Incident,
    find_incident,
    start_incident,
    unable_to_confirm,
)
from connections.bulk.starting import Asker, find_started
from connections.bulk.wording import EXTENTS, accounts_in_words
from connections.errors import IncidentNotConfirmed
from connections.models.bulk import INCIDENT_PERMISSION, Extent
from integrations.admin.operations import NOTE_LENGTH, OperationsAdmin
from integrations.catalog import all_toolkits
from integrations.ids import new_id
from integrations.models import ApiKey, AuthConfig, Project
from integrations.models.audit_entry import Outcome
from integrations.models.key_canary import KeyCanary
from integrations.secrets.keyring import key_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

MOST_CHOICES = 100
_JOB_ID = re.compile(r"bj_[0-9A-Za-z]{22}")
_TITLES = {
    Extent.AUTH_CONFIG: "Auth config",
    Extent.TOOLKIT: "Toolkit",
    Extent.PROJECT: "Project",
    Extent.KEY: "Sealing key",
}
_WHEN = {
    Extent.AUTH_CONFIG: "Its client secret has leaked, or the app at the provider was taken over.",
    Extent.TOOLKIT: "The provider itself was broken into, or tells its customers to start anew.",
    Extent.PROJECT: "One of its API keys that reads credentials has leaked.",
    Extent.KEY: "The key was seen, and a copy of the database may have been, too.",
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Something of which everything can be revoked."""

    id: str
    name: str
    about: str = ""


def incident_url(extent: Extent, extent_id: str = "") -> str:
    """Return the address of the incident page, with what it is about chosen."""
    query = {"of": extent.value} | ({"id": extent_id} if extent_id else {})
    return f"{reverse('admin:connections_incident')}?{urlencode(query)}"


class IncidentPages(OperationsAdmin):
    """Adds the incident page to the jobs'."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.incident_view)
        return [path("incident/", view, name="connections_incident"), *super().get_urls()]

    def incident_view(self, request: HttpRequest) -> HttpResponse:
        """GET: choose, and say what will happen. POST: do it. Raises Http404, PermissionDenied."""
        user = request.user
        if not user.has_perm(INCIDENT_PERMISSION) or not user.is_authenticated:
            raise PermissionDenied
        asker = Asker.of_staff(user)
        chosen_id = request.GET.get("id", "")
        if not chosen_id:
            return self._choose(request, asker)
        incident = find_incident(extent=request.GET.get("of", ""), extent_id=chosen_id, asker=asker)
        if incident is None:
            raise Http404
        if request.method == "POST":
            return self._start(request, user, asker, incident)
        return self._confirm(request, incident)

    def _choose(self, request: HttpRequest, asker: Asker) -> HttpResponse:
        of = request.GET.get("of", "")
        kinds = [kind for kind in _TITLES if kind is not Extent.KEY or asker.projects is None]
        extent = Extent(of) if of in kinds else Extent.AUTH_CONFIG
        term = request.GET.get("q", "").replace("\0", "").strip()
        choices = list(_CHOICES[extent](asker, term))
        context = self._context(request) | {
            "title": "Incident",
            "tabs": [(kind.value, _TITLES[kind], kind is extent) for kind in kinds],
            "extent": extent.value,
            "when": _WHEN[extent],
            "term": term,
            "choices": choices[:MOST_CHOICES],
            "more": len(choices) > MOST_CHOICES,
        }
        return TemplateResponse(request, "admin/connections/incident.html", context)

    def _confirm(
        self, request: HttpRequest, incident: Incident, *, error: str = ""
    ) -> HttpResponse:
        count = incident.count()
        context = self._context(request) | {
            "title": "Incident",
            "incident": incident,
            "kind": EXTENTS[incident.extent],
            "count": count,
            "accounts": accounts_in_words(count),
            "open_configs": len(incident.open_config_ids),
            "mute_services": unable_to_confirm(incident),
            **_keys_left(request, incident),
            "action": request.get_full_path(),
            "back": f"{reverse('admin:connections_incident')}?of={incident.extent.value}",
            "job_id": request.POST.get("job_id") or new_id("bj"),
            "note": request.POST.get("note", ""),
            "left_open": request.method == "POST" and "close" not in request.POST,
            "note_length": NOTE_LENGTH,
            "error": error,
        }
        status = 409 if error else 200
        return TemplateResponse(
            request, "admin/connections/incident_confirm.html", context, status=status
        )

    def _start(
        self, request: HttpRequest, user: User, asker: Asker, incident: Incident
    ) -> HttpResponse:
        job_id = form_job_id(request)
        try:
            with transaction.atomic():
                job = start_incident(
                    incident=incident,
                    asker=asker,
                    typed=request.POST.get("typed", ""),
                    note=note_of(request),
                    close="close" in request.POST,
                    job_id=job_id,
                )
                write_entries(
                    job,
                    action="incident",
                    title="Incident: revoke everything",
                    outcome=Outcome.BEGUN,
                    request=request,
                )
        except IncidentNotConfirmed as error:
            return self._confirm(request, incident, error=error.message)
        except IntegrityError:
            return sent_before(job_id, user)
        return HttpResponseRedirect(job_url(job.pk))


def _keys_left(request: HttpRequest, incident: Incident) -> dict[str, object]:
    """Return how many API keys go on working, and where they are revoked; of a project alone."""
    if incident.extent is not Extent.PROJECT:
        return {}
    keys = ApiKey.objects.filter(project=incident.id).valid(now=timezone.now())
    page = reverse("admin:integrations_project_change", args=[incident.id])
    sees = request.user.has_perm("integrations.view_apikey")
    return {"working_keys": keys.count(), "keys_url": f"{page}?tab=keys" if sees else ""}


def form_job_id(request: HttpRequest) -> str:
    """Return the id that the form gave the job, so that it is started once; empty without one."""
    given = request.POST.get("job_id", "")
    return given if _JOB_ID.fullmatch(given) else ""


def note_of(request: HttpRequest) -> str:
    """Return the reason that was given."""
    return request.POST.get("note", "").replace("\0", "").strip()[:NOTE_LENGTH]


def sent_before(job_id: str, user: User) -> HttpResponse:
    """Lead to the job that the same form started before. Raises Http404 where it is not hers."""
    job = find_started(job_id=job_id, user=user)
    if job is None:
        raise Http404
    return HttpResponseRedirect(job_url(job.pk))


def job_url(job_id: str) -> str:
    """Return the address of a job's page."""
    return reverse("admin:connections_bulkjob_change", args=[job_id])


def _configs(asker: Asker, term: str) -> Iterable[Choice]:
    rows = AuthConfig.objects.select_related("project").filter(name__icontains=term)
    if asker.projects is not None:
        rows = rows.filter(project__in=asker.projects)
    for row in rows.order_by("name")[: MOST_CHOICES + 1]:
        about = f"{row.toolkit_name} · {row.project.name}"
        yield Choice(id=row.pk, name=row.name, about=about)


def _toolkits(asker: Asker, term: str) -> Iterable[Choice]:
    rows = AuthConfig.objects.filter(toolkit__icontains=term)
    if asker.projects is not None:
        rows = rows.filter(project__in=asker.projects)
    known = all_toolkits()
    for slug in rows.order_by("toolkit").values_list("toolkit", flat=True).distinct():
        yield Choice(id=slug, name=known[slug].name if slug in known else slug, about=slug)


def _projects(asker: Asker, term: str) -> Iterable[Choice]:
    rows = Project.objects.filter(name__icontains=term)
    if asker.projects is not None:
        rows = rows.filter(pk__in=asker.projects)
    for row in rows.order_by("name")[: MOST_CHOICES + 1]:
        yield Choice(id=row.pk, name=row.name, about=row.pk)


def _keys(asker: Asker, term: str) -> Iterable[Choice]:
    if asker.projects is not None:
        return
    first = key_ids()[0]
    known = {canary.key_id: canary for canary in KeyCanary.objects.order_by("-created_at")}
    for key_id in {first: None, **known}:
        canary = known.get(key_id)
        standing = "seals now" if key_id == first else "opens, does not seal"
        if canary is not None and canary.retired_at:
            standing = f"retired {canary.retired_at:%Y-%m-%d}"
        since = f"first used {canary.created_at:%Y-%m-%d} · " if canary is not None else ""
        if term in key_id:
            yield Choice(id=key_id, name=key_id, about=f"{since}{standing}")


_CHOICES: dict[Extent, Callable[[Asker, str], Iterable[Choice]]] = {
    Extent.AUTH_CONFIG: _configs,
    Extent.TOOLKIT: _toolkits,
    Extent.PROJECT: _projects,
    Extent.KEY: _keys,
}
