"""What differs from one connected account to the next: a shop's name, a tenant's host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from integrations.catalog.base import LONGEST_MATCHED, CatalogModel, Pattern, Url
from integrations.catalog.paths import Path, PathAgain

if TYPE_CHECKING:
    from collections.abc import Mapping

Source = Literal["person", "redirect", "token_response", "call", "key"]


class ToldByKey(CatalogModel):
    """How a kind of key tells a connection parameter that OAuth tells in another way.

    Attributes:
        field: of the key's form, that tells it; without one the person is asked beside the key.
        after: see `ConnectionParameter`.
    """

    field: str | None = None
    after: str = ""

    @model_validator(mode="after")
    def _parts_a_field(self) -> Self:
        if self.after and self.field is None:
            raise ValueError("after belongs to a field")
        return self


class ConnectionParameter(CatalogModel):
    """One value that an account brings, for the ``{placeholders}`` of URLs.

    Attributes:
        label, help, placeholder: what a person who has to give it is told.
        pattern: a regular expression that the whole value must fit. It is what keeps a call from
            going to somebody else's host, so it allows no more than the service does.
        source: who tells it. The ``person``, before setting out; the ``redirect`` back from the
            consent page, as a query parameter; the ``token_response``; a further ``call``; the
            ``key`` that the person types in.
        path: its name in the redirect, where it stands in the token answer or the call's answer, or
            the field of the key.
        path_again: where the value of before stands in the call's answer, if it is still there: of
            what a grant spans, a reconnected account keeps its own.
        after: of a key: the value is what follows the last of these signs.
        url: of that call, made with the new token.
        default: taken where nobody tells it.
        part_of_identity: whether another value is another account, be the person the same. Without
            a word of the file, what a person gives is: it says where the calls go.
    """

    label: Annotated[str, Field(min_length=1, max_length=60)]
    help: str = ""
    placeholder: str = ""
    pattern: Pattern
    source: Source = "person"
    path: Path | None = None
    path_again: PathAgain | None = None
    after: str = ""
    url: Url | None = None
    default: str | None = None
    part_of_identity: bool | None = None

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if (self.path is None) is not (self.source == "person"):
            raise ValueError("path says where a value stands that no person gives")
        if (self.url is None) is (self.source == "call"):
            raise ValueError("url belongs to source: call")
        if self.path_again is not None and self.source != "call":
            raise ValueError("path_again belongs to source: call")
        if self.after and self.source != "key":
            raise ValueError("after belongs to source: key")
        return self

    def fits(self, value: str) -> bool:
        """Whether ``value`` may stand in a URL of the service."""
        if len(value) > LONGEST_MATCHED or not value.isprintable():
            return False
        return re.fullmatch(self.pattern, value) is not None

    def told_by(self, key: ToldByKey | None) -> ConnectionParameter:
        """Return this parameter as it is for accounts with such a ``key``."""
        if key is None:
            return self
        source: Source = "person" if key.field is None else "key"
        told = {"source": source, "path": key.field, "after": key.after, "url": None}
        return self.model_copy(update=told)

    def part_of(self, key: str) -> str:
        """Return what ``key`` tells; empty where it has none of the signs."""
        _, sign, rest = key.rpartition(self.after) if self.after else ("", "", key)
        return rest if sign == self.after else ""

    @property
    def identifies(self) -> bool:
        """Whether another value is another account."""
        if self.part_of_identity is None:
            return self.source == "person"
        return self.part_of_identity


def place_of(
    parameters: Mapping[str, ConnectionParameter], values: Mapping[str, str]
) -> dict[str, str]:
    """Return those of an account's ``values``, or their defaults, that are part of whose it is."""
    found = {
        name: values.get(name, parameter.default)
        for name, parameter in parameters.items()
        if parameter.identifies
    }
    return {name: value for name, value in found.items() if value is not None}


def is_same_place(
    parameters: Mapping[str, ConnectionParameter],
    one: Mapping[str, str],
    other: Mapping[str, str],
) -> bool:
    """Whether two accounts of one identity, with these values, are one account.

    What one of them does not know, because the file did not ask for it yet, tells nothing.
    """
    here, there = place_of(parameters, one), place_of(parameters, other)
    return all(there[name] == value for name, value in here.items() if name in there)
