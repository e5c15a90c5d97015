"""Regular expressions of others: only those that cannot take for ever are run.

Python's engine tries alternatives one after the other, and some expressions make it try more of
them than there is time for (``(a+)+$`` on thirty letters). What is let through takes at most the
square of the text's length.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined] # the parser has no public name
from re import _parser as sre_parser  # type: ignore[attr-defined] # see above
from typing import Any, Final, NamedTuple

LONGEST_PATTERN: Final = 500
# Longer texts are not matched at all; a thousand squared is done in milliseconds.
LONGEST_TEXT: Final = 1000
# What is there or not, or one of several: each may double the ways to try. So many beside so many
# repeats, the place where it begins counted as one.
_MOST_OPTIONS: Final = {0: 6, 1: 6, 2: 2}
# Where a text may be called too long for an expression, more is taken, and fewer letters.
_MOST_OPTIONS_ON_SHORT: Final = {0: 6, 1: 6, 2: 6}
# A thousand squared for two options: some 40 milliseconds.
_MOST_STEPS: Final = 4_000_000
_REPEATS: Final = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}
_REFUSED: Final = {sre.GROUPREF, sre.GROUPREF_EXISTS, sre.ASSERT, sre.ASSERT_NOT}


@lru_cache(maxsize=4096)
def is_harmless(pattern: str) -> bool:
    """Whether ``pattern`` is a regular expression that ends soon on every text.

    No repeat within another one but of what has one length, no look-around, no reference back, and
    few repeats and options in a row.
    """
    cost = _cost(pattern)
    return cost is not None and cost.options <= _MOST_OPTIONS.get(cost.repeats, -1)


@lru_cache(maxsize=4096)
def longest_text(pattern: str) -> int | None:
    """Return how many characters ``pattern`` may be run on; None where it may not be run at all.

    More options than in what is harmless may stand beside two repeats: then the text is shorter.
    """
    cost = _cost(pattern)
    if cost is None or cost.options > _MOST_OPTIONS_ON_SHORT.get(cost.repeats, -1):
        return None
    steps = _MOST_STEPS // cost.ways
    if not steps:
        return None
    return min(LONGEST_TEXT, int(steps ** (1 / cost.repeats))) if cost.repeats else LONGEST_TEXT


class _Refused(Exception):
    pass


class _Cost(NamedTuple):
    """How many repeats, and how many options, follow each other; how many ways the options make."""

    repeats: int
    options: int
    ways: int


def _cost(pattern: str) -> _Cost | None:
    """Return the cost, with the place where it begins as a repeat; None where it has no bound."""
    if len(pattern) > LONGEST_PATTERN:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = sre_parser.parse(pattern)
        cost = _count(parsed, inside=False)
    except (re.error, OverflowError, RecursionError, _Refused):
        return None
    start = parsed[0] if len(parsed) else None
    # A list, because what begins with a set has a list in it, which no set of Python's takes.
    anchored = start in [(sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING)]
    return cost if anchored else cost._replace(repeats=cost.repeats + 1)


def _count(parsed: Any, *, inside: bool) -> _Cost:
    """Return the cost of what follows each other in ``parsed``.

    Args:
        inside: within a repeat already, where only what has one length may be repeated.
    """
    repeats, options, ways = 0, 0, 1
    for operation, argument in parsed:
        if operation in _REFUSED or (inside and operation is sre.BRANCH):
            raise _Refused
        found = _Cost(0, 0, 1)
        if operation in _REPEATS:
            found = _count_repeat(*argument, inside=inside)
        elif operation is sre.SUBPATTERN:
            found = _count(argument[3], inside=inside)
        elif operation is sre.ATOMIC_GROUP:
            found = _count(argument, inside=inside)
        elif operation is sre.BRANCH:
            found = _count_branch(argument[1], inside=inside)
        repeats, options = repeats + found.repeats, options + found.options
        ways *= found.ways
    return _Cost(repeats, options, ways)


def _count_repeat(least: int, most: int, repeated: Any, *, inside: bool) -> _Cost:
    if inside and least != most:
        raise _Refused
    # Nothing, any number of times, takes that many steps whatever the text.
    if most > 1 and repeated.getwidth()[0] == 0:
        raise _Refused
    cost = _count(repeated, inside=inside or most > 1)
    if most == 1:
        return _Cost(cost.repeats, cost.options + 1, cost.ways + 1)
    return cost._replace(repeats=cost.repeats + (1 if least != most else 0))


def _count_branch(branches: list[Any], *, inside: bool) -> _Cost:
    each = [_count(branch, inside=inside) for branch in branches]
    ways = [cost.ways for cost in each]
    return _Cost(
        repeats=max(cost.repeats for cost in each),
        options=1 + max(cost.options for cost in each),
        # Of those that begin with letters of their own at most one can be gone.
        ways=max(ways) if _begin_differently(branches) else sum(ways),
    )


def _begin_differently(branches: list[Any]) -> bool:
    starts = [branch[0] for branch in branches if len(branch)]
    letters = {chr(letter).casefold() for operation, letter in starts if operation is sre.LITERAL}
    return len(letters) == len(branches)
