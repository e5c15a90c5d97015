"""Whether an auth config takes connections at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.errors import AuthConfigDisabled, ManagedAppDisabled

if TYPE_CHECKING:
    from integrations.models import AuthConfig


def still_takes_connections(auth_config: AuthConfig) -> bool:
    """Whether the config takes connections at this moment, and until the transaction ends.

    Whoever disables it waits until then: what was stored is seen by who looks afterwards, and
    nothing is stored later. Raises OperationalError where that takes too long.
    """
    rows = type(auth_config).objects.select_related("managed_app")
    fresh = rows.select_for_update(of=("self",), no_key=True).get(pk=auth_config.pk)
    return fresh.takes_connections


def check_takes_connections(auth_config: AuthConfig) -> None:
    """Let pass a config with which people may connect.

    Raises:
        AuthConfigDisabled: its project switched it off.
        ManagedAppDisabled: the operator switched off the managed app that it stands on.
    """
    if not auth_config.enabled:
        raise AuthConfigDisabled(auth_config_id=auth_config.pk)
    if not auth_config.takes_connections:
        raise ManagedAppDisabled(auth_config_id=auth_config.pk)
