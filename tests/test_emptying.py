"""A test that commits leaves the database as Django's own flush would."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection

from connections.models import ConnectedAccount
from tests.emptying import Emptying

pytestmark = pytest.mark.django_db(transaction=True)


def counts() -> dict[str, int]:
    """Return how many rows each table holds."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.django_table_names(only_existing=True):
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608 - names of our tables
            found[table] = cursor.fetchone()[0]
    return found


@pytest.fixture
def flushed() -> dict[str, int]:
    call_command("flush", verbosity=0, interactive=False)
    return counts()


@pytest.fixture
def emptying(flushed: dict[str, int]) -> Emptying:
    emptying = Emptying()
    emptying.remember()
    return emptying


def test_what_was_committed_is_gone_and_what_migrating_made_is_there(
    flushed: dict[str, int], emptying: Emptying, account: ConnectedAccount
) -> None:
    assert counts() != flushed
    emptying.empty()
    assert counts() == flushed
    assert flushed["django_q_schedule"] > 0


def test_what_migrating_made_comes_back(flushed: dict[str, int], emptying: Emptying) -> None:
    Permission.objects.all().delete()
    emptying.empty()
    assert counts() == flushed
