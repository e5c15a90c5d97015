"""A value that cannot be shown by accident."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Callable

MASK = "***"


class Secret:
    """Holds a secret text outside the ``str`` hierarchy.

    ``str``, ``repr`` and ``format`` give ``***``; pickling raises and JSON does not know the type.
    ``reveal()`` is the one way out; a contract test lists its callers.
    """

    __slots__ = ("_open",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: str) -> None:
        given: object = value
        if not isinstance(given, str):
            message = f"A Secret holds text, not {type(value).__name__}."
            raise TypeError(message)
        if not _is_encodable(value):
            # A lone surrogate could be sealed, but neither sent nor digested later on.
            message = "A Secret holds text that can be written as UTF-8."
            raise ValueError(message)
        self._open: Callable[[], str] = lambda: value

    @classmethod
    def sealed(cls, opener: Callable[[], str]) -> Self:
        """Return a secret that ``opener`` opens when, and only when, it is revealed."""
        secret = cls.__new__(cls)
        secret._open = opener  # noqa: SLF001 - its own class
        return secret

    def reveal(self) -> str:
        """Return the secret text.

        Raises:
            SealBroken: it was read from a row it was not sealed for, or was never sealed.
            KeyUnknown: none of the configured keys sealed it.
        """
        return self._open()

    # A template calls whatever needs no argument, unless it is marked like this.
    reveal.alters_data = True  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        message = "A Secret cannot be pickled."
        raise TypeError(message)


def _is_encodable(value: str) -> bool:
    # Told by a bool, as the codec's error carries the text.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
