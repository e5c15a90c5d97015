"""Trades an access token for one that lives longer, where a service has calls of its own for it.

A token that renews itself is kept in a refresh token's place as well: whatever renews a grant
stands there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from authlib.common.urls import add_params_to_uri
from django.utils import timezone

from integrations import outbound
from integrations.catalog import fill_all
from integrations.schemes.token_call import JSON
from integrations.schemes.verdict import (
    Granted,
    Verdict,
    judge_answer,
    judge_failure,
    without_echo,
)

if TYPE_CHECKING:
    from integrations.catalog import TokenTrade
    from integrations.schemes.token_call import Client
    from integrations.schemes.token_response import TokenSet
    from integrations.secrets import Secret


def lengthen(client: Client, granted: Granted) -> Verdict:
    """Return the longer tokens for those that a code brought, or why there are none.

    What the longer token's answer does not repeat is as the first answer said: scopes, what it
    told of the account, the id token.
    """
    toolkit, first = client.toolkit, granted.tokens
    if toolkit.longer_token is not None:
        trade = toolkit.longer_token
        traded = client.with_each_secret(lambda each: _trade(each, trade, first.access_token))
        if not isinstance(traded, Granted):
            return traded
        granted = replace(traded, tokens=_completed(traded.tokens, first))
    return _renewed_by_itself(granted) if toolkit.self_renewal else granted


def renew(
    client: Client, renewal: TokenTrade, token: Secret, *, limits: outbound.Limits
) -> Verdict:
    """Return the tokens that follow ``token``, which renews itself. Never sent twice from here."""
    verdict = client.with_each_secret(
        lambda each: _trade(each, renewal, token, limits=limits, renewing=True)
    )
    return _renewed_by_itself(verdict) if isinstance(verdict, Granted) else verdict


def _completed(longer: TokenSet, first: TokenSet) -> TokenSet:
    return replace(
        longer,
        refresh_token=longer.refresh_token or first.refresh_token,
        id_token=longer.id_token or first.id_token,
        scopes=first.scopes if longer.scopes is None else longer.scopes,
        connection_values={**first.connection_values, **longer.connection_values},
    )


def _renewed_by_itself(granted: Granted) -> Granted:
    tokens = granted.tokens
    return replace(granted, tokens=replace(tokens, refresh_token=tokens.access_token))


def _trade(
    client: Client,
    trade: TokenTrade,
    token: Secret,
    *,
    limits: outbound.Limits | None = None,
    renewing: bool = False,
) -> Verdict:
    secrets = {"access_token": token.reveal(), "client_secret": client.secret_text()}
    parameters = fill_all(trade.parameters, secrets | {"client_id": client.client_id})
    url: str = trade.url
    form: dict[str, str] | None = parameters
    if trade.method == "GET":
        url, form = str(add_params_to_uri(url, list(parameters.items()))), None
    try:
        response = outbound.send(
            role=outbound.Role.TOKEN,
            method=trade.method,
            url=url,
            headers={"Accept": JSON} | client.toolkit.token_headers,
            form=form,
            limits=limits,
            # Where its outcome is unknown it is made again; the trade after a code is not.
            repeatable=renewing,
        )
    except outbound.OutboundError as error:
        return judge_failure(error)
    verdict = judge_answer(response, client.toolkit, renewing=renewing, now=timezone.now())
    return without_echo(verdict, secrets.values())
