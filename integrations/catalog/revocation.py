"""How a grant is taken back at a service that does not follow RFC 7009."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from integrations.catalog.base import CatalogModel, Url
from integrations.catalog.templates import fill_all, fill_url, placeholders_in

if TYPE_CHECKING:
    from collections.abc import Mapping

# These say who asks, and not which grant it is about.
_OF_THE_CLIENT: Final = {"client_id", "client_secret"}
_OF_THE_GRANT: Final = {"access_token", "refresh_token"}


class Revocation(CatalogModel):
    """One call that ends the grant.

    Texts may hold ``{access_token}``, ``{refresh_token}`` (the access token where there is none),
    ``{client_id}``, ``{client_secret}`` and the account's parameters.

    Attributes:
        auth: ``client``: HTTP basic with client id and secret. ``client_secret``: HTTP basic with
            the secret as the user's name and no password. ``token``: the access token, as on any
            call. ``none``: what the texts hold is all.
        body: how ``parameters`` are sent.
        done_statuses: HTTP statuses that say the grant is over.
    """

    url: Url
    method: Literal["POST", "DELETE", "GET"] = "POST"
    auth: Literal["client", "client_secret", "token", "none"] = "none"
    body: Literal["form", "json", "query"] = "form"
    parameters: dict[str, str] = {}
    headers: dict[str, str] = {}
    done_statuses: Annotated[tuple[int, ...], Field(min_length=1)] = (200, 204)

    @model_validator(mode="after")
    def _gives_something(self) -> Self:
        texts = [self.url, *self.parameters.values()]
        if self.auth != "token" and placeholders_in(*texts) <= _OF_THE_CLIENT:
            raise ValueError("nothing tells which grant it is about")
        return self

    @property
    def is_filled(self) -> bool:
        """Whether the account brought all that it takes: an older one may lack a new parameter."""
        texts = placeholders_in(self.url, *self.parameters.values())
        return texts <= _OF_THE_CLIENT | _OF_THE_GRANT

    @property
    def takes_access_token(self) -> bool:
        """Whether it is by the access token that the grant is ended: then it takes a live one."""
        texts = placeholders_in(self.url, *self.parameters.values())
        return self.auth == "token" or "access_token" in texts

    def with_parameters(self, values: Mapping[str, str]) -> Self:
        """Return it with ``values`` in the place of the placeholders."""
        parameters = fill_all(self.parameters, values)
        url = fill_url(self.url, values)
        return self.model_copy(update={"url": url, "parameters": parameters})
