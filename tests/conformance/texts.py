"""Texts that fit a regular expression: the same ones in every run."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Final

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

# One is looked for, as it comes: made smaller, it would be a text that stands anywhere.
_QUICK: Final = settings(
    database=None,
    max_examples=60,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@cache
def text_for(pattern: str, *, of: str, blanks: bool = False) -> str:
    """Return a text of printable ASCII that fits ``pattern`` as a whole, many-lettered if it may.

    Args:
        of: what it is for: two of one pattern differ by it.
        blanks: whether it may hold some.
    """
    letters = st.characters(min_codepoint=0x20 if blanks else 0x21, max_codepoint=0x7E)
    fitting = st.from_regex(pattern, fullmatch=True, alphabet=letters)
    for fewest in (9, 5):
        with suppress(NoSuchExample):
            return _find(fitting, _has_letters(fewest), seed=of)
    return _find(fitting, bool, seed=of)


def _has_letters(fewest: int) -> Callable[[str], bool]:
    return lambda text: len(set(text)) >= fewest


def _find(texts: st.SearchStrategy[str], wanted: Callable[[str], bool], *, seed: str) -> str:
    return find(texts, wanted, settings=_QUICK, random=random.Random(seed))  # noqa: S311 - no secret
