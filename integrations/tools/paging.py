"""How the next page of a list is asked for, and where the items stand in the answer."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, model_validator

from integrations.catalog.base import CatalogModel, OneOrMore, Scalar
from integrations.tools.places import InputName, Pointer


class Paging(CatalogModel):
    """How to go on.

    Attributes:
        kind: ``cursor``: the answer holds what the next call sends. ``page``: pages are counted.
            ``offset``: items are counted. ``link``: the answer names the next address.
        input: the input that takes it. With ``link``: the input whose query parameter is read from
            that address, so that no address of the answer is ever called.
        next: where the cursor or the address stands. With ``link`` and without it, the address is
            that of ``rel="next"`` in the Link header (RFC 8288).
        last_item: instead of ``next``: where the cursor stands in the last item of the page.
        more: where a truth value says whether there is a next page.
        start: the number of the first page or item.
        size: the input that says how many items a page has.
    """

    kind: Literal["cursor", "page", "offset", "link"]
    input: InputName
    next: Pointer | None = None
    last_item: Pointer | None = None
    more: Pointer | None = None
    start: NonNegativeInt = 0
    size: InputName | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.kind == "cursor" and (self.next is None) is (self.last_item is None):
            raise ValueError("a cursor stands at next, or in the last_item")
        if self.kind != "cursor" and self.last_item is not None:
            raise ValueError("last_item is for cursors")
        if self.kind in {"page", "offset"} and self.next is not None:
            raise ValueError(f"a {self.kind} is counted, and stands nowhere")
        return self


class Output(CatalogModel):
    """What is known of the answer.

    Attributes:
        items: where the list stands, for tools that list.
        failed_if: pointers to values that make an answer of 2xx a failure (Slack: ``ok: false``).
        errors: where a GraphQL answer has its errors; anything there is a failure.
    """

    items: Pointer | None = None
    failed_if: dict[Pointer, OneOrMore[Scalar]] = {}
    errors: Annotated[Pointer, Field(min_length=1)] | None = None
