"""What ``manage.py toolkits show`` writes: one toolkit's facts, for a person to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.catalog import lifetimes
from integrations.catalog.toolkit import OAUTH
from integrations.management.columns import Row, aligned
from integrations.management.toolkits_rules import dead_grants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integrations.catalog import KeyForm, Toolkit

# The field that a line is about, what the line is called, what it says.
Line = tuple[str, str, str | None]
INDENT = "  "


def as_text(toolkit: Toolkit) -> str:
    """Return everything the file says of it; what is unverified is marked."""
    parts = [
        f"{toolkit.name} ({toolkit.slug}, {toolkit.category})\n{toolkit.description}",
        _section(toolkit, "Endpoints", _endpoints(toolkit)),
        _section(toolkit, "Parameters", _parameters(toolkit)),
        *_schemes(toolkit),
        _scopes(toolkit),
        _section(toolkit, "Lifecycle", _lifecycle(toolkit)),
        _section(toolkit, "Pages", _pages(toolkit)),
    ]
    return "\n\n".join(part for part in parts if part)


def _section(toolkit: Toolkit, title: str, lines: Iterable[Line]) -> str:
    rows: list[Row] = [
        (label, text + _mark(toolkit, field)) for field, label, text in lines if text is not None
    ]
    return f"{title}\n{aligned(rows, indent=INDENT)}" if rows else ""


def _mark(toolkit: Toolkit, field: str) -> str:
    return "  (unverified)" if field in toolkit.unverified else ""


def _endpoints(toolkit: Toolkit) -> Iterator[Line]:
    yield "base_url", "API", toolkit.base_url
    yield "request_token_url", "request token", toolkit.request_token_url
    yield "authorization_url", "authorization", toolkit.authorization_url or None
    yield "token_url", "token", toolkit.token_url or None
    for name in ("longer_token", "self_renewal"):
        if trade := getattr(toolkit, name):
            yield name, name.replace("_", " "), f"{trade.method} {trade.url}"
    yield "refresh_url", "refresh", toolkit.refresh_url
    yield "revocation_url", "revocation", toolkit.revocation_url
    if toolkit.revocation:
        call = f"{toolkit.revocation.method} {toolkit.revocation.url}"
        yield "revocation", "revocation", call
    if toolkit.identity:
        call = f"{toolkit.identity.method} {toolkit.identity.url}"
        yield "identity", "identity", call


def _parameters(toolkit: Toolkit) -> Iterator[Line]:
    for name, text in toolkit.parameters.items():
        yield "parameters", name, f"of the auth config: {text}"
    for name, parameter in toolkit.connection_parameters.items():
        source = parameter.source.replace("_", " ")
        told = f"of each account, told by the {source}: {parameter.label}, {parameter.pattern}"
        yield "connection_parameters", name, told


def _schemes(toolkit: Toolkit) -> Iterator[str]:
    for scheme in toolkit.schemes:
        lines = _oauth(toolkit) if scheme in OAUTH else _form(toolkit.key_form(scheme))
        yield _section(toolkit, f"Scheme {scheme}", lines)


def _oauth(toolkit: Toolkit) -> Iterator[Line]:
    if toolkit.request_token_url:
        yield "", "signature", "HMAC-SHA1 (RFC 5849)"
        return
    yield "client_auth", "client", toolkit.client_auth
    yield "pkce", "PKCE", "yes" if toolkit.pkce else "no"


def _form(form: KeyForm) -> Iterator[Line]:
    if not form.fields:
        yield "keys", "nothing", "is asked for"
    for field in form.fields:
        traits = ["secret"] * field.secret + ["may be empty"] * (not field.required)
        told = f"{field.label} ({', '.join(traits)})" if traits else field.label
        yield "keys", field.name, f"{told}. {field.help}".removesuffix(". ")
    for name, by_key in form.connection_parameters.items():
        yield "keys", name, f"told by the {by_key.field}" if by_key.field else "asked of the person"
    yield "keys", "made at", form.help_url
    yield "keys", "traded at", form.token_url


def _scopes(toolkit: Toolkit) -> str:
    words = toolkit.scope_descriptions
    names = dict.fromkeys([*toolkit.default_scopes, *words])
    rows: list[Row] = [
        (
            "*" if name in toolkit.default_scopes else " ",
            name,
            toolkit.scope_descriptions.get(name, ""),
        )
        for name in names
    ]
    if not rows:
        return ""
    mark = _mark(toolkit, "default_scopes")
    return f"Scopes (*: asked for by default){mark}\n{aligned(rows, indent=INDENT)}"


def _lifecycle(toolkit: Toolkit) -> Iterator[Line]:
    life = lifetimes.access_token_life(toolkit)
    yield "access_token_seconds", "an access token lives", _told(life)
    if toolkit.token_url:
        yield "rotation", "a refresh", _told(lifetimes.rotation(toolkit))
        yield "refresh_token", "a grant ends", lifetimes.ending(toolkit)
        field = "revocation" if toolkit.revocation else "revocation_url"
        yield field, "revocation", lifetimes.revocation(toolkit)
        for answer in dead_grants(toolkit) if toolkit.schemes[0] == "oauth2" else ():
            yield "terminal", "an answer that ends it", answer
    yield "", "facts", lifetimes.facts(toolkit)


def _told(text: str) -> str | None:
    return None if text == lifetimes.NOTHING else text


def _pages(toolkit: Toolkit) -> Iterator[Line]:
    yield "docs_url", "how to authenticate", toolkit.docs_url
    yield "console_url", "where an app is registered", toolkit.console_url
    yield "privacy_url", "privacy", toolkit.privacy_url
