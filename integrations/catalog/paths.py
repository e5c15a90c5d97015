"""Dotted paths into a provider's JSON: ``error.code``, ``errors.0.code``, ``data.user.id``.

A number is a place in a list. ``accounts[is_default=true].id`` goes on with the first item of the
list whose field has that value; ``[id=7].url`` does where the answer is a list itself. A key that
holds dots itself (``https://slack.com/user_id``, Dropbox's ``.tag``) is found where it is the rest
of the path.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeGuard

from pydantic import AfterValidator

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_FILTERED: Final = re.compile(
    rf"(?P<list>{_NAME})?\[(?P<field>{_NAME})=(?P<value>[A-Za-z0-9_-]+)\]"
)


def checked_path(path: str) -> str:
    """Return ``path``. Raises ValueError where a part of it in brackets is no filter."""
    for step in path.split("."):
        if ("[" in step or "]" in step) and not _FILTERED.fullmatch(step):
            raise ValueError(f"{step} is not a filter such as accounts[is_default=true]")
    return path


def checked_path_again(path: str) -> str:
    """Return ``path``, whose filters may hold ``{parameters}`` for values. Raises as above."""
    checked_path(re.sub(r"\{\w+\}", "0", path))
    return path


Path = Annotated[str, AfterValidator(checked_path)]
PathAgain = Annotated[str, AfterValidator(checked_path_again)]


def value_at(body: Any, path: str) -> Any:
    """Return what stands at ``path`` in ``body``; None where there is nothing."""
    if isinstance(body, dict) and path in body:
        return body[path]
    step, _, rest = path.partition(".")
    below = _below(body, step)
    return value_at(below, rest) if rest and below is not None else below


def texts_at(body: Any, path: str) -> list[str]:
    """Return the texts, numbers and truth values at ``path`` as text; those of a list one by one.

    ``70008`` and ``"70008"`` are the same: providers change their minds about quotes.
    """
    found = value_at(body, path)
    values = found if isinstance(found, list) else [found]
    return [as_text(value) for value in values if is_scalar(value)]


def is_scalar(value: Any) -> TypeGuard[bool | int | str]:
    """Whether a JSON value is one that is compared: no list, object, null or fraction."""
    return isinstance(value, bool | int | str)


def as_text(value: bool | int | str) -> str:  # noqa: FBT001 - the value itself, not an option
    """Return a JSON scalar as text to compare by."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _below(body: Any, step: str) -> Any:
    if filtered := _FILTERED.fullmatch(step):
        return _first(_named(body, filtered["list"]), filtered["field"], filtered["value"])
    if isinstance(body, dict):
        return body.get(step)
    if isinstance(body, list) and step.isdecimal():
        return body[int(step)] if int(step) < len(body) else None
    return None


def _named(body: Any, name: str | None) -> Any:
    """Return the list of that name in ``body``; without a name, ``body`` itself."""
    if name is None:
        return body
    return body.get(name) if isinstance(body, dict) else None


def _first(items: Any, field: str, value: str) -> Any:
    """Return the first of ``items`` whose ``field`` is ``value``."""
    for item in items if isinstance(items, list) else ():
        found = item.get(field) if isinstance(item, dict) else None
        if is_scalar(found) and as_text(found) == value:
            return item
    return None
