"""What a log line says of an exception: its type and the places it came by, not its message.

A message is written by whoever raised: a parser quotes the text it could not read, a database the
row it refused, a validator its input. Any of it may be a token. Evergrant's own errors are worded
without input that could be secret, so their message stays. For the others, facts that operators
search for stand in its place: SQLSTATE, errno, the name of a missing attribute or module.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

import psycopg

from integrations.errors import EvergrantError
from integrations.outbound import OutboundError
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OUR_OWN: Final = (EvergrantError, OutboundError, SealingError)
_FACTS: Final = {
    psycopg.Error: "sqlstate",
    OSError: "errno",
    AttributeError: "name",
    NameError: "name",
    ImportError: "name",
}
_CAUSED: Final = "\nThe above exception was the direct cause of the following exception:\n"
_MEANWHILE: Final = "\nDuring handling of the above exception, another exception occurred:\n"
LONGEST_CHAIN: Final = 10


def describe(error: BaseException) -> str:
    """Return ``error`` in one line: its type, and what may be said of it."""
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(error, _OUR_OWN):
        return f"{name}: {error}"
    facts = (fact for known, fact in _FACTS.items() if isinstance(error, known))
    told = [f"{fact} {value}" for fact in facts if (value := getattr(error, fact)) is not None]
    return f"{name} ({', '.join(told)})" if told else name


def trace(error: BaseException) -> str:
    """Return the traceback of ``error`` and of what led to it, with `describe` for messages."""
    return "\n".join(_parts(error, depth=0))


def _parts(error: BaseException, *, depth: int) -> Iterator[str]:
    context = None if error.__suppress_context__ else error.__context__
    before = error.__cause__ or context
    if before is not None and depth < LONGEST_CHAIN:
        yield from _parts(before, depth=depth + 1)
        yield _CAUSED if error.__cause__ is not None else _MEANWHILE
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)).rstrip("\n")
    yield describe(error)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _parts(inner, depth=depth + 1)
