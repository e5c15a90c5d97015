"""What a token endpoint's answer means for the grant: a pure function of answer and toolkit.

Only a confirmed terminal answer kills a grant. A refusal of the client is the auth config's
fault. Everything else, 429, 5xx, time-outs, HTML and broken JSON among it, is transient. What
counts as which is data: the toolkit's rules, then the generic ones of `integrations.catalog`.
"""

from __future__ import annotations

import contextlib
import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from integrations.catalog import (
    GENERIC_CONFIGURATION,
    GENERIC_TERMINAL,
    ConfigurationRule,
    TerminalRule,
    first_fitting,
    is_outage,
)
from integrations.outbound import MalformedBody, OutboundError, Response
from integrations.schemes.error_codes import repeats, shown_code
from integrations.schemes.retry_after import retry_after_seconds
from integrations.schemes.token_response import MalformedToken, TokenSet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from integrations.catalog import Rule, Toolkit


class RefusalKind(enum.StrEnum):
    """Whose fault a refusal is."""

    TERMINAL = "terminal"
    CONFIGURATION = "configuration"
    TRANSIENT = "transient"


@dataclass(frozen=True, kw_only=True)
class Granted:
    """The provider issued tokens."""

    tokens: TokenSet
    http_status: int


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The provider did not issue tokens.

    ``error_code`` is the provider's own code, with what a rule decided by behind it, or ours where
    it sent none. ``reason`` is the account's on a terminal refusal. ``retry_after`` is in seconds.
    ``outcome_unknown``: the request may have been carried out and its answer lost, so that the
    refresh token may be spent. ``client_refused``: the client did not prove that it is that one,
    which has spent nothing; another of its secrets may be right. ``token_doubted``: it may be the
    token that its revocation was refused for; whether the grant lives, a refresh tells.
    """

    kind: RefusalKind
    error_code: str
    http_status: int | None = None
    reason: str = ""
    retry_after: float | None = None
    outcome_unknown: bool = False
    client_refused: bool = False
    token_doubted: bool = False


Verdict = Granted | Refused


def judge_failure(error: OutboundError) -> Refused:
    """Return the verdict on a call that brought no answer."""
    return Refused(
        kind=RefusalKind.TRANSIENT, error_code=error.code, outcome_unknown=error.outcome_unknown
    )


def judge_answer(
    response: Response, toolkit: Toolkit, *, renewing: bool = False, now: datetime | None = None
) -> Verdict:
    """Return the verdict on ``response`` by the toolkit's rules.

    Args:
        renewing: whether it answers a refresh: then a usable refresh token in a success is kept
            whatever is wrong beside it, because the one that was sent may be spent.
        now: when it came, for a Retry-After date in an answer without a Date header.
    """
    answer = _read(response, salvage=renewing and _succeeded(response))
    if not isinstance(answer, dict):
        return _transient(response, "malformed_response", now, outcome_unknown=_in_doubt(response))
    if toolkit.is_refusal(answer) or not _succeeded(response):
        refused = _judge_refusal(response, answer, toolkit, now)
        return refused if not renewing else _salvage(refused, response, answer, toolkit)
    try:
        tokens = TokenSet.from_answer(answer, toolkit, renewing=renewing)
    except MalformedToken:
        return _transient(response, "malformed_token", now, outcome_unknown=True)
    return Granted(tokens=tokens, http_status=response.status)


def _read(response: Response, *, salvage: bool) -> Any:
    """Return the body as JSON, None where it is none; ``salvage``: also where it is nearly so."""
    for read in (response.json, response.lenient_json)[: 1 + salvage]:
        with contextlib.suppress(MalformedBody):
            return read()
    return None


def _salvage(
    refused: Refused, response: Response, answer: dict[str, Any], toolkit: Toolkit
) -> Verdict:
    """Return the tokens that stand beside an error in a success, where no rule knows the error.

    What a rule knows is believed. Else both tokens say more than a word that nobody has heard of.
    """
    if not _succeeded(response) or _ruling(response.status, answer, toolkit)[1] is not None:
        return refused
    try:
        tokens = TokenSet.from_answer(answer, toolkit, renewing=True)
    except MalformedToken:
        return refused
    if tokens.refresh_token is None or tokens.unusable:
        return refused
    return Granted(tokens=tokens, http_status=response.status)


def _judge_refusal(
    response: Response, answer: dict[str, Any], toolkit: Toolkit, now: datetime | None
) -> Refused:
    status = response.status
    kind, rule = _ruling(status, answer, toolkit)
    code = shown_code(body=answer, shape=toolkit, rule=rule) or f"http_{status}"
    if kind is RefusalKind.TRANSIENT:
        in_doubt = is_outage(status) and _in_doubt(response)
        return _transient(response, code, now, outcome_unknown=in_doubt)
    reason = rule.reason if isinstance(rule, TerminalRule) else ""
    client_refused = isinstance(rule, ConfigurationRule) and rule.client_refused
    return Refused(
        kind=kind,
        error_code=code,
        http_status=status,
        reason=reason,
        client_refused=client_refused,
    )


def _ruling(
    status: int, answer: dict[str, Any], toolkit: Toolkit
) -> tuple[RefusalKind, Rule | None]:
    """Return what the refusal is, and the rule that says so; the toolkit's own come first."""
    if is_outage(status) or 300 <= status < 400:
        # No token endpoint redirects: this is a page in front of it.
        return RefusalKind.TRANSIENT, None
    lists: list[tuple[RefusalKind, tuple[Rule, ...]]] = [
        (RefusalKind.TRANSIENT, toolkit.transient),
        (RefusalKind.CONFIGURATION, toolkit.configuration),
        (RefusalKind.TERMINAL, toolkit.terminal),
        (RefusalKind.CONFIGURATION, GENERIC_CONFIGURATION),
        (RefusalKind.TERMINAL, GENERIC_TERMINAL if toolkit.generic_terminal else ()),
    ]
    for kind, rules in lists:
        rule = first_fitting(rules, status=status, body=answer, shape=toolkit)
        if rule is not None:
            return kind, rule
    return RefusalKind.TRANSIENT, None


def _transient(
    response: Response, code: str, now: datetime | None, *, outcome_unknown: bool
) -> Refused:
    return Refused(
        kind=RefusalKind.TRANSIENT,
        error_code=code,
        http_status=response.status,
        retry_after=retry_after_seconds(response, now=now),
        outcome_unknown=outcome_unknown,
    )


def without_echo(verdict: Verdict, secrets: Iterable[str]) -> Verdict:
    """Return ``verdict`` without an error code in which the provider repeats what we sent."""
    if isinstance(verdict, Granted):
        return verdict
    if not repeats(verdict.error_code, secrets):
        return verdict
    return replace(verdict, error_code=f"http_{verdict.http_status}")


def _succeeded(response: Response) -> bool:
    return 200 <= response.status < 300


def _in_doubt(response: Response) -> bool:
    """Whether the refresh token may be spent although no token came.

    A 2xx with an unreadable body was carried out. A gateway that gave up waiting, which mostly
    answers HTML, does not know whether the token endpoint went on; 520 and 524 are Cloudflare's
    words for that.
    """
    return _succeeded(response) or response.status in {502, 504, 520, 524}
