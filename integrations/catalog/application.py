"""How credentials go onto a request to the service."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pydantic import model_validator

from integrations.catalog.base import CatalogModel
from integrations.catalog.templates import fill, placeholders_in

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, repr=False)
class Applied:
    """Headers and query parameters that carry credentials: to be sent, never to be shown."""

    headers: dict[str, str]
    query: dict[str, str]


class Basic(CatalogModel):
    """The two halves of HTTP basic authentication (RFC 7617)."""

    username: str
    password: str = ""


class Application(CatalogModel):
    """Where the parts of credentials stand in a request: texts with ``{placeholders}``.

    An OAuth token is ``{access_token}``; the parts of a key are named by the fields of its form.
    """

    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    basic: Basic | None = None

    @model_validator(mode="after")
    def _one_authorization(self) -> Self:
        if self.basic and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("basic writes the Authorization header; give one of the two")
        return self

    @property
    def placeholders(self) -> set[str]:
        """The names of all parts that it needs."""
        basic = (self.basic.username, self.basic.password) if self.basic else ()
        return placeholders_in(*self.headers.values(), *self.query.values(), *basic)

    def apply(self, parts: Mapping[str, str]) -> Applied:
        """Return what ``parts`` add to a request."""
        headers = {name: fill(text, parts) for name, text in self.headers.items()}
        if self.basic:
            pair = f"{fill(self.basic.username, parts)}:{fill(self.basic.password, parts)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        query = {name: fill(text, parts) for name, text in self.query.items()}
        return Applied(headers=headers, query=query)


BEARER = Application(headers={"Authorization": "Bearer {access_token}"})
