"""Lists by cursor: the id of the last row seen, because ids sort in order of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

from ninja import Schema
from pydantic import Field

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

Item = TypeVar("Item")
Row = TypeVar("Row", bound="Model")


class PageQuery(Schema):
    """Which part of a list to answer with."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many items at the most.")] = 50
    cursor: Annotated[
        str | None,
        Field(
            max_length=64,
            pattern=r"^[A-Za-z0-9_]*$",
            description="`next_cursor` of the page before.",
        ),
    ] = None


class Page(Schema, Generic[Item]):
    """A part of a list, newest first."""

    items: list[Item]
    next_cursor: str | None = Field(description="Null on the last page.")


def paginate(rows: QuerySet[Row], query: PageQuery) -> dict[str, object]:
    """Return the page of ``rows`` that ``query`` names, newest first, as `Page` takes it."""
    if query.cursor:
        rows = rows.filter(pk__lt=query.cursor)
    found = list(rows.order_by("-pk")[: query.limit + 1])
    items = found[: query.limit]
    more = len(found) > query.limit
    return {"items": items, "next_cursor": items[-1].pk if more else None}
