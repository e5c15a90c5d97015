"""Which scheme an auth config authenticates with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.schemes.keys import KeyClient
from integrations.schemes.oauth1 import OAuth1Client
from integrations.schemes.oauth2 import OAuth2Client
from integrations.schemes.traded_keys import TradedKeyClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.models import AuthConfig
    from integrations.schemes.base import Scheme


def scheme_of(
    auth_config: AuthConfig,
    parameters: Mapping[str, str],
    *,
    client_id: str = "",
    redirect_uri: str = "",
) -> Scheme:
    """Return what authenticates an account of ``auth_config``. Opens no secret yet.

    Args:
        parameters: the account's own (`ConnectedAccount.parameters`).
        client_id: under which its grant was given; empty: the present one.
        redirect_uri: to which its consent led back; empty: the present one. For refreshing.
    """
    toolkit = auth_config.entry_of(client_id).with_connection(parameters)
    match auth_config.scheme:
        case "oauth2":
            return OAuth2Client.of(
                auth_config, toolkit, client_id=client_id, redirect_uri=redirect_uri
            )
        case "oauth1":
            return OAuth1Client.of(auth_config, toolkit, client_id=client_id)
    return key_client(auth_config, parameters)


def key_client(auth_config: AuthConfig, parameters: Mapping[str, str]) -> KeyClient:
    """Return what makes credentials of what a person types in. Raises LookupError for OAuth."""
    toolkit = auth_config.catalog_entry.with_connection(parameters)
    form = toolkit.key_form(auth_config.scheme)
    if form.traded:
        return TradedKeyClient(
            toolkit,
            form,
            scopes=auth_config.required_scopes,
            optional=auth_config.optional_scopes,
        )
    return KeyClient(toolkit, form)
