"""Calls that trade an access token for one that lives longer, at services of their own ways."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import model_validator

from integrations.catalog.base import CatalogModel, Url
from integrations.catalog.templates import placeholders_in

_KNOWN: Final = {"access_token", "client_id", "client_secret"}


class TokenTrade(CatalogModel):
    """One call of that kind.

    Attributes:
        method: with ``GET`` the parameters stand in the query, with ``POST`` in a form.
        parameters: texts that may hold ``{access_token}``, ``{client_id}``, ``{client_secret}``.
    """

    url: Url
    method: Literal["GET", "POST"] = "GET"
    parameters: dict[str, str]

    @model_validator(mode="after")
    def _sends_the_token(self) -> Self:
        named = placeholders_in(*self.parameters.values())
        if "access_token" not in named:
            raise ValueError("no parameter holds the {access_token} that is traded")
        if unknown := sorted(named - _KNOWN):
            raise ValueError(f"parameters name what is not there: {', '.join(unknown)}")
        return self
