"""Invites a person to connect an account, or to reconnect one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from connections.callback_urls import check_callback_url
from connections.errors import AccountExists, AliasTaken, TransitionRefused
from connections.issuing import IssuedLink, issue_link
from connections.lifecycle import create, move
from connections.models import ConnectedAccount, Entity, Reason, Status
from connections.taking import check_takes_connections

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from connections.actors import Actor
    from integrations.models import AuthConfig, Project


def link_account(
    *,
    project: Project,
    user_id: str,
    auth_config: AuthConfig,
    actor: Actor,
    callback_url: str = "",
    app_state: str = "",
    alias: str = "",
    tenant_id: str = "",
    allow_multiple: bool = False,
    expires_in: int | None = None,
    email: str = "",
    language: str = "",
) -> IssuedLink:
    """Make a link on which the app's user ``user_id`` connects an account.

    The entity is made where the project does not know it yet. An account that was begun but
    never connected is used again, so that asking twice does not leave two.

    Args:
        app_state: the app's own text, given back at the callback URL as ``state``.
        allow_multiple: let the entity have several accounts at this toolkit.
        expires_in: how long the link lives, in seconds.
        email, language: where and how the person is told that the grant died.

    Raises:
        AccountExists: it has one already; ``details`` list them.
        AliasTaken: another account of it has this alias.
        AuthConfigDisabled, ManagedAppDisabled, CallbackUrlRefused: as they say.
    """
    if callback_url:
        check_callback_url(project=project, url=callback_url)
    check_takes_connections(auth_config)
    now = timezone.now()
    with transaction.atomic():
        told = {"tenant_id": tenant_id, "email": email, "language": language}
        entity = _entity(project, user_id, told)
        begun = _reusable(entity, auth_config, alias, allow_multiple=allow_multiple)
        if begun is None:
            account = _new_account(entity, auth_config, alias, actor, now)
        else:
            account = _begin_again(begun, alias, actor, now)
        return issue_link(
            account=account,
            actor=actor,
            callback_url=callback_url,
            app_state=app_state,
            seconds=expires_in,
            now=now,
        )


def reconnect_account(
    *,
    account: ConnectedAccount,
    actor: Actor,
    callback_url: str = "",
    app_state: str = "",
    portal_id: str = "",
    expires_in: int | None = None,
) -> IssuedLink:
    """Make a link on which the person reconnects ``account`` in place: the id stays the same.

    Args:
        portal_id: the portal of hers that the person comes from, and is led back to.

    Raises:
        TransitionRefused: the account is deleted.
        AuthConfigDisabled, ManagedAppDisabled, CallbackUrlRefused: as they say.
    """
    if account.status == Status.DELETED:
        message = "A deleted account cannot be reconnected."
        raise TransitionRefused(message, status=account.status)
    if callback_url:
        check_callback_url(project=account.project, url=callback_url)
    check_takes_connections(account.auth_config)
    return issue_link(
        account=account,
        actor=actor,
        callback_url=callback_url,
        app_state=app_state,
        portal_id=portal_id,
        seconds=expires_in,
        now=timezone.now(),
    )


def _entity(project: Project, user_id: str, told: Mapping[str, str]) -> Entity:
    """Return the entity, locked: two links asked for at once must not make two accounts.

    What the app has ``told`` of it is kept; what it left out stays as it is.
    """
    Entity.objects.get_or_create(project=project, user_id=user_id, defaults=dict(told))
    entity = Entity.objects.select_for_update().get(project=project, user_id=user_id)
    news = {name: text for name, text in told.items() if text and getattr(entity, name) != text}
    for name, text in news.items():
        setattr(entity, name, text)
    if news:
        entity.save(update_fields=[*news])
    return entity


def _never_connected(account: ConnectedAccount) -> bool:
    """Whether the account never held a grant, so that a new link can lead to it again."""
    return (
        account.status in {Status.INITIATED, Status.FAILED}
        or account.status_reason == Reason.LINK_EXPIRED
    )


def _reusable(
    entity: Entity, auth_config: AuthConfig, alias: str, *, allow_multiple: bool
) -> ConnectedAccount | None:
    """Return the begun account that the link is for; None where a new one is to be made."""
    accounts = list(
        ConnectedAccount.objects.living()
        .select_related("project", "entity")
        .filter(entity=entity, toolkit=auth_config.toolkit)
    )
    held = [account for account in accounts if not _never_connected(account)]
    if held and not allow_multiple:
        raise AccountExists(connected_accounts=[_listed(account) for account in held])
    begun = [
        account
        for account in accounts
        if _never_connected(account) and account.auth_config_id == auth_config.pk
    ]
    same_alias = [account for account in begun if account.alias == alias]
    fitting = same_alias if allow_multiple else same_alias or begun
    return fitting[0] if fitting else None


def _listed(account: ConnectedAccount) -> dict[str, str]:
    return {
        "id": account.pk,
        "status": account.status,
        "alias": account.alias,
        "identity": account.identity_label,
    }


def _begin_again(
    account: ConnectedAccount, alias: str, actor: Actor, now: datetime
) -> ConnectedAccount:
    if account.alias != alias:
        account.alias = alias
        _unless_alias_taken(lambda: account.save(update_fields=["alias"]), alias)
    if account.status != Status.INITIATED:
        move(account=account, to=Status.INITIATED, reason=Reason.LINK_CREATED, actor=actor, now=now)
    return account


def _new_account(
    entity: Entity, auth_config: AuthConfig, alias: str, actor: Actor, now: datetime
) -> ConnectedAccount:
    account = ConnectedAccount(
        project=entity.project,
        entity=entity,
        auth_config=auth_config,
        toolkit=auth_config.toolkit,
        alias=alias,
        scopes_requested=auth_config.requested_scopes,
    )
    _unless_alias_taken(lambda: create(account=account, actor=actor, now=now), alias)
    return account


def _unless_alias_taken(write: Callable[[], None], alias: str) -> None:
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        raise AliasTaken(alias=alias) from None
