"""Pages of long lists by where they begin, not by number: the last costs what the first does.

A page begins behind (or ends before) a row, told by its key and by what the list is sorted by. So
rows that come or go meanwhile shift nothing, and no page passes over those before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db.models import Q

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet

_AFTER, _BEFORE = "after", "before"
_KEYS = frozenset({"pk", "id"})


@dataclass(frozen=True, kw_only=True)
class Place:
    """Beside which row a page is, and on which side of it in the list's order.

    ``value``: what the row had in the column that the list is sorted by, as text; None where that
    is null, or where the list is sorted by the key.
    """

    after: bool
    key: str
    value: str | None = None

    def __str__(self) -> str:
        side = _AFTER if self.after else _BEFORE
        return "~".join([side, self.key] if self.value is None else [side, self.key, self.value])

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the place that ``text`` is; None where it is none."""
        side, _, rest = text.partition("~")
        key, has_value, value = rest.partition("~")
        if side not in {_AFTER, _BEFORE} or not key:
            return None
        return cls(after=side == _AFTER, key=key, value=value if has_value else None)


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a list is sorted by: a column, and among equals the key; or the key alone."""

    column: str
    descending: bool
    key_descending: bool

    @classmethod
    def of(cls, rows: QuerySet[Any]) -> Self:
        """Return the order of ``rows``: its first column, and the key."""
        terms = [str(term) for term in rows.query.order_by]
        keys = [term for term in terms if term.lstrip("-") in _KEYS]
        key_descending = keys[0].startswith("-") if keys else True
        first = terms[0] if terms else "-pk"
        column = "" if first.lstrip("-") in _KEYS else first.lstrip("-")
        return cls(column=column, descending=first.startswith("-"), key_descending=key_descending)

    @property
    def terms(self) -> list[str]:
        """For `QuerySet.order_by`."""
        key = f"{'-' if self.key_descending else ''}pk"
        return [f"{'-' if self.descending else ''}{self.column}", key] if self.column else [key]

    @property
    def reversed(self) -> Order:
        """From the last row to the first."""
        return Order(
            column=self.column,
            descending=not self.descending,
            key_descending=not self.key_descending,
        )

    def beyond(self, place: Place, model: type[Model]) -> Q:
        """Return the condition of what comes after ``place``. Raises ValidationError.

        PostgreSQL has null for greater than everything.
        """
        key = Q(**{f"pk__{'lt' if self.key_descending else 'gt'}": place.key})
        if not self.column:
            return key
        null = Q(**{f"{self.column}__isnull": True})
        if place.value is None:
            return (null & key) | ~null if self.descending else null & key
        column: Any = model._meta.get_field(self.column)
        value = column.to_python(place.value)
        same = Q(**{self.column: value}) & key
        further = Q(**{f"{self.column}__{'lt' if self.descending else 'gt'}": value})
        return further | same if self.descending else further | same | null

    def place(self, row: Any, *, after: bool) -> Place:
        """Return the place beside ``row``."""
        return Place(after=after, key=str(row.pk), value=self._value(row))

    def _value(self, row: Any) -> str | None:
        if not self.column:
            return None
        field = row._meta.get_field(self.column)
        is_null = field.value_from_object(row) is None
        return None if is_null else field.value_to_string(row)


class PlacedPage:
    """One page of ``rows``, and the places of those beside it.

    Args:
        rows: the whole list, in its order.
        place: beside which row the page is; None for the first page. Where nothing is there any
            more, it is the first one too.
        parts: the same rows in parts, whose order an index has where the whole has none. Their
            order is by the key.
    """

    def __init__(
        self,
        rows: QuerySet[Any],
        *,
        place: Place | None,
        size: int,
        parts: Sequence[QuerySet[Any]] = (),
    ) -> None:
        self._rows = rows
        self._size = size
        self.order = Order.of(rows)
        self._parts = parts if not self.order.column else ()
        self._place = place
        self._read()

    @cached_property
    def rows(self) -> list[Any]:
        """The rows of the page."""
        return list(self._rows.filter(pk__in=self.keys)) if self.keys else []

    @property
    def is_whole(self) -> bool:
        """Whether there are no others."""
        return not (self.has_earlier or self.has_later)

    @property
    def earlier(self) -> str:
        """The place of the page before, in the list's order; empty where there is none."""
        return (
            str(self.order.place(self.rows[0], after=False)) if self._can(self.has_earlier) else ""
        )

    @property
    def later(self) -> str:
        """The place of the page behind; empty where there is none."""
        return str(self.order.place(self.rows[-1], after=True)) if self._can(self.has_later) else ""

    def count(self, most: int) -> int:
        """Return how many rows the list has, at the most so many.

        In the list's order, which an index has: another way to count may read all of them.
        """
        return len(self._keys(self.order, None, most=most))

    def _can(self, there: bool) -> bool:  # noqa: FBT001 - one of two
        return there and bool(self.rows)

    def _read(self) -> None:
        place = self._place
        backwards = place is not None and not place.after
        try:
            found = self._keys(self.order.reversed if backwards else self.order, place)
        except ValidationError:
            place, found = None, []
        more = len(found) > self._size
        if place is not None and (not found or (backwards and not more)):
            # Nothing is there any more, or it is the list's beginning: a whole first page.
            place = None
        if place is None and self._place is not None:
            found, backwards = self._keys(self.order, None), False
            more = len(found) > self._size
        keys = found[: self._size]
        self.keys = keys[::-1] if backwards else keys
        self.has_earlier = place is not None and (more if backwards else True)
        self.has_later = True if backwards else more

    def _keys(self, order: Order, place: Place | None, *, most: int = 0) -> list[str]:
        """Return the keys of what follows ``place``, so many or one more than a page has."""
        most = most or self._size + 1
        beyond = order.beyond(place, self._rows.model) if place else Q()
        heads = [
            part.filter(beyond).order_by(*order.terms).values_list("pk", flat=True)[:most]
            for part in self._parts or [self._rows]
        ]
        if len(heads) == 1:
            return list(heads[0])
        return list(heads[0].union(*heads[1:], all=True).order_by(*order.terms)[:most])
