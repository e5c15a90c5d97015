"""Whether an auth config takes connections at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.errors import AuthConfigDisabled, ManagedAppDisabled

if TYPE_CHECKING:
    from integrations.models import AuthConfig


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
