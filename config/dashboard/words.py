"""Numbers as the overview says them."""

from __future__ import annotations

# From there on the digits of a number say less than its size.
MILLION = 1_000_000


def short(number: int) -> str:
    """Return ``number`` in at most seven characters: ``412,360``, ``1.24M``."""
    return f"{number:,}" if abs(number) < MILLION else f"{number / MILLION:.2f}M"


def change(number: int) -> str:
    """Return how much a number has changed: ``+12``, with a real minus sign."""
    if not number:
        return "no change"
    sign = "+" if number > 0 else "\N{MINUS SIGN}"
    return f"{sign}{short(abs(number))}"


def share(part: float) -> str:
    """Return a share of the whole in per cent: ``0.3 %``; what is small is not nothing."""
    if not part:
        return "0 %"
    per_cent = part * 100
    if per_cent < 0.1:
        return "< 0.1 %"
    return f"{per_cent:.1f} %" if per_cent < 10 else f"{per_cent:.0f} %"


def counted(number: int, one: str, many: str = "") -> str:
    """Return ``number`` with its noun: ``1 account``, ``3 accounts``."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {many or one + 's'}"
