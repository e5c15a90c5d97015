"""What a service signs when it sends a person back, beyond what OAuth asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from integrations.catalog.base import CatalogModel
from integrations.catalog.templates import fill_all

if TYPE_CHECKING:
    from collections.abc import Mapping


class RedirectSignature(CatalogModel):
    """A signature over the redirect's query, made with the client secret.

    Attributes:
        parameter: which query parameter holds it.
        method: ``hmac_sha256_hex``: HMAC with SHA-256, in hexadecimal digits, over the other
            parameters, sorted, as ``name=value`` with ``&`` between them.
        matches: what further parameters must hold: texts with the account's ``{parameters}``.
    """

    parameter: Annotated[str, Field(min_length=1)]
    method: Literal["hmac_sha256_hex"] = "hmac_sha256_hex"
    matches: dict[str, str] = {}

    def with_parameters(self, values: Mapping[str, str]) -> Self:
        """Return it with ``values`` in the place of the placeholders."""
        return self.model_copy(update={"matches": fill_all(self.matches, values)})
