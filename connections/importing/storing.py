"""Stores one grant: entity, account, credentials, history and events, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from connections import vault
from connections.actors import SYSTEM
from connections.importing.judging import Skip, accounts_of, judge
from connections.importing.planning import first_columns
from connections.lifecycle import create, move
from connections.models import ConnectedAccount, Entity, Reason, Status

if TYPE_CHECKING:
    from datetime import datetime

    from connections.importing.checking import Grant


def store(grant: Grant, *, place: str, allow_multiple: bool, now: datetime) -> str | Skip:
    """Store ``grant`` as a new ACTIVE account that is yet to be proven; return the account's id.

    Args:
        place: where the row stands, for the history.

    Returns:
        Why nothing was stored, where it was there already.

    Raises:
        RowRefused: it may not be beside what is there.
    """
    with transaction.atomic():
        entity, is_new = _entity(grant)
        present = [] if is_new else accounts_of(grant)
        if skip := judge(grant, present, allow_multiple=allow_multiple):
            return skip
        if grant.tenant_id and entity.tenant_id != grant.tenant_id:
            entity.tenant_id = grant.tenant_id
            entity.save(update_fields=["tenant_id"])
        account = _account(grant, entity)
        create(account=account, actor=SYSTEM, reason=Reason.IMPORTED, now=now)
        vault.put_new_grant(account=account, tokens=grant.tokens, now=now)
        move(
            account=account,
            to=Status.ACTIVE,
            reason=Reason.IMPORTED,
            actor=SYSTEM,
            cause=place,
            changes=first_columns(grant, now=now),
            now=now,
        )
    return account.pk


def _entity(grant: Grant) -> tuple[Entity, bool]:
    """Return the entity, locked, and whether it is new: then nobody else sees it yet."""
    entities = Entity.objects.in_project(grant.project)
    entity, is_new = entities.get_or_create(
        project=grant.project, user_id=grant.user_id, defaults={"tenant_id": grant.tenant_id}
    )
    return (entity if is_new else entities.select_for_update().get(pk=entity.pk)), is_new


def _account(grant: Grant, entity: Entity) -> ConnectedAccount:
    return ConnectedAccount(
        project=grant.project,
        entity=entity,
        auth_config=grant.auth_config,
        toolkit=grant.auth_config.toolkit,
        alias=grant.alias,
        oauth_client_id=grant.auth_config.client_holder.client_id,
        redirect_uri=grant.redirect_uri,
        parameters=grant.parameters,
        identity_id=grant.identity_id,
        # A person has to recognise it, and knows the id at least.
        identity_label=grant.identity_label or grant.identity_id,
        scopes_requested=grant.auth_config.requested_scopes,
        scopes_granted=grant.scopes,
    )
