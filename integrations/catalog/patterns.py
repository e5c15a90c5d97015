"""What the pattern of a connection parameter lets into a URL.

Such a value comes from a person or from an answer, and stands in the host of calls that carry a
token. With a ``/`` or an ``@`` in it, a call could go to somebody else's host.
"""

from __future__ import annotations

import re
from typing import Final

# What parts a URL; some programs read a backslash as a slash.
DELIMITERS: Final = "/\\@:#?"
_ADDRESS: Final = re.compile(r"\^?https://")
# In an address these may be there where the pattern spells them out: a path, a port.
_SPELLED_OUT: Final = {"/", r"\/", ":", r"\:"}
_ATOM: Final = re.compile(
    r"""
      \[\^?\]?(?:\\.|[^\]\\])*\]                                 # a set
    | \(\?(?:P?<\w+>|<?[=!]|[:>]|P=\w+\)|\#[^)]*\)|[a-zA-Z-]+[:)])  # the head of a group
    | \\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|0[0-7]?|.)
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_GRAMMAR: Final = set("()|*+?{}^$")


def delimiters_let_in(pattern: str) -> str:
    """Return those of `DELIMITERS` that a value may hold which fits ``pattern``.

    A pattern that begins with ``https://`` is a whole address: a slash or a colon may be spelled
    out in it, but not be one of many that fit a set or a dot. Looking ahead is not understood, so
    what a group excludes counts as let in.
    """
    address = _ADDRESS.match(pattern)
    rest = pattern[address.end() :] if address else pattern
    atoms = {found[0] for found in _ATOM.finditer(rest)} - _GRAMMAR
    if address:
        atoms -= _SPELLED_OUT
    return "".join(sign for sign in DELIMITERS if any(_fits(atom, sign) for atom in atoms))


def _fits(atom: str, sign: str) -> bool:
    if atom.startswith("(?"):
        return False
    try:
        return re.fullmatch(atom, sign) is not None
    except re.error:
        # A reference back to a group, which brings nothing that was not in the group.
        return False
