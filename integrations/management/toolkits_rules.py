"""A toolkit's rules for dead grants, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.catalog import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integrations.catalog import Rule, Toolkit


def dead_grants(toolkit: Toolkit) -> Iterator[str]:
    """Yield each answer of the token endpoint that ends a grant."""
    for rule in toolkit.terminal:
        expired = rule.reason == "refresh_token_expired"
        yield f"{_in_words(rule)}{' (expired)' if expired else ''}"
    if toolkit.generic_terminal:
        yield "invalid_grant"


def _in_words(rule: Rule) -> str:
    return ", ".join(_parts(rule))


def _parts(rule: Rule) -> Iterator[str]:
    if rule.error is not None:
        yield _either(rule.error)
    for path, values in rule.fields.items():
        yield f"{path} {_either(values)}"
    if rule.status is not None:
        yield f"with status {_either(rule.status)}"
    if rule.description is not None:
        yield f"a description like {rule.description}"


def _either(values: Iterable[bool | int | str]) -> str:
    return " or ".join(map(as_text, values))
