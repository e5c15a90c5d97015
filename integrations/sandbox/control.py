"""The control API under /sandbox/: switches, calls, grants, redirect URIs. For loopback only."""

from __future__ import annotations

import functools
import ipaddress
import json
from typing import TYPE_CHECKING, Any

from allauth.idp.oidc.models import Client, Token
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from integrations.sandbox.clients import add_redirect_uri
from integrations.sandbox.models import Call, Grant, SwitchRow
from integrations.sandbox.redirect_uris import BadRedirectUriError
from integrations.sandbox.switches import BadSwitchError, check_switches

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

CALLS_PER_PAGE = 1000


class BadBodyError(Exception):
    """The request's body must be a JSON object with the members that the README names."""


def control(*methods: str) -> Callable[..., Callable[..., HttpResponse]]:
    """Make a view part of the control API: by method, from loopback, never from a browser page."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @functools.wraps(view)
        def guarded(request: HttpRequest, **arguments: str) -> HttpResponse:
            if refusal := _refuse(request, methods):
                return refusal
            try:
                return view(request, **arguments)
            except BadBodyError as error:
                return JsonResponse({"error": str(error)}, status=400)

        return guarded

    return decorate


@control("GET", "PATCH")
def switches(request: HttpRequest) -> HttpResponse:
    """Show the switches, or set those named in the body."""
    if request.method == "GET":
        return JsonResponse(SwitchRow.read().as_json())
    values = _json_object(request)
    try:
        check_switches(values)
    except BadSwitchError as error:
        return JsonResponse({"error": str(error), "allowed": error.allowed}, status=400)
    return JsonResponse(SwitchRow.change(values).as_json())


@control("POST")
def reset_switches(_: HttpRequest) -> HttpResponse:
    """Put every switch back to its default."""
    return JsonResponse(SwitchRow.replace({}).as_json())


@control("GET", "DELETE")
def calls(request: HttpRequest) -> HttpResponse:
    """List the calls after ``since`` (an id), oldest first, at most 1000; or forget all."""
    if request.method == "DELETE":
        Call.objects.all().delete()
        return HttpResponse(status=204)
    since = request.GET.get("since", "0")
    if not (since.isascii() and since.isdigit()):
        message = "since must be the id of a call"
        raise BadBodyError(message)
    page = Call.objects.filter(pk__gt=min(int(since), 2**63 - 1)).order_by("pk")[:CALLS_PER_PAGE]
    return JsonResponse({"calls": [call.as_json() for call in page]})


@control("GET")
def grants(_: HttpRequest) -> HttpResponse:
    """List the grants that still have a working token."""
    return JsonResponse({"grants": [_grant_json(grant) for grant in Grant.objects.living()]})


@control("POST")
def revoke_grants(request: HttpRequest) -> HttpResponse:
    """Revoke what ``username`` granted, to every client, as the person would on her page."""
    username = _text_member(request, "username")
    found = list(Grant.objects.filter(user__username=username))
    for grant in found:
        grant.revoke()
    return JsonResponse({"revoked": len(found)}, status=200 if found else 404)


@control("POST")
def redirect_uris(request: HttpRequest, *, client_id: str) -> HttpResponse:
    """Add a redirect URI to a client and return all it has."""
    try:
        uris = add_redirect_uri(client_id=client_id, uri=_text_member(request, "redirect_uri"))
    except Client.DoesNotExist:
        return JsonResponse({"error": "no such client"}, status=404)
    except BadRedirectUriError as error:
        return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse({"redirect_uris": uris})


def _refuse(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse | None:
    if not _is_loopback(request.META.get("REMOTE_ADDR", "")):
        return JsonResponse({"error": "the control API answers this machine only"}, status=403)
    if "Origin" in request.headers:
        # A web page that the developer happens to visit could reach loopback too.
        return JsonResponse({"error": "the control API is not for web pages"}, status=403)
    if request.method not in methods:
        return JsonResponse(
            {"error": "method not allowed"}, status=405, headers={"Allow": ", ".join(methods)}
        )
    return None


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _json_object(request: HttpRequest) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        message = "the body must be a JSON object"
        raise BadBodyError(message)
    return body


def _text_member(request: HttpRequest, name: str) -> str:
    value = _json_object(request).get(name)
    if not isinstance(value, str) or not value or "\0" in value:
        message = f"{name} must be text"
        raise BadBodyError(message)
    return value


def _grant_json(grant: Grant) -> dict[str, Any]:
    kinds = list(
        Token.objects.valid()
        .filter(user_id=grant.user_id, client_id=grant.client_id)
        .values_list("type", flat=True)
    )
    return {
        "username": grant.user.get_username(),
        "client_id": grant.client_id,
        "scopes": grant.scopes(),
        "access_tokens": kinds.count(Token.Type.ACCESS_TOKEN),
        "refresh_tokens": kinds.count(Token.Type.REFRESH_TOKEN),
    }
