"""Ends a grant at its provider: by RFC 7009, or by the call that the toolkit describes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from authlib.common.urls import add_params_to_uri
from django.utils import timezone

from integrations import outbound
from integrations.catalog import GENERIC_GONE, fill, fill_url, first_fitting, is_outage
from integrations.schemes.base import UNSUPPORTED
from integrations.schemes.token_call import JSON, UNUSABLE_SECRET, UnusableSecret
from integrations.schemes.verdict import (
    Granted,
    RefusalKind,
    Refused,
    judge_answer,
    judge_failure,
)

if TYPE_CHECKING:
    from integrations.catalog import Revocation, Toolkit
    from integrations.schemes.token_call import Client
    from integrations.schemes.token_response import TokenSet

UNAUTHORIZED: Final = 401


def revoke(*, client: Client, auth: outbound.AuthBase, tokens: TokenSet) -> Refused | None:
    """Revoke ``tokens``; None when the provider confirmed it or knew them no more.

    Args:
        auth: what puts the access token onto a call.
    """
    return client.with_each_secret(lambda each: _revoke(each, auth, tokens))


def _revoke(client: Client, auth: outbound.AuthBase, tokens: TokenSet) -> Refused | None:
    toolkit = client.toolkit
    try:
        if toolkit.revocation_url is not None:
            response = _by_standard(client, toolkit.revocation_url, tokens)
            done: tuple[int, ...] = tuple(range(200, 300))
        elif toolkit.revocation is not None and toolkit.revocation.is_filled:
            response = _by_description(client, toolkit.revocation, auth, tokens)
            done = toolkit.revocation.done_statuses
        else:
            return UNSUPPORTED
    except UnusableSecret:
        return UNUSABLE_SECRET
    except outbound.OutboundError as error:
        return judge_failure(error)
    if response.status in done and not _refuses(response, toolkit):
        return None
    return _judge(response, toolkit, tokens)


def _judge(response: outbound.Response, toolkit: Toolkit, tokens: TokenSet) -> Refused | None:
    """Return why the grant is not known to be over; None where it was already."""
    verdict = judge_answer(response, toolkit, now=timezone.now())
    if isinstance(verdict, Granted) or verdict.kind is RefusalKind.TERMINAL:
        return None
    # Whatever its body says: who gets it has not proven who asks (RFC 9110, 15.5.2).
    unknown = response.status == UNAUTHORIZED and _proves_client(toolkit)
    if verdict.client_refused or unknown:
        return replace(verdict, client_refused=True)
    if verdict.kind is not RefusalKind.TRANSIENT or _is_away(response.status):
        return verdict
    if _is_gone(response, toolkit) and not _may_live_on(tokens, toolkit):
        return None
    return replace(verdict, token_doubted=True)


def _is_away(status: int) -> bool:
    """Whether it was not the endpoint itself that answered, or not now."""
    return is_outage(status) or 300 <= status < 400


def _is_gone(response: outbound.Response, toolkit: Toolkit) -> bool:
    """Whether the answer says that the token is none (any more)."""
    try:
        body = response.json()
    except outbound.MalformedBody:
        return False
    rule = first_fitting(GENERIC_GONE, status=response.status, body=body, shape=toolkit)
    return rule is not None


def _may_live_on(tokens: TokenSet, toolkit: Toolkit) -> bool:
    """Whether it was the access token that was sent: the grant outlives it."""
    by_access_token = toolkit.revocation is not None and toolkit.revocation.takes_access_token
    return by_access_token and tokens.refresh_token is not None


def _proves_client(toolkit: Toolkit) -> bool:
    """Whether the client's secret is what its revocation call is let in by."""
    return toolkit.revocation is None or toolkit.revocation.auth in {"client", "client_secret"}


def _by_standard(client: Client, url: str, tokens: TokenSet) -> outbound.Response:
    """Send the refresh token, or the access token where that is all there is (RFC 7009, 2.1)."""
    token, hint = tokens.access_token, "access_token"
    if tokens.refresh_token is not None:
        token, hint = tokens.refresh_token, "refresh_token"
    parameters = {"token": token.reveal(), "token_type_hint": hint}
    return client.send(url, parameters, role=outbound.Role.REVOCATION, headers={})


def _by_description(
    client: Client, described: Revocation, auth: outbound.AuthBase, tokens: TokenSet
) -> outbound.Response:
    access_token = tokens.access_token.reveal()
    renewed_by = tokens.refresh_token
    values = {
        "access_token": access_token,
        "refresh_token": renewed_by.reveal() if renewed_by else access_token,
        "client_id": client.client_id,
        "client_secret": client.secret_text(),
    }
    if not all(value.isascii() for value in values.values()):
        raise UnusableSecret
    parameters = {name: fill(text, values) for name, text in described.parameters.items()}
    url = fill_url(described.url, values)
    if described.body == "query":
        url = add_params_to_uri(url, list(parameters.items()))
    proofs: dict[str, outbound.AuthBase | None] = {
        "token": auth,
        "client": outbound.HTTPBasicAuth(client.client_id, client.secret_text()),
        "client_secret": outbound.HTTPBasicAuth(client.secret_text(), ""),
        "none": None,
    }
    return outbound.send(
        role=outbound.Role.REVOCATION,
        method=described.method,
        url=url,
        headers={"Accept": JSON, **described.headers},
        auth=proofs[described.auth],
        form=parameters if described.body == "form" and parameters else None,
        json=parameters if described.body == "json" else None,
    )


def _refuses(response: outbound.Response, toolkit: Toolkit) -> bool:
    """Whether a success of HTTP says in its body that it is none; an empty one does not."""
    try:
        return toolkit.is_refusal(response.json())
    except outbound.MalformedBody:
        return False
