"""Creates, changes, checks and deletes auth configs."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from integrations import outbound
from integrations.catalog import UnknownToolkit, get_toolkit, placeholders_in
from integrations.described.columns import (
    ask_again,
    changed_service,
    discovered_again,
    new_service,
)
from integrations.described.vetting import vet_addresses
from integrations.errors import InvalidInput, StillInUse
from integrations.mcp_servers import is_mcp_server, rediscover_mcp_server
from integrations.models import AuthConfig
from integrations.models.oauth_clients import can_be_sent
from integrations.registrations import REGISTERED_WITH_IT, is_registered
from integrations.row_changes import change_row, take_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from integrations.catalog import Toolkit
    from integrations.models import ManagedApp, Project
    from integrations.secrets import Secret

# What the provider judges a client by: a change of one starts a new trial.
CLIENT_FIELDS = frozenset(
    {"client_id", "client_secret", "parameters", "token_parameters", "scopes", "service"}
)


def create_auth_config(
    *,
    project: Project,
    name: str,
    toolkit: str = "",
    scheme: str = "",
    client_id: str = "",
    client_secret: Secret | None = None,
    scopes: list[str] | None = None,
    optional_scopes: list[str] | None = None,
    parameters: Mapping[str, str] | None = None,
    authorization_parameters: Mapping[str, str] | None = None,
    token_parameters: Mapping[str, str] | None = None,
    testing_mode: bool = False,
    callback_url: str = "",
    service: Mapping[str, Any] | None = None,
    issuer_url: str = "",
    managed_app: ManagedApp | None = None,
) -> AuthConfig:
    """Create an auth config of ``project`` for the catalog's ``toolkit``, or for another service.

    Args:
        toolkit: of another service a slug that the catalog has not; empty: made of its name.
        scheme: one of those that the toolkit offers; empty: its first one.
        client_id, client_secret: of the app that the project registered there; for OAuth only.
        callback_url: an address of the project's own that hands people on to Evergrant.
        service: a description of another service; see `integrations.described`.
        issuer_url: of another service, which is asked for what ``service`` does not say.
        managed_app: stands in for a client of the project's own; see integrations.managed_apps.

    Raises:
        InvalidInput: the toolkit is unknown, a parameter is missing, or a URL may not be called;
            ``details`` say which field.
        EvergrantError: the issuer does not describe itself.
    """
    columns: dict[str, Any] = {"toolkit": toolkit}
    if managed_app is not None:
        columns |= {"managed_app": managed_app, "service": service, "service_url": issuer_url}
    elif service is not None or issuer_url:
        columns = new_service(
            project=project, name=name, slug=toolkit, given=service, issuer_url=issuer_url
        )
    auth_config = AuthConfig(
        project=project,
        name=name,
        scheme=scheme,
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes or [],
        optional_scopes=optional_scopes or [],
        parameters=dict(parameters or {}),
        authorization_parameters=dict(authorization_parameters or {}),
        token_parameters=dict(token_parameters or {}),
        testing_mode=testing_mode,
        callback_url=callback_url,
        **columns,
    )
    usual = managed_app.scheme if managed_app else _first_scheme(auth_config)
    auth_config.scheme = scheme or usual
    _check(auth_config, client_secret)
    auth_config.save(force_insert=True)
    return auth_config


def update_auth_config(
    *, auth_config: AuthConfig, client_secret: Secret | None = None, **changes: Any
) -> AuthConfig:
    """Change some fields. Accounts live on: with the client, or the secret, that they have.

    Args:
        client_secret: becomes the first one; the one before is tried where it is refused.
        changes: fields as of `create_auth_config`, other than project, toolkit and scheme.

    Raises:
        InvalidInput: as `create_auth_config`; nothing is changed.
    """

    def change(config: AuthConfig) -> set[str]:
        return _changed(config, changes, client_secret)

    _check_change(auth_config, change, client_secret)
    change_row(auth_config, change)
    return auth_config


def store_auth_config(
    *, auth_config: AuthConfig, client_secret: Secret | None, changes: Mapping[str, Any]
) -> None:
    """Change some fields, as `update_auth_config`, whose servers a form has checked already.

    Raises:
        InvalidInput: they do not fit what somebody else changed meanwhile; nothing is changed.
    """
    change_row(auth_config, lambda config: _changed(config, changes, client_secret))


def rediscover_auth_config(*, auth_config: AuthConfig) -> AuthConfig:
    """Ask the issuer, or the MCP server, of a service anew; what was given by hand stays.

    Raises:
        NothingToDiscover, IssuerChanged, InvalidInput: nothing is changed.
        EvergrantError: the service does not describe itself any more.
    """
    if is_mcp_server(auth_config):
        rediscover_mcp_server(auth_config=auth_config)
        return auth_config
    found = ask_again(auth_config)

    def change(config: AuthConfig) -> set[str]:
        columns = discovered_again(config, found)
        names = take_columns(config, columns, client_fields=CLIENT_FIELDS)
        _check_fields(config)
        return names

    _check_change(auth_config, change, None)
    change_row(auth_config, change)
    return auth_config


def forget_older_secrets(*, auth_config: AuthConfig) -> None:
    """Drop the client's secrets but the first, once they are deleted at the provider."""
    auth_config.older_client_secrets = None
    auth_config.save(update_fields=["older_client_secrets", "updated_at"])


