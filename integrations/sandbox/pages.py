"""The pages of Acme Notes beyond allauth's: who has access, taking it away, and health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from integrations.sandbox.models import Grant
from integrations.sandbox.scopes import describe_scope, in_order

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_GET
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Show the apps with access to the person's account."""
    found = Grant.objects.living().filter(user_id=_person_id(request)).order_by("-last_used_at")
    apps = [
        {"grant": grant, "scopes": [describe_scope(name) for name in in_order(grant.scopes())]}
        for grant in found
    ]
    return render(request, "sandbox/home.html", {"apps": apps})


@require_POST
@login_required
def remove_access(request: HttpRequest, *, client_id: str) -> HttpResponse:
    """Revoke what the signed-in person granted to one client."""
    grant = get_object_or_404(Grant, user_id=_person_id(request), client_id=client_id)
    name = grant.client.name
    grant.revoke()
    messages.success(request, f"{name} no longer has access to your account.")
    return redirect("home")


@require_GET
def healthz(_: HttpRequest) -> HttpResponse:
    """Answer 200 once requests can be served, 503 while the database cannot be reached."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok"})


def _person_id(request: HttpRequest) -> int:
    if request.user.pk is None:
        raise PermissionDenied
    return request.user.pk
