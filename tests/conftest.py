"""What every test stands on: a real PostgreSQL and an environment with generated keys."""

import os
from collections.abc import Iterator

import django
import pytest
import pytest_django
from django.test import TransactionTestCase, override_settings
from execnet.xspec import XSpec

from config.throwaway import throwaway_environment
from tests.databases import empty_database

# Each of pytest-xdist's workers makes a database of its own too, where none is given.
_given = bool(os.environ.get("DATABASE_URL"))

# Made while this file is imported: the conftests below it import models, which read the settings.
_environment = throwaway_environment()
_variables = _environment.__enter__()
os.environ.update(_variables)
django.setup()

pytest_plugins = ["tests.account_fixtures"]


def pytest_configure(config: pytest.Config) -> None:
    """Have the database stopped at the end, however the run ends."""

    def stop() -> None:
        _environment.__exit__(None, None, None)

    config.add_cleanup(stop)


def pytest_xdist_setupnodes(specs: list[XSpec]) -> None:
    """Have workers not inherit this process's environment: Django would be set up with it."""
    ours = _variables.keys() - ({"DATABASE_URL"} if _given else set())
    for spec in specs:
        spec.env = dict.fromkeys(ours, "")


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[None]:
    """Migrate as ever. What a test then commits is removed, and a password hashed, the fast way."""
    from tests.emptying import Emptying  # noqa: PLC0415 - needs Django set up

    emptying = Emptying()
    with django_db_blocker.unblock():
        emptying.remember()
    # A million rounds for each operator that a test makes protect nobody.
    hashers = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with hashers, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: emptying.empty())
        yield


@pytest.fixture(scope="session", autouse=True)
def _patient_transactions() -> Iterator[None]:
    """Let a test's transaction stand still for as long as what the test waits for."""
    from integrations.database import base  # noqa: PLC0415 - needs Django set up

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "IDLE_IN_TRANSACTION_SECONDS", 600)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_journal_thread() -> Iterator[None]:
    """Have no thread of this process look after journals: it sees no test's transaction."""
    from connections.refresh import keeping  # noqa: PLC0415 - needs Django set up

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "keep_journal", lambda: None)
        yield


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """Yield the URL of a database for processes of their own, dropped after the run.

    It is not the test database that pytest-django makes: what a test wrote there is in a
    transaction that no other process sees.
    """
    with empty_database() as url:
        yield url


@pytest.fixture
def fresh_database_url() -> Iterator[str]:
    """Yield the URL of a database that no other test has seen, for keys of one's own."""
    with empty_database() as url:
        yield url