def switch_auth_config(*, auth_config: AuthConfig, enabled: bool) -> None:
    """Let people connect with the config, or not. Accounts that are connected live on."""
    auth_config.enabled = enabled
    auth_config.save(update_fields=["enabled", "updated_at"])


def delete_auth_config(*, auth_config: AuthConfig) -> None:
    """Delete a config that no account stands on.

    Raises:
        StillInUse: accounts do, be they deleted ones, whose history is kept.
    """
    # Asked first: Django reads every row that protects another one, a million of them too.
    if auth_config.connected_accounts.exists():
        raise StillInUse(auth_config_id=auth_config.pk)
    try:
        auth_config.delete()
    except ProtectedError:
        raise StillInUse(auth_config_id=auth_config.pk) from None


def check_addresses(toolkit: Toolkit) -> None:
    """Refuse a toolkit, parameters filled in, whose servers Evergrant may not call.

    Those that are the catalog's own are not asked about; what an account brings is checked when it
    is connected.

    Raises:
        ValidationError: names the parameters' field, because that is where URLs come from.
    """
    own = set(get_toolkit(toolkit.slug).addresses())
    for url in set(toolkit.addresses()) - own:
        if placeholders_in(url):
            continue
        try:
            outbound.vet_url(url)
        except outbound.OutboundError as error:
            message = f"Evergrant may not call this service there: {error}"
            raise ValidationError({"parameters": message}) from None


def check_servers(auth_config: AuthConfig) -> None:
    """Refuse a config whose servers Evergrant may not call.

    Raises:
        ValidationError: of a toolkit of the catalog, see `check_addresses`.
        InvalidInput: of a described service, see `vet_addresses`.
    """
    if auth_config.service:
        vet_addresses(auth_config.whole_toolkit, auth_config.parameters)
    else:
        check_addresses(auth_config.catalog_entry)


def _first_scheme(auth_config: AuthConfig) -> str:
    try:
        return auth_config.whole_toolkit.schemes[0]
    except UnknownToolkit as error:
        raise InvalidInput(fields=[{"field": "toolkit", "problem": str(error)}]) from None


def _changed(
    auth_config: AuthConfig, changes: Mapping[str, Any], client_secret: Secret | None
) -> set[str]:
    """Put what is to change on the row; return its columns. Raises InvalidInput."""
    columns, redirect_uri = dict(changes), auth_config.redirect_uri
    if "service" in columns:
        columns |= changed_service(auth_config, columns["service"])
    names = take_columns(
        auth_config, columns, client_secret=client_secret, client_fields=CLIENT_FIELDS
    )
    if auth_config.redirect_uri != redirect_uri and is_registered(auth_config):
        told = REGISTERED_WITH_IT.format(auth_config.pk)
        raise InvalidInput(fields=[{"field": "callback_url", "problem": told}])
    _check_fields(auth_config)
    return names


def _check_change(
    auth_config: AuthConfig, change: Callable[[AuthConfig], set[str]], client_secret: Secret | None
) -> None:
    """Refuse a change that cannot be right, on a copy: the row is locked for no look-up."""
    _check_secret(client_secret)
    copied = copy.copy(auth_config)
    change(copied)
    _check_servers(copied)


def _check(auth_config: AuthConfig, client_secret: Secret | None) -> None:
    _check_secret(client_secret)
    _check_fields(auth_config)
    _check_servers(auth_config)


def _check_secret(client_secret: Secret | None) -> None:
    if client_secret is not None and not can_be_sent(client_secret):
        problem = {"field": "client_secret", "problem": "A client secret is printable ASCII."}
        raise InvalidInput(fields=[problem])


def _check_fields(auth_config: AuthConfig) -> None:
    try:
        auth_config.full_clean()
    except ValidationError as error:
        raise InvalidInput(fields=_described(error)) from None


def _check_servers(auth_config: AuthConfig) -> None:
    try:
        check_servers(auth_config)
    except ValidationError as error:
        raise InvalidInput(fields=_described(error)) from None


def _described(error: ValidationError) -> list[dict[str, Any]]:
    return [
        {"field": field, "problem": " ".join(messages)}
        for field, messages in error.message_dict.items()
    ]
