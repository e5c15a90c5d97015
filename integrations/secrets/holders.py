"""Sealed texts that stand outside the database, such as in a journal on disk.

This floor knows no journal. Whoever keeps sealed texts of his own registers a way to count them,
once, while the apps are made ready.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

CountByKey = Callable[[], Mapping[str, int]]

_holders: dict[str, CountByKey] = {}


def register(name: str, count_by_key: CountByKey) -> None:
    """Have the texts of ``name`` counted with all others.

    Args:
        name: what an operator calls the place.
        count_by_key: returns how many texts are sealed with which key id. It may raise OSError
            where that cannot be told now; no key can be retired meanwhile.
    """
    _holders[name] = count_by_key


def count_all() -> dict[str, Counter[str]]:
    """Return the texts of every holder by key. Raises OSError."""
    return {name: Counter(dict(count())) for name, count in sorted(_holders.items())}
