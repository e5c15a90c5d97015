"""What an auth config's row holds of a described service, when it is new and when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from integrations.catalog import slugs
from integrations.described.describing import describe, given_over, what_was_given
from integrations.described.errors import IssuerChanged, NothingToDiscover
from integrations.described.naming import slug_for
from integrations.discovery import discover_issuer
from integrations.errors import InvalidInput
from integrations.mcp_servers import is_mcp_server
from integrations.models import AuthConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.models import Project

LONGEST_URL: Final = 500


def new_service(
    *,
    project: Project | None,
    name: str,
    slug: str = "",
    given: Mapping[str, Any] | None = None,
    issuer_url: str = "",
) -> dict[str, Any]:
    """Return the columns of a config for a service of its own.

    Args:
        project: None: it is not chosen yet; see `free_slug`.
        name: the config's, for the service where nobody names that.
        slug: empty: made of the service's name, and no other config's of the project. The same
            one in two configs says that both are for one service.
        given: a description; it goes over what the issuer says.
        issuer_url: asked for the rest; empty: nobody is.

    Raises:
        InvalidInput: ``details`` say which field is wrong.
        EvergrantError: the issuer does not describe itself.
    """
    if slug in slugs():
        raise _refusal("toolkit", "A toolkit of the catalog has this name: choose another one.")
    if len(issuer_url) > LONGEST_URL:
        raise _refusal("issuer_url", f"An issuer's URL has at most {LONGEST_URL} characters.")
    found = discover_issuer(issuer_url) if issuer_url else None
    fields = given_over(_mapping(given), found or {})
    slug = slug or free_slug(project, str(fields.get("name") or name))
    service = describe(fields, slug=slug, name=name)
    return {
        "toolkit": slug,
        "service": service,
        "discovered": found,
        "service_url": issuer_url,
    }


def changed_service(auth_config: AuthConfig, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns after a new description, which goes over what was discovered.

    Raises:
        InvalidInput: as `new_service`, or the config's service is the catalog's.
    """
    if not auth_config.service:
        raise _refusal("service", "This auth config is for a service of the catalog.")
    found = dict(auth_config.discovered or {})
    if is_mcp_server(auth_config) and "client_auth" in auth_config.service:
        # What the client is decides this; see integrations.mcp_servers.
        found["client_auth"] = auth_config.service["client_auth"]
    fields = given_over(_mapping(given), found)
    return {"service": describe(fields, slug=auth_config.toolkit, name=auth_config.service["name"])}


def ask_again(auth_config: AuthConfig) -> dict[str, Any]:
    """Ask the issuer anew, and return what it says for `discovered_again`.

    Raises:
        NothingToDiscover: nobody was asked in the first place.
        EvergrantError: it does not describe itself any more.
    """
    if not auth_config.service or not auth_config.discovered:
        raise NothingToDiscover
    return discover_issuer(auth_config.service_url)


def discovered_again(auth_config: AuthConfig, found: dict[str, Any]) -> dict[str, Any]:
    """Return the columns with what was ``found`` by `ask_again`; what was given by hand stays.

    Raises:
        IssuerChanged: another issuer answers there.
        InvalidInput: what was given does not fit it.
    """
    before, service = auth_config.discovered or {}, auth_config.service or {}
    if found.get("issuer") != before.get("issuer"):
        raise IssuerChanged(issuer=before.get("issuer"))
    fields = given_over(what_was_given(service, before), found)
    return {
        "service": describe(fields, slug=auth_config.toolkit, name=service["name"]),
        "discovered": found,
    }


def _mapping(given: Mapping[str, Any] | None) -> dict[str, Any]:
    if given is not None and not isinstance(given, dict):
        raise _refusal("service", "must be a mapping of fields to values")
    return dict(given or {})


def free_slug(project: Project | None, name: str) -> str:
    """Return a slug for a service of that name: no other config's of the project has it."""
    rows = AuthConfig.objects.in_project(project) if project else AuthConfig.objects.none()
    return slug_for(name, taken=set(rows.values_list("toolkit", flat=True)))


def _refusal(field: str, problem: str) -> InvalidInput:
    return InvalidInput(fields=[{"field": field, "problem": problem}])
