"""Credentials that a person types in: keys, passwords, client credentials, key files."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from integrations.catalog.application import BEARER, Application
from integrations.catalog.base import LONGEST_MATCHED, CatalogModel, Pattern, Seconds, Url
from integrations.catalog.connection_parameters import ToldByKey
from integrations.catalog.identity import Identity

# The first three are sent with every call as they are; the next two are traded for short-lived
# access tokens (RFC 6749, 4.4; RFC 7523); the last one is a service that asks for nothing.
KeyScheme = Literal[
    "api_key", "bearer", "basic", "client_credentials", "service_account", "no_auth"
]
TRADED: frozenset[KeyScheme] = frozenset({"client_credentials", "service_account"})
PLAIN = r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?"


class KeyField(CatalogModel):
    """One field of the form.

    Attributes:
        name: by which ``apply`` and ``token_parameters`` refer to it.
        help: where the person finds it, in one sentence.
        pattern: a regular expression that the whole value fits; printable ASCII where none is
            given. Only what cannot be right may be refused by it: services change their keys.
        secret: whether it is hidden while it is typed, and never shown again.
        lines: whether the value has several lines, as a key file has.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    label: Annotated[str, Field(min_length=1, max_length=60)]
    help: str = ""
    placeholder: str = ""
    pattern: Pattern = PLAIN
    secret: bool = True
    required: bool = True
    lines: bool = False

    def fits(self, value: str) -> bool:
        """Whether ``value`` may be what is asked for; a long one only has to be printable ASCII."""
        pattern = self.pattern if len(value) <= LONGEST_MATCHED else PLAIN
        return re.fullmatch(pattern, value) is not None


class KeyForm(CatalogModel):
    """One kind of key that a service takes, and the form that asks a person for it.

    Attributes:
        scheme: what it is called.
        fields: asked for, in this order. None for ``no_auth``.
        help_url: the page of the service where the key is made.
        apply: how it goes onto a request; by ``access_token`` where it is traded for one.
        scopes: asked for where it is traded and the auth config names none.
        token_parameters: added to the token request, with fields in ``{placeholders}``.
        access_token_seconds: how long a traded token lives where the answer does not say.
        identity: what proves this kind of key, where that is not the toolkit's; null: nothing does.
        connection_parameters: those that it tells otherwise than the toolkit says.
    """

    scheme: KeyScheme
    fields: tuple[KeyField, ...] = ()
    help_url: Url | None = None
    apply: Application = BEARER
    scopes: tuple[str, ...] = ()
    token_url: Url | None = None
    token_parameters: dict[str, str] = {}
    access_token_seconds: Seconds = 3600
    identity: Identity | None = None
    connection_parameters: dict[str, ToldByKey] = {}

    @model_validator(mode="after")
    def _has_what_it_applies(self) -> Self:
        names = {field.name for field in self.fields}
        if len(names) < len(self.fields):
            raise ValueError("two fields have one name")
        if bool(names) is (self.scheme == "no_auth"):
            raise ValueError("a key has fields, and no_auth has none")
        parts = {"access_token"} if self.traded else names
        if unknown := sorted(self.apply.placeholders - parts):
            raise ValueError(f"apply names what is not there: {', '.join(unknown)}")
        needed = {"client_credentials": {"client_id", "client_secret"}}.get(self.scheme, set())
        if missing := sorted(needed - names):
            raise ValueError(f"{self.scheme} needs fields named {', '.join(missing)}")
        if self.scheme == "service_account" and "key_file" not in names:
            raise ValueError("service_account needs a field named key_file")
        return self

    @property
    def traded(self) -> bool:
        """Whether it is traded for access tokens instead of being sent with every call."""
        return self.scheme in TRADED

    @property
    def main_field(self) -> str:
        """The name of the field that is the key: the first secret one."""
        secret = (field.name for field in self.fields if field.secret)
        return next(secret, self.fields[0].name if self.fields else "")
