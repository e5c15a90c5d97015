"""Checks a description, as strictly as the catalog checks its own files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from integrations.catalog import Toolkit
from integrations.catalog.complaints import complaints
from integrations.described.patterns import problems_of_patterns
from integrations.described.sending import problems_of_headers
from integrations.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_BYTES: Final = 64 * 1024
LONGEST_PROBLEM: Final = 300
# Longer names and descriptions fit no page.
_LONGEST: Final = {"name": 100, "description": 500}
_USUAL: Final = {
    "name": "",
    "description": "A service that is not in the catalog.",
    "category": "custom",
}
_FILES_ONLY: Final = {
    "slug": "is given beside the description, as `toolkit`",
    "extends": "is for the catalog's own files",
    "allauth": "is for the catalog's own files",
}


def describe(fields: Mapping[str, Any], *, slug: str, name: str) -> dict[str, Any]:
    """Return a description as it is stored, having checked everything but its addresses.

    Args:
        fields: of a toolkit file. Name, description and category may be left out.
        name: taken where it gives none.

    Raises:
        InvalidInput: ``details`` name each field that is wrong, as ``service.token_url``.
    """
    plain = _as_json(fields)
    if forbidden := [name for name in _FILES_ONLY if name in plain]:
        told = [{"field": f"service.{name}", "problem": _FILES_ONLY[name]} for name in forbidden]
        raise InvalidInput(fields=told)
    whole = {**_USUAL, "name": name, **plain}
    try:
        toolkit = Toolkit.model_validate(whole | {"slug": slug})
    except ValidationError as error:
        raise InvalidInput(fields=[_problem(*found) for found in complaints(error)]) from None
    if problems := list(_beyond_pydantic(toolkit)):
        raise InvalidInput(fields=[_problem(*found) for found in problems])
    return whole


def given_over(given: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was ``given`` over what was ``found``: of ``identity`` its single fields."""
    fields = {**found, **given}
    upper, lower = given.get("identity"), found.get("identity")
    if isinstance(upper, dict) and isinstance(lower, dict):
        fields["identity"] = lower | upper
    return fields


def what_was_given(service: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a description that was not ``found``: `given_over` puts it back."""
    given = {
        name: value for name, value in service.items() if name not in found or value != found[name]
    }
    upper, lower = given.get("identity"), found.get("identity")
    if isinstance(upper, dict) and isinstance(lower, dict):
        given["identity"] = what_was_given(upper, lower)
    return given


def _as_json(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy that the database takes: plain JSON, of bounded size."""
    problem = ""
    try:
        text = json.dumps(dict(fields), allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError):
        problem = "holds what JSON cannot hold"
    else:
        if size > MOST_BYTES:
            problem = f"is larger than {MOST_BYTES // 1024} KiB"
        elif "\\u0000" in text:
            problem = "must not contain NUL"
        else:
            copied: dict[str, Any] = json.loads(text)
            return copied
    raise InvalidInput(fields=[_problem("", problem)])


def _beyond_pydantic(toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    for name, most in _LONGEST.items():
        text = getattr(toolkit, name)
        if not text.strip() or len(text) > most:
            yield name, f"must have 1 to {most} characters"
    yield from problems_of_patterns(toolkit)
    yield from problems_of_headers(toolkit)


def _problem(path: str, text: str) -> dict[str, str]:
    """Return a problem in the API's form. The slug was given beside the description."""
    field = "toolkit" if path == "slug" else ".".join(filter(None, ("service", path)))
    return {"field": field, "problem": text[:LONGEST_PROBLEM]}
