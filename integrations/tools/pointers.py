"""JSON pointers (RFC 6901): where a value goes in a body, or stands in an answer."""

from __future__ import annotations

import re
from typing import Any, Final

PATTERN: Final = r"^(?:/(?:[^~/]|~[01])*)*$"
LONGEST: Final = 500
_WELL_FORMED: Final = re.compile(PATTERN)


def steps_of(pointer: str) -> list[str]:
    """Return the steps of ``pointer``; none for the empty one, which is the whole document.

    Raises:
        ValueError: it is not a pointer.
    """
    if not _WELL_FORMED.match(pointer):
        raise ValueError(f"not a JSON pointer: {pointer[:60]!r}")
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def escaped(name: str) -> str:
    """Return ``name`` as one step of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def put(document: Any, pointer: str, value: Any) -> Any:
    """Return ``document`` with ``value`` at ``pointer``; what is missing on the way is made.

    ``document`` is None where there is nothing yet. Where the way is missing, the step ``0`` makes
    a list and any other one an object. The document itself is changed.

    Raises:
        ValueError: something else stands in the way.
    """
    steps = steps_of(pointer)
    return _put(document, steps, value)


def _put(below: Any, steps: list[str], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if below is None:
        below = [] if step == "0" else {}
    if isinstance(below, dict):
        below[step] = _put(below.get(step), rest, value)
        return below
    if isinstance(below, list) and step.isdecimal() and int(step) <= len(below):
        place = int(step)
        if place == len(below):
            below.append(None)
        below[place] = _put(below[place], rest, value)
        return below
    raise ValueError(f"nothing can be put at the step {step!r}")


def value_at(document: Any, pointer: str) -> Any:
    """Return what stands at ``pointer`` in ``document``. Raises LookupError, ValueError."""
    for step in steps_of(pointer):
        if isinstance(document, dict):
            document = document[step]
        elif isinstance(document, list) and step.isdecimal():
            document = document[int(step)]
        else:
            raise LookupError(step)
    return document
