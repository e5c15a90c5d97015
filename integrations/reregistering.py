"""Registers a client anew where the server forgot it; `renewing_registrations` does so in time."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.errors import InvalidInput
from integrations.mcp_servers import rediscover_mcp_server
from integrations.models import AuthConfig
from integrations.models.oauth_clients import replace_client
from integrations.registrations import NotRegistered, is_registered, register

if TYPE_CHECKING:
    from integrations.registrations import NewClient

log = structlog.get_logger(__name__)


def register_again(
    *, auth_config: AuthConfig, confirmed_issuer: str = "", callback_url: str | None = None
) -> AuthConfig:
    """Register a new client for ``auth_config`` where its MCP server's metadata say.

    Accounts stay with the client that they were connected by until they are reconnected.

    Args:
        confirmed_issuer: see `rediscover_mcp_server`.
        callback_url: from now on, which the new client is registered with; empty: Evergrant's own.
            None: as it is.

    Raises:
        NotRegistered: the client is the operator's own, or a document.
        InvalidInput: the callback URL cannot be one.
        AuthorizationServerChanged, RegistrationFailed, DiscoveryFailed: nothing is changed.
    """
    if not is_registered(auth_config):
        raise NotRegistered(auth_config_id=auth_config.pk)
    if callback_url is not None:
        _check_callback_url(auth_config, callback_url)
    server = rediscover_mcp_server(auth_config=auth_config, confirmed_issuer=confirmed_issuer)
    wanted = copy.copy(auth_config)
    if callback_url is not None:
        wanted.callback_url = callback_url
    client = register(wanted, server)
    with transaction.atomic():
        locked = AuthConfig.objects.select_for_update(of=("self",)).get(pk=auth_config.pk)
        if callback_url is not None:
            locked.callback_url = callback_url
        _replace(locked, client)
    auth_config.refresh_from_db()
    log.info("client_registered_again", auth_config_id=auth_config.pk)
    return auth_config


def _check_callback_url(auth_config: AuthConfig, url: str) -> None:
    wanted = copy.copy(auth_config)
    wanted.callback_url = url
    try:
        wanted.full_clean()
    except ValidationError as error:
        problem = " ".join(error.messages)
        fields = [{"field": "callback_url", "problem": problem}]
        raise InvalidInput(problem, fields=fields) from None


def _replace(auth_config: AuthConfig, client: NewClient) -> None:
    replace_client(auth_config, client_id=client.client_id, secret=client.secret)
    auth_config.registration = client.registration
    auth_config.service = (auth_config.service or {}) | {"client_auth": client.auth}
    auth_config.forget_refusals()
    auth_config.save()
