"""Public ids: a prefix that names the kind, and a UUIDv7 (RFC 9562) in base62.

The 22 characters keep the UUID's order under the "C" collation, so an id is also the cursor of a
list in order of creation. An id is not a secret; tokens are made by `integrations.tokens`.
"""

import secrets
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import models

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
WIDTH = 22  # 62**22 > 2**128
_VERSION: Final = 7 << 76
_VARIANT: Final = 0b10 << 62
_latest = 0


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``ca_01Hx...`` for the kind that ``prefix`` names."""
    return f"{prefix}_{_base62(_uuid7())}"


def id_at(prefix: str, moment: datetime) -> str:
    """Return the least id that a row made at ``moment`` or later can have.

    So a range of times is a range of primary keys, to the millisecond (RFC 9562, 5.7: the time
    stands first).
    """
    milliseconds = int(moment.timestamp() * 1000)
    return f"{prefix}_{_base62(milliseconds << 80)}"


def _uuid7() -> int:
    """Return a UUIDv7 that is greater than the ones this process made before (RFC 9562, 5.7).

    Twelve bits tell parts of a millisecond (6.2, method 3): not until four million ids in a
    second do they run ahead of the clock. Two threads that meet here may share a time; the 62
    random bits keep them apart.
    """
    global _latest  # noqa: PLW0603 - a process has one clock
    now = (time.time_ns() << 12) // 1_000_000
    _latest = now = max(now, _latest + 1)
    return (now >> 12) << 80 | _VERSION | (now & 0xFFF) << 64 | _VARIANT | secrets.randbits(62)


def _base62(number: int) -> str:
    digits = []
    for _ in range(WIDTH):
        number, remainder = divmod(number, 62)
        digits.append(ALPHABET[remainder])
    return "".join(reversed(digits))


class IdField(models.CharField[str, str]):
    """Primary key that holds an id of this module.

    Args:
        prefix: the two or three letters that name the kind, without the underscore.
    """

    def __init__(self, prefix: str, **kwargs: Any) -> None:
        self.prefix = prefix
        kwargs |= {"primary_key": True, "max_length": 32, "editable": False, "db_collation": "C"}
        kwargs.setdefault("default", _default(prefix))
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, args, kwargs = super().deconstruct()
        for implied in ("primary_key", "max_length", "editable", "db_collation", "default"):
            kwargs.pop(implied, None)
        return name, path, [self.prefix, *args], kwargs


def _default(prefix: str) -> Callable[[], str]:
    return partial(new_id, prefix)
