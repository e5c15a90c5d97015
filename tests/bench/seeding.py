"""Fills a database with projects and accounts. Needs Django set up.

One account is made by Django; the others are copies of its rows that PostgreSQL makes, less what
is to differ. So a new column needs nothing here, and a million accounts take minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from django.db import connection, models, transaction
from django.utils import timezone

from connections.models import ConnectedAccount, Credentials, Entity, Reason, Status
from integrations.models import ApiKey, AuthConfig, Project
from integrations.models.api_key import Scope
from integrations.schemes import TokenSet
from integrations.secrets import Secret
from integrations.tokens import digest
from tests.bench.provider import access_token, refresh_token
from webhooks.models import Event, EventType

BATCH: Final = 2000
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A project, its client at the provider, and a key that may do everything."""

    number: int
    project: Project
    auth_config: AuthConfig
    api_key: str


@dataclass(frozen=True, kw_only=True)
class Times:
    """SQL expressions for when tokens were obtained and end, and when a refresh is due.

    ``r`` in them is a random number per account, from 0 to 1, the same in all of them.
    """

    refreshed_at: str = "now() - interval '1 hour'"
    expires_at: str = "now() + interval '1 day'"
    refresh_at: str = "now() + interval '12 hours'"


def make_tenant(*, provider_url: str, number: int = 1) -> Tenant:
    """Make a project with an auth config at the provider and an API key."""
    project = Project.objects.create(name=f"Bench {number}")
    auth_config = AuthConfig.objects.create(
        project=project,
        name=f"Bench client {number}",
        toolkit="sandbox",
        client_id="bench-client",
        client_secret=Secret("bench-client-secret"),
        parameters={"base_url": provider_url},
    )
    key = ApiKey(project=project, name="Bench", scopes=[*Scope])
    return Tenant(number=number, project=project, auth_config=auth_config, api_key=key.issue())


def make_accounts(
    *, tenant: Tenant, count: int, times: Times, changes: Mapping[str, str] | None = None
) -> None:
    """Make ``count`` ACTIVE accounts without credentials.

    Args:
        changes: SQL expressions for other columns; they may use ``g``, which counts from 1, and
            ``r`` as in `Times`.
    """
    entity = Entity.objects.create(project=tenant.project, user_id=f"user-{tenant.number}-0")
    now = timezone.now()
    account = ConnectedAccount.objects.create(
        project=tenant.project,
        entity=entity,
        auth_config=tenant.auth_config,
        toolkit=tenant.auth_config.toolkit,
        status=Status.ACTIVE,
        status_reason=Reason.CONNECTED,
        status_changed_at=now,
        last_verified_at=now,
        grant_generation=1,
    )
    own_id = f"lpad('{tenant.number:04d}' || lpad(g::text, 8, '0'), 22, '0')"
    _copy_rows(
        entity,
        count=count,
        columns={"id": f"'en_' || {own_id}", "user_id": f"'user-{tenant.number}-' || g"},
    )
    _copy_rows(
        account,
        count=count,
        columns={
            "id": f"'ca_' || {own_id}",
            "entity_id": f"'en_' || {own_id}",
            "identity_id": "'upstream-' || g",
            "identity_label": "'user' || g || '@example.com'",
            "refreshed_at": times.refreshed_at,
            "expires_at": times.expires_at,
            "refresh_at": times.refresh_at,
            **(changes or {}),
        },
    )
    account.delete()
    entity.delete()


def seal_credentials(*, tenant: Tenant) -> list[str]:
    """Give the tenant's accounts tokens of their own, each sealed for its row; return the ids."""
    rows = ConnectedAccount.objects.filter(auth_config=tenant.auth_config).order_by("pk")
    facts = rows.values_list("pk", "expires_at", "refreshed_at").iterator()
    ids: list[str] = []
    while batch := list(islice(facts, BATCH)):
        Credentials.objects.bulk_create(_credentials(tenant, *fact) for fact in batch)
        ids += [fact[0] for fact in batch]
    return ids


def make_events(*, config: AuthConfig, number: int, count: int) -> None:
    """Make ``count`` events in the config's project; those of a higher ``number`` are newer."""
    event = Event.objects.create(
        project_id=config.project_id,
        sequence=-1 - number,
        type=EventType.ACTIVATED,
        subject_id="ca_0",
        data={"user_id": "user"},
        occurred_at=timezone.now(),
    )
    columns = {
        "id": f"'evt_' || lpad('{number:04d}' || lpad(g::text, 8, '0'), 22, '0')",
        "sequence": f"{(number + 1) * 10_000_000} + g",
    }
    _copy_rows(event, count=count, columns=columns)
    event.delete()


def copy_credentials(*, tenant: Tenant) -> None:
    """Give the tenant's accounts credentials that have the right size and open for none of them."""
    first = ConnectedAccount.objects.filter(auth_config=tenant.auth_config).earliest("pk")
    made = _credentials(tenant, first.pk, timezone.now() + DAY, timezone.now())
    made.save(force_insert=True)
    names = _columns(Credentials)
    values = [
        f"a.{quoted('id')}" if name == "account_id" else f"t.{quoted(name)}" for name in names
    ]
    _insert(
        f"INSERT INTO {table(Credentials)} ({', '.join(map(quoted, names))}) "  # noqa: S608 - ours
        f"SELECT {', '.join(values)} FROM {table(Credentials)} t, {table(ConnectedAccount)} a "
        "WHERE t.account_id = %s AND a.auth_config_id = %s AND a.id <> t.account_id",
        [made.pk, tenant.auth_config.pk],
    )


def settle() -> None:
    """Vacuum and analyse, so that no plan is made for an empty table."""
    _execute("VACUUM ANALYZE", [])


def table(model: type[models.Model]) -> str:
    """Return the quoted name of the model's table."""
    return quoted(model._meta.db_table)


def quoted(name: str) -> str:
    """Return ``name`` quoted for SQL."""
    return connection.ops.quote_name(name)


def _credentials(
    tenant: Tenant, account_id: str, expires_at: Any, refreshed_at: Any
) -> Credentials:
    serial = account_id.removeprefix("ca_")
    tokens = TokenSet(
        access_token=Secret(access_token(serial, ends_at=expires_at.timestamp())),
        refresh_token=Secret(refresh_token(serial)),
    )
    return Credentials(
        account_id=account_id,
        project=tenant.project,
        generation=1,
        payload=tokens.to_payload(),
        refresh_token_digest=digest(refresh_token(serial)),
        obtained_at=refreshed_at,
    )


def _copy_rows(row: models.Model, *, count: int, columns: Mapping[str, str]) -> None:
    """Copy ``row`` so many times; ``columns`` are SQL expressions for what differs."""
    model = type(row)
    names = _columns(model)
    values = [columns.get(name, f"t.{quoted(name)}") for name in names]
    _insert(
        f"INSERT INTO {table(model)} ({', '.join(map(quoted, names))}) "  # noqa: S608 - ours
        f"SELECT {', '.join(values)} "
        f"FROM (SELECT g, random() AS r FROM generate_series(1, %s) g) n, {table(model)} t "
        "WHERE t.id = %s ORDER BY g",
        [count, row.pk],
    )


def _columns(model: type[models.Model]) -> list[str]:
    return [field.column for field in model._meta.concrete_fields if field.column]


def _execute(statement: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


def _insert(statement: str, parameters: list[Any]) -> None:
    """Insert rows that are known to refer to others that are there.

    The checks of four million references would take longer than everything else.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, parameters)
