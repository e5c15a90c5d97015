"""The protocol endpoints: allauth's views, wrapped in switches, faults and the book of calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from allauth.idp.oidc import views
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.internal.oauthlib.utils import (
    convert_response,
    extract_params,
    get_validator_context,
)
from django.db import transaction
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from integrations.sandbox.calls import outcome_of, record_call
from integrations.sandbox.exchange import exchanging
from integrations.sandbox.faults import describe_fault, needs_work, shape_token_answer, spoil
from integrations.sandbox.models import Grant, SwitchRow
from integrations.sandbox.scopes import describe_scope, in_order
from integrations.sandbox.validator import build_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    View = Callable[[HttpRequest], HttpResponse]


class TokenView(views.TokenView):  # type: ignore[misc] # allauth is untyped
    """The token endpoint (RFC 6749, 3.2) under the sandbox's rules of rotation."""

    def _create_token_response(self, request: HttpRequest, **_: Any) -> HttpResponse:
        parameters = extract_params(request)
        response: HttpResponse = convert_response(
            *build_server().create_token_response(*parameters)
        )
        return response


class RevokeView(views.RevokeView):  # type: ignore[misc] # allauth is untyped
    """The revocation endpoint (RFC 7009): a refresh token takes its whole family along."""

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Revoke the token of the authenticated client; unknown tokens are fine as well."""
        parameters = extract_params(request)
        response: HttpResponse = convert_response(
            *build_server().create_revocation_response(*parameters)
        )
        return response


class UserInfoView(views.UserInfoView):  # type: ignore[misc] # allauth is untyped
    """The userinfo endpoint (OpenID Connect Core, 5.3). Notes when a grant was last used."""

    def _respond(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = super()._respond(request)
        token = get_validator_context().access_token
        if token is not None:
            Grant.objects.filter(user_id=token.user_id, client_id=token.client_id).update(
                last_used_at=timezone.now()
            )
        return response


class AuthorizationView(views.AuthorizationView):  # type: ignore[misc] # allauth is untyped
    """The authorization endpoint; answers to the client say who answers (RFC 9207 ``iss``)."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add ``iss`` to redirects that leave for the client."""
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        location = response.get("Location", "")
        if response.status_code == 302 and not location.startswith("/"):
            separator = "&" if "?" in location else "?"
            issuer = urlencode({"iss": get_adapter().get_issuer()})
            response["Location"] = f"{location}{separator}{issuer}"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the consent screen shows: the scopes in words, and where the answer goes."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        chosen = context["form"]["scopes"].value()
        context["scope_choices"] = [
            {
                "name": name,
                "text": describe_scope(name),
                "required": name == "openid",
                "checked": name in chosen,
            }
            for name in in_order(self._scopes)
        ]
        context["redirect_host"] = urlsplit(self._request_info["redirect_uri"]).netloc
        return context


def under_switches(endpoint: str, view: View) -> View:
    """Return ``view`` with the switches applied and every call written down.

    The delay comes last, when the work is done and written down: a test that sees the call listed
    knows that the client is still waiting for its answer.
    """

    @csrf_exempt
    def answer(request: HttpRequest) -> HttpResponse:
        now = timezone.now()
        switches = SwitchRow.read()
        strikes = switches.faulty and endpoint in switches.endpoints and SwitchRow.claim_fault()
        response, outcome = None, "not_performed"
        if not strikes or needs_work(switches):
            with exchanging(switches) as exchange:
                response = view(request)
                outcome = exchange.outcome or outcome_of(endpoint, response)
            if response.status_code >= 400 and outcome.startswith(("issued", "revoked")):
                outcome = outcome_of(endpoint, response)
            if endpoint == "token":
                response = shape_token_answer(
                    switches, response, request.POST.get("grant_type", "")
                )
        final = spoil(switches, response) if strikes else response
        assert final is not None  # noqa: S101 - without a strike there is a response
        record_call(
            request=request,
            endpoint=endpoint,
            outcome=outcome,
            fault=describe_fault(switches) if strikes else "",
            status=final.status_code,
            now=now,
        )
        if strikes and switches.delay_ms:
            time.sleep(switches.delay_ms / 1000)
        return final

    return answer


authorize = AuthorizationView.as_view()
token = under_switches("token", TokenView.as_view())
revoke = under_switches("revoke", RevokeView.as_view())
userinfo = under_switches("userinfo", UserInfoView.as_view())
