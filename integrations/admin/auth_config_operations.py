"""What an operator can do with an auth config besides changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.admin.operations import Done, Operation
from integrations.auth_configs import (
    delete_auth_config,
    forget_older_secrets,
    rediscover_auth_config,
)

if TYPE_CHECKING:
    from django.http import HttpRequest

    from integrations.models import AuthConfig


def drop_older_secrets(config: AuthConfig, _request: HttpRequest, _note: str) -> Done:
    """Leave the newest secret only."""
    forget_older_secrets(auth_config=config)
    return Done(message="older secrets dropped.")


def delete(config: AuthConfig, _request: HttpRequest, _note: str) -> Done:
    """Delete the config, and its tools with it."""
    delete_auth_config(auth_config=config)
    return Done(message="deleted.")


def rediscover(config: AuthConfig, _request: HttpRequest, _note: str) -> Done:
    """Ask the service anew."""
    rediscover_auth_config(auth_config=config)
    return Done(message="discovered again.")


DROP_OLDER_SECRETS = Operation(
    name="drop-older-secrets",
    title="Drop older secrets",
    icon="key_off",
    permission="integrations.change_authconfig",
    consequence="Only the newest secret is kept. Do this once the older ones are deleted at the "
    "provider. This cannot be undone.",
    run=drop_older_secrets,
    applies=lambda config: config.older_client_secrets is not None,
    confirm=True,
    in_lists=False,
)


REDISCOVER = Operation(
    name="rediscover",
    title="Discover again",
    icon="travel_explore",
    permission="integrations.change_authconfig",
    consequence="The service is asked again how it is used. What was given by hand stays.",
    run=rediscover,
    calls_out=True,
    applies=lambda config: bool(config.service_url and config.discovered),
    confirm=True,
    in_lists=False,
)


DELETE = Operation(
    name="delete",
    title="Delete",
    icon="delete",
    permission="integrations.delete_authconfig",
    consequence="It is gone with its client secrets and the tools that were imported for it. One "
    "that accounts were ever connected with is not deleted. This cannot be undone.",
    run=delete,
    applies=lambda config: not config.connected_accounts.exists(),
    confirm=True,
    danger=True,
    removes=True,
)


OPERATIONS = (REDISCOVER, DROP_OLDER_SECRETS, DELETE)
