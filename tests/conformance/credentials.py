"""Credentials of each scheme, and where a request may carry them, worked out from the file."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from integrations.catalog import Application, Identity
from integrations.schemes import Granted, TokenSet
from integrations.secrets import Secret
from tests.conformance.provider import Provider, address
from tests.conformance.server import Request
from tests.conformance.trips import CLIENT_ID, Trip

ACCESS_TOKEN = "access-One1"
TOKEN_SECRET = "token-S3cret"
# What is shorter may stand in a request by chance.
SHORTEST = 5
_OBTAINED: dict[Trip, TokenSet] = {}


def obtain(trip: Trip, provider: Provider) -> TokenSet:
    """Return credentials of the trip's scheme, the same ones for the whole session."""
    if trip not in _OBTAINED:
        _OBTAINED[trip] = _obtain(trip, provider)
        # What it took to get them is nobody's business.
        provider.requests.clear()
    return _OBTAINED[trip]


def _obtain(trip: Trip, provider: Provider) -> TokenSet:
    if trip.scheme == "oauth2":
        return TokenSet(access_token=Secret(ACCESS_TOKEN), refresh_token=Secret("refresh-One1"))
    if trip.scheme == "oauth1":
        secret = Secret(TOKEN_SECRET)
        return TokenSet(access_token=Secret(ACCESS_TOKEN), fields={"token_secret": secret})
    if trip.form.traded:
        provider.issue(trip.toolkit, expires_in=600)
    verdict = trip.keys.obtain(trip.fields)
    assert isinstance(verdict, Granted)
    return verdict.tokens


def parts_of(trip: Trip) -> dict[str, str]:
    """Return the parts of the credentials by the names that a file calls them."""
    if trip.scheme == "oauth2":
        return {"access_token": ACCESS_TOKEN, "client_id": CLIENT_ID}
    if trip.scheme == "oauth1":
        return {}
    return {"access_token": ACCESS_TOKEN} if trip.form.traded else dict(trip.fields)


def carried(application: Application, parts: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that carry ``parts``, by name in lower case."""
    headers = {name.lower(): filled(text, parts) for name, text in application.headers.items()}
    if application.basic:
        pair = [
            filled(application.basic.username, parts),
            filled(application.basic.password, parts),
        ]
        encoded = base64.b64encode(":".join(pair).encode()).decode()
        headers["authorization"] = f"Basic {encoded}"
    return headers


def query_of(
    identity: Identity, application: Application, parts: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return the query of the identity call beside that of its address."""
    applied = [(name, filled(text, parts)) for name, text in application.query.items()]
    return [*identity.query.items(), *applied]


def filled(template: str, parts: Mapping[str, str]) -> str:
    """Return ``template`` with each placeholder's part; one without a part stays."""
    return re.sub(r"\{(\w+)\}", lambda found: parts.get(found[1], found[0]), template)


def elsewhere(request: Request, application: Application, parts: Mapping[str, str]) -> str:
    """Return all of ``request`` but what carries the credentials, to look for them in it."""
    expected = carried(application, parts)
    headers = [
        f"{name}: {value}" for name, value in request.headers.items() if expected.get(name) != value
    ]
    applied = {(name, filled(text, parts)) for name, text in application.query.items()}
    query = [f"{name}={value}" for name, value in request.query if (name, value) not in applied]
    return "\n".join([address(request.url), *headers, *query, request.body.decode()])


def secrets_of(trip: Trip) -> dict[str, str]:
    """Return the parts that nobody else may see and that are told from other texts."""
    parts = parts_of(trip)
    if trip.scheme == "oauth2":
        return {"access_token": ACCESS_TOKEN}
    open_fields = {field.name for field in trip.form.fields if not field.secret}
    return {
        name: value
        for name, value in parts.items()
        if name not in open_fields and len(value) >= SHORTEST
    }
