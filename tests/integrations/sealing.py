"""Rows with a sealed column, and what stands in that column."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from connections.models import Credentials, Entity
from integrations.models import AuthConfig, Project
from integrations.secrets import SealBroken, SealedField, Secret
from tests.making import connect

TEXT = "client-" + "s3cret"
PROVIDER = {"base_url": "http://127.0.0.1:1"}


def make_project(name: str = "Acme") -> Project:
    return Project.objects.create(name=name)


def make(project: Project | None = None, secret: str = TEXT) -> AuthConfig:
    made = AuthConfig.objects.create(
        project=project or make_project(),
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret(secret),
        parameters=PROVIDER,
    )
    return AuthConfig.objects.get(pk=made.pk)


def make_credentials() -> Credentials:
    auth_config = make()
    entity = Entity.objects.create(project=auth_config.project, user_id="alice")
    account = connect(auth_config=auth_config, entity=entity)
    return Credentials.objects.get(pk=account.pk)


def column(row: Any, name: str = "client_secret") -> str:
    """What stands in the database."""
    table = row._meta.db_table
    with connection.cursor() as cursor:
        key = row._meta.pk.column
        cursor.execute(f'SELECT "{name}" FROM "{table}" WHERE "{key}" = %s', [row.pk])  # noqa: S608
        return str(cursor.fetchone()[0])


def plant(row: Any, text: str, name: str = "client_secret") -> Any:
    """Write ``text`` past the field, as whoever has the database can, and read the row again."""
    table, key = row._meta.db_table, row._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(f'UPDATE "{table}" SET "{name}" = %s WHERE "{key}" = %s', [text, row.pk])  # noqa: S608
    return type(row).objects.get(pk=row.pk)


def field_of(model: type, name: str) -> SealedField:
    field = model._meta.get_field(name)  # type: ignore[attr-defined]
    assert isinstance(field, SealedField)
    return field


def refuses(row: Any, name: str = "client_secret") -> str:
    """Check that the row's secret does not open, and return what the error says."""
    with pytest.raises(SealBroken) as caught:
        getattr(row, name).reveal()
    assert caught.value.__cause__ is None
    return str(caught.value)


def plant_broken(row: Any, name: str = "client_secret") -> Any:
    """Alter the end of a sealed text, so that it does not open, and read the row again."""
    return plant(row, column(row, name)[:-4] + "AAA=", name)
