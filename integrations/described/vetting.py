"""Where a described service would have Evergrant call: every address, not only the usual ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from integrations import outbound
from integrations.catalog import fill, placeholders_in
from integrations.catalog.toolkit import URL_FIELDS
from integrations.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.catalog import Toolkit

# Each is resolved while the caller waits.
MOST_HOSTS: Final = 10
_FOREIGN: Final = "Evergrant may not call this service there"


def vet_addresses(toolkit: Toolkit, parameters: Mapping[str, str]) -> None:
    """Refuse a described service whose servers Evergrant may not call.

    What an account brings is checked when it is connected.

    Args:
        toolkit: with all its placeholders.
        parameters: what the auth config gives for them.

    Raises:
        InvalidInput: names the field with the address, or ``parameters`` where they made it.
    """
    filled = dict(_named(toolkit.with_parameters(parameters)))
    hosts = {urlsplit(url).netloc for url in filled.values()}
    if len(hosts) > MOST_HOSTS:
        raise _refusal("service", f"names more than {MOST_HOSTS} hosts")
    vetted: dict[str, str] = {}
    for path, template in _named(toolkit):
        url = filled.get(path, template)
        origin = _origin(url)
        if origin not in vetted:
            vetted[origin] = _problem(url)
        if vetted[origin]:
            own = placeholders_in(template) & set(parameters)
            raise _refusal("parameters" if own else f"service.{path}", vetted[origin])


def _named(toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    """Yield every address with the path of its field; the issuer is a name and never called."""
    for name in URL_FIELDS:
        if name != "issuer" and (url := getattr(toolkit, name)):
            yield name, url
    for name in ("identity", "revocation", "longer_token", "self_renewal"):
        if part := getattr(toolkit, name):
            yield f"{name}.url", part.url
    for number, form in enumerate(toolkit.keys):
        if form.token_url:
            yield f"keys.{number}.token_url", form.token_url
        if form.identity:
            yield f"keys.{number}.identity.url", form.identity.url
    for name, parameter in toolkit.connection_parameters.items():
        if parameter.url:
            yield f"connection_parameters.{name}.url", parameter.url


def _problem(url: str) -> str:
    """Return why ``url`` may not be called; empty where it may, or only an account will tell."""
    if url.startswith("{"):
        return ""
    whole = fill(url, dict.fromkeys(placeholders_in(url), "x"))
    if placeholders_in(urlsplit(url).netloc):
        # Which host it is, nobody knows yet; by https it will be.
        return "" if url.startswith("https://") else f"{_FOREIGN}: only https"
    try:
        outbound.vet_url(whole)
    except outbound.OutboundError as error:
        return f"{_FOREIGN}: {error}"
    return ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _refusal(field: str, problem: str) -> InvalidInput:
    return InvalidInput(fields=[{"field": field, "problem": problem}])
