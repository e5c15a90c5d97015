"""Which part of a refusal is shown and stored: a code, never a description, never a token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.catalog import AnswerShape, Rule

LONGEST_ERROR_CODE = 64
SHORTEST_ECHO = 8
# Words in one case or in camel case, each with a few digits at the most: invalid_grant,
# InvalidGrant, AADSTS70008, errors.3004. A token's letters and digits are mixed.
_WORD = r"(?:[A-Z]{1,24}|[A-Z]?[a-z]{1,24}(?:[A-Z][a-z]{2,24}){0,6})"
_ERROR_CODE = re.compile(
    rf"{_WORD}[0-9]{{0,8}}(?:[_.:-](?:{_WORD}[0-9]{{0,8}}|[0-9]{{1,8}})){{0,9}}"
)
_NUMBER = re.compile(r"[0-9]{1,8}")
# An ``error: true`` says that there is one, and an ``ok: false`` that decided says no more.
_NO_CODES = frozenset({"true", "false"})


def provider_error_code(error: Any) -> str:
    """Return the provider's code where it looks like one: never a description, never a token."""
    if not isinstance(error, str) or len(error) > LONGEST_ERROR_CODE:
        return ""
    return error if _ERROR_CODE.fullmatch(error) else ""


def shown_code(*, body: Any, shape: AnswerShape, rule: Rule | None = None) -> str:
    """Return the code to show for a refusal; empty where it holds none that looks like one.

    It is the provider's own. A number is named by its field: 190 at ``error.code`` is
    ``code.190``. What a rule's ``fields`` decided by follows after a dot, where it is a code or a
    number: ``invalid_grant.70008``. It is text of the catalog, not of the answer.
    """
    found = shape.codes_in(body)
    named = rule.named_in(body, shape) if rule else None
    own = next(filter(None, (_as_code(*place) for place in [named, *found] if place)), "")
    deciding = rule.deciding_values(body) if rule else []
    detail = next((value for value in deciding if _is_detail(value) and value != own), "")
    whole = ".".join(filter(None, (own, detail)))
    return provider_error_code(whole) or own


def repeats(code: str, sent: Iterable[str]) -> bool:
    """Whether ``code`` holds one of the secrets that were ``sent``: some providers echo them."""
    # What is shorter than that is no token, and part of many a code.
    return any(secret in code for secret in sent if len(secret) >= SHORTEST_ECHO)


def _as_code(path: str, text: str) -> str:
    if text in _NO_CODES:
        return ""
    if not _NUMBER.fullmatch(text):
        return provider_error_code(text)
    steps = [step for step in path.split(".") if not step.isdigit()]
    return provider_error_code(f"{steps[-1]}.{text}") if steps else ""


def _is_detail(value: str) -> bool:
    return value not in _NO_CODES and bool(_NUMBER.fullmatch(value) or provider_error_code(value))
