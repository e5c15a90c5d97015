"""One toolkit by one of its schemes: an auth config of it, and everything that has to be told.

Nothing of it is in the database: the auth config is not saved.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import pytest
from joserfc.jwk import RSAKey

from integrations.catalog import (
    ConnectionParameter,
    KeyForm,
    Toolkit,
    all_toolkits,
    get_toolkit,
    placeholders_in,
)
from integrations.models import AuthConfig
from integrations.models.auth_config import OAUTH_SCHEMES
from integrations.schemes import (
    KeyClient,
    OAuth1Client,
    OAuth2Client,
    Scheme,
    key_client,
    scheme_of,
)
from integrations.secrets import Secret
from tests.conformance.texts import text_for

CLIENT_ID = "client-Id.42"
CLIENT_SECRET = "client-S3cret+/=~&%"
CLIENT_EMAIL = "robot@project.example"


@cache
def rsa_key() -> RSAKey:
    """Return the session's RSA key: making one takes its time."""
    return RSAKey.generate_key(2048)


@dataclass(frozen=True)
class Trip:
    """One way to connect one toolkit."""

    slug: str
    scheme: str

    def __str__(self) -> str:
        return f"{self.slug}-{self.scheme}"

    @cached_property
    def config(self) -> AuthConfig:
        toolkit = get_toolkit(self.slug)
        config = AuthConfig(
            id="ac_conformance",
            name=toolkit.name,
            toolkit=self.slug,
            scheme=self.scheme,
            parameters={name: _parameter(name, toolkit) for name in toolkit.parameters},
        )
        if self.scheme in OAUTH_SCHEMES:
            config.client_id = CLIENT_ID
            signs = toolkit.client_auth == "private_key_jwt"
            config.client_secret = Secret(_pem() if signs else CLIENT_SECRET)
        return config

    @property
    def catalog(self) -> Toolkit:
        """The toolkit as the auth config sees it, without what an account brings."""
        return self.config.catalog_entry

    @cached_property
    def fields(self) -> dict[str, str]:
        """What a person types into the form of the key."""
        if self.scheme in OAUTH_SCHEMES:
            return {}
        return {
            field.name: _key_file()
            if field.name == "key_file"
            else _text(field.name, field.pattern)
            for field in self.form.fields
        }

    @cached_property
    def person(self) -> dict[str, str]:
        """What a person tells of the connection parameters; a field of the key may be one too."""
        return {name: self.fields.get(name, value) for name, value in self._values(told=False)}

    @cached_property
    def told(self) -> dict[str, str]:
        """What the provider tells of the connection parameters, or the key."""
        return dict(self._values(told=True))

    @cached_property
    def toolkit(self) -> Toolkit:
        """The toolkit with everything filled in."""
        return self.catalog.with_connection(self.person | self.told)

    @property
    def form(self) -> KeyForm:
        return self.catalog.key_form(self.scheme)

    @property
    def client(self) -> Scheme:
        return scheme_of(self.config, self.person | self.told)

    @property
    def oauth2(self) -> OAuth2Client:
        client = self.client
        assert isinstance(client, OAuth2Client)
        return client

    @property
    def oauth1(self) -> OAuth1Client:
        client = self.client
        assert isinstance(client, OAuth1Client)
        return client

    @property
    def keys(self) -> KeyClient:
        return key_client(self.config, self.person | self.told)

    def _values(self, *, told: bool) -> list[tuple[str, str]]:
        return [
            (name, self._value(name, parameter))
            for name, parameter in self.catalog.connection_parameters.items()
            if (parameter.source != "person") is told
        ]

    def _value(self, name: str, parameter: ConnectionParameter) -> str:
        if parameter.source == "key":
            return self.fields[parameter.path or ""].split(parameter.after or None)[-1]
        return _text(name, parameter.pattern)


@cache
def all_trips() -> list[Trip]:
    """Return every scheme of every toolkit; the same ones to all tests."""
    return [Trip(slug, scheme) for slug, kit in all_toolkits().items() for scheme in kit.schemes]


def each_trip(*schemes: str, where: Callable[[Trip], bool] | None = None) -> pytest.MarkDecorator:
    """Run a test for every toolkit by ``schemes`` (by each it has, where none is given).

    Args:
        where: narrows them further, by what their files say (`Trip.catalog`).
    """
    offered = [trip for trip in all_trips() if not schemes or trip.scheme in schemes]
    chosen = [trip for trip in offered if where is None or where(trip)]
    return pytest.mark.parametrize("trip", chosen, ids=str)


def _text(name: str, pattern: str) -> str:
    return text_for(pattern, of=name)


def _parameter(name: str, toolkit: Toolkit) -> str:
    """Return what an operator would give: an address where a URL begins with it, else a host."""
    host = f"{name.replace('_', '-')}.example"
    begins = any(url.startswith(f"{{{name}}}") for url in toolkit.addresses())
    assert begins or name in placeholders_in(*toolkit.addresses())
    return f"https://{host}" if begins else host


def _key_file() -> str:
    # Its token_uri is somebody else's, who must not be called.
    file = {"client_email": CLIENT_EMAIL, "private_key": _pem(), "token_uri": "https://x.example"}
    return json.dumps(file, indent=2)


def _pem() -> str:
    return rsa_key().as_pem(private=True).decode()
