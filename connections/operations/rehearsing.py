"""Lets an operator go the way of a user, to see whether an auth config works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connections.models import ConnectedAccount
from connections.operations.linking import link_account, reconnect_account

if TYPE_CHECKING:
    from connections.actors import Actor
    from connections.issuing import IssuedLink
    from integrations.models import AuthConfig

PREFIX = "test:"


def rehearse(*, auth_config: AuthConfig, username: str, actor: Actor) -> IssuedLink:
    """Make a link on which an operator connects an account of her own, as a user would.

    The account belongs to the entity ``test:<username>``. Once connected it is reconnected, so that
    trying again and again leaves one account.

    Raises:
        AuthConfigDisabled: as it says.
    """
    user_id = f"{PREFIX}{username}"
    accounts = ConnectedAccount.objects.living().filter(
        entity__project=auth_config.project, entity__user_id=user_id, auth_config=auth_config
    )
    connected = accounts.filter(granted_at__isnull=False).order_by("-pk")
    account = connected.select_related("project", "auth_config__managed_app").first()
    if account is not None:
        return reconnect_account(account=account, actor=actor)
    return link_account(
        project=auth_config.project,
        user_id=user_id,
        auth_config=auth_config,
        actor=actor,
        allow_multiple=True,
    )
