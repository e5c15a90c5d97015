"""How a grant is taken back at a service that does not follow RFC 7009."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from integrations.catalog.base import CatalogModel, Url


class Revocation(CatalogModel):
    """One call that ends the grant.

    Texts may hold ``{access_token}``, ``{refresh_token}`` (the access token where there is none),
    ``{client_id}``, ``{client_secret}`` and the account's parameters.

    Attributes:
        auth: ``client``: HTTP basic with client id and secret. ``token``: the access token, as on
            any call. ``none``: what the texts hold is all.
        body: how ``parameters`` are sent.
        done_statuses: HTTP statuses that say the grant is over.
    """

    url: Url
    method: Literal["POST", "DELETE", "GET"] = "POST"
    auth: Literal["client", "token", "none"] = "none"
    body: Literal["form", "json", "query"] = "form"
    parameters: dict[str, str] = {}
    headers: dict[str, str] = {}
    done_statuses: Annotated[tuple[int, ...], Field(min_length=1)] = (200, 204)

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        texts = [self.url, *self.parameters.values()]
        if self.auth != "token" and not any("_token}" in text for text in texts):
            raise ValueError("nothing tells which grant it is about")
        return self
