"""Texts and values of a document, as they may be stored and shown."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

Scalar = str | int | float | bool | None


def clean(text: Any, longest: int) -> str:
    """Return ``text`` without what no database and no page takes, cut to ``longest``."""
    if not isinstance(text, str):
        return ""
    whole = text[: longest * 2].encode("utf-8", "ignore").decode()
    kept = "".join(c for c in whole if c in "\n\t" or c.isprintable()).strip()
    return kept if len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def is_plain(value: Any) -> TypeGuard[Scalar]:
    """Whether ``value`` is a text, number, truth value or null of a usual size."""
    if isinstance(value, str):
        return len(value) <= 200 and value == clean(value, 200)
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return abs(value) < 10**18
    return isinstance(value, float) and math.isfinite(value)


def is_number(value: Any) -> bool:
    """Whether ``value`` is a number of a usual size."""
    return is_plain(value) and isinstance(value, int | float) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Whether ``value`` is a whole number from 0 on."""
    return is_number(value) and isinstance(value, int) and value >= 0
