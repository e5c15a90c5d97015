"""What a token endpoint's answer means for the grant: a pure function of answer and toolkit.

Only a confirmed terminal answer kills a grant. A refusal of the client is the auth config's
fault. Everything else, 429, 5xx, time-outs, HTML and broken JSON among it, is transient.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from integrations.outbound import MalformedBody, OutboundError, Response
from integrations.schemes.token_response import MalformedToken, TokenSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import Refusal, Toolkit

LONGEST_ERROR_CODE = 64
SHORTEST_ECHO = 8
# Words in one case or in camel case, each with a few digits at the most: invalid_grant,
# InvalidGrant, AADSTS70008, errors.3004. A token's letters and digits are mixed.
_WORD = r"(?:[A-Z]{1,24}|[A-Z]?[a-z]{1,24}(?:[A-Z][a-z]{2,24}){0,6})"
_ERROR_CODE = re.compile(
    rf"{_WORD}[0-9]{{0,8}}(?:[_.:-](?:{_WORD}[0-9]{{0,8}}|[0-9]{{1,8}})){{0,9}}"
)


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

    ``error_code`` is the provider's own code, or ours where it sent none. ``retry_after`` is in
    seconds. ``outcome_unknown``: the request may have been carried out and its answer lost, so
    that the refresh token may be spent.
    """

    kind: RefusalKind
    error_code: str
    http_status: int | None = None
    reason: str = ""
    retry_after: float | None = None
    outcome_unknown: bool = False


Verdict = Granted | Refused


def judge_failure(error: OutboundError) -> Refused:
    """Return the verdict on a call that brought no answer."""
    return Refused(
        kind=RefusalKind.TRANSIENT, error_code=error.code, outcome_unknown=error.outcome_unknown
    )


def judge_answer(response: Response, toolkit: Toolkit) -> Verdict:
    """Return the verdict on ``response`` by the toolkit's rules."""
    try:
        answer = response.json()
    except MalformedBody:
        return _transient(response, "malformed_response", outcome_unknown=_in_doubt(response))
    if not isinstance(answer, dict):
        return _transient(response, "malformed_response", outcome_unknown=_in_doubt(response))
    error = answer.get("error")
    if error or not _succeeded(response):
        return _judge_refusal(response, provider_error_code(error), toolkit)
    try:
        return Granted(tokens=TokenSet.from_answer(answer), http_status=response.status)
    except MalformedToken:
        return _transient(response, "malformed_token", outcome_unknown=True)


def _judge_refusal(response: Response, code: str, toolkit: Toolkit) -> Refused:
    if response.status == 429 or response.status >= 500:
        code = code or f"http_{response.status}"
        return _transient(response, code, outcome_unknown=_in_doubt(response))
    for kind, rules in (
        (RefusalKind.CONFIGURATION, toolkit.configuration),
        (RefusalKind.TERMINAL, toolkit.terminal),
    ):
        rule = _matching(rules, response.status, code)
        if rule:
            return Refused(
                kind=kind,
                error_code=code,
                http_status=response.status,
                reason=rule.reason if kind is RefusalKind.TERMINAL else "",
            )
    return _transient(response, code or f"http_{response.status}")


def _matching(rules: list[Refusal], status: int, code: str) -> Refusal | None:
    fitting = (r for r in rules if r.error == code and r.status in (None, status))
    return next(fitting, None)


def _transient(response: Response, code: str, *, outcome_unknown: bool = False) -> Refused:
    return Refused(
        kind=RefusalKind.TRANSIENT,
        error_code=code,
        http_status=response.status,
        retry_after=retry_after_seconds(response),
        outcome_unknown=outcome_unknown,
    )


def retry_after_seconds(response: Response) -> float | None:
    """Return the Retry-After header's seconds (RFC 9110, 10.2.3); None for a date or nothing."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def without_echo(verdict: Verdict, secrets: Iterable[str]) -> Verdict:
    """Return ``verdict`` without an error code in which the provider repeats what we sent."""
    if isinstance(verdict, Granted):
        return verdict
    # What is shorter than that is no token, and part of many a code.
    telling = (secret for secret in secrets if len(secret) >= SHORTEST_ECHO)
    if not any(secret in verdict.error_code for secret in telling):
        return verdict
    return replace(verdict, error_code=f"http_{verdict.http_status}")


def _succeeded(response: Response) -> bool:
    return 200 <= response.status < 300


def _in_doubt(response: Response) -> bool:
    """Whether the refresh token may be spent although no token came.

    A 2xx with an unreadable body was carried out. A gateway that gave up waiting, which mostly
    answers HTML, does not know whether the token endpoint went on.
    """
    return _succeeded(response) or response.status in {502, 504}


def provider_error_code(error: Any) -> str:
    """Return the provider's code where it looks like one: never a description, never a token."""
    if not isinstance(error, str) or len(error) > LONGEST_ERROR_CODE:
        return ""
    return error if _ERROR_CODE.fullmatch(error) else ""
