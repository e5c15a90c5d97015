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
from typing import Any, Final

LONGEST_PATTERN: Final = 500
# Longer texts are not matched at all; a thousand squared is done in milliseconds.
LONGEST_TEXT: Final = 1000
# What is there or not, or one of several: each may double the ways to try. So many beside so many
# repeats, the place where it begins counted as one.
_MOST_OPTIONS: Final = {0: 6, 1: 6, 2: 2}
_REPEATS: Final = {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}
_REFUSED: Final = {sre.GROUPREF, sre.GROUPREF_EXISTS, sre.ASSERT, sre.ASSERT_NOT}


@lru_cache(maxsize=4096)
def is_harmless(pattern: str) -> bool:
    """Whether ``pattern`` is a regular expression that ends soon on every text.

    No repeat within another one but of what has one length, no look-around, no reference back, and
    few repeats and options in a row.
    """
    if len(pattern) > LONGEST_PATTERN:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = sre_parser.parse(pattern)
        repeats, options = _count(parsed, inside=False)
    except (re.error, OverflowError, RecursionError, _Refused):
        return False
    start = parsed[0] if len(parsed) else None
    # A list, because what begins with a set has a list in it, which no set of Python's takes.
    anchored = start in [(sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING)]
    return options <= _MOST_OPTIONS.get(repeats + (0 if anchored else 1), -1)


class _Refused(Exception):
    pass


def _count(parsed: Any, *, inside: bool) -> tuple[int, int]:
    """Return how many repeats, and how many options, follow each other.

    Args:
        inside: within a repeat already, where only what has one length may be repeated.
    """
    repeats = options = 0
    for operation, argument in parsed:
        if operation in _REFUSED or (inside and operation is sre.BRANCH):
            raise _Refused
        found = (0, 0)
        if operation in _REPEATS:
            least, most, repeated = argument
            if inside and least != most:
                raise _Refused
            # Nothing, any number of times, takes that many steps whatever the text.
            if most > 1 and repeated.getwidth()[0] == 0:
                raise _Refused
            found = _count(repeated, inside=inside or most > 1)
            repeats += 1 if least != most and most > 1 else 0
            options += 1 if most == 1 else 0
        elif operation is sre.SUBPATTERN:
            found = _count(argument[3], inside=inside)
        elif operation is sre.ATOMIC_GROUP:
            found = _count(argument, inside=inside)
        elif operation is sre.BRANCH:
            each = [_count(branch, inside=inside) for branch in argument[1]]
            found = (max(count for count, _ in each), 1 + max(count for _, count in each))
        repeats, options = repeats + found[0], options + found[1]
    return repeats, options
