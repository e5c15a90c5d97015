"""Re-sealing under a real worker that refreshes all the time (faults.md 19)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections import vault
from connections.models import (
    ConnectedAccount,
    Credentials,
    Entity,
    RefreshAttempt,
    RefreshOutcome,
    Status,
)
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from integrations.secrets.resealing import Outcome, reseal
from tests.integrations.key_connections import url_of_database
from tests.integrations.key_rows import Keys, column_of
from tests.making import initiate, store_grant
from tests.provider import TOKEN_PATH, Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNTS = 20
ROUNDS = 6
PATIENCE_SECONDS = 120


class StrictProvider(ScriptedProvider):
    """Rotates refresh tokens: each is good for one call, and a second one is refused.

    Attributes:
        good: the refresh tokens that were issued last and not used.
        refused: those that came a second time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.good = {f"refresh-{number}" for number in range(ACCOUNTS)}
        self.refused: list[str] = []
        self.issued = 0
        self._issuing = threading.Lock()

    def take(self, path: str, form: dict[str, str]) -> Answer:
        if path != TOKEN_PATH:
            return super().take(path, form)
        with self._issuing:
            if form["refresh_token"] not in self.good:
                self.refused.append(form["refresh_token"])
                return Answer(status=400, json={"error": "invalid_grant"})
            self.good.remove(form["refresh_token"])
            self.issued += 1
            self.good.add(f"refresh-{ACCOUNTS + self.issued}")
            return tokens(ACCOUNTS + self.issued, expires_in=3600)


@pytest.fixture
def provider() -> Iterator[StrictProvider]:
    strict = StrictProvider()
    with strict.serving():
        yield strict


@pytest.fixture
def accounts(keys_in_turn: Keys, project: Project, provider: StrictProvider) -> list[str]:
    config = AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": provider.url},
    )
    made = []
    for number in range(ACCOUNTS):
        entity = Entity.objects.create(project=project, user_id=f"user-{number}")
        account = initiate(auth_config=config, entity=entity)
        store_grant(account, now=timezone.now(), number=number)
        made.append(account.pk)
    return made


@contextmanager
def worker(keys: list[str]) -> Iterator[None]:
    """Run ``manage.py refresh_due --watch`` with ``keys``; it ends in order and with 0."""
    environment = {"DATABASE_URL": url_of_database(), "FIELD_ENCRYPTION_KEYS": ",".join(keys)}
    command = [sys.executable, "manage.py", "refresh_due", "--watch"]
    process = subprocess.Popen(command, env=os.environ | environment)
    try:
        yield
        process.terminate()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


@contextmanager
def reader(accounts: list[str]) -> Iterator[list[str]]:
    """Open every account's tokens again and again; yield what went wrong."""
    stop, trouble = threading.Event(), list[str]()

    def read() -> None:
        try:
            while not stop.is_set():
                for stored in Credentials.objects.filter(pk__in=accounts):
                    vault.open_grant(stored)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to see it
            trouble.append(repr(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield trouble
    finally:
        stop.set()
        thread.join(PATIENCE_SECONDS)


def all_due() -> None:
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.filter(status=Status.ACTIVE).update(refresh_at=past)


def reseal_all(batch_size: int) -> Outcome:
    return reseal(batch_size=batch_size, stop=threading.Event(), tell=lambda *_: None)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.fault(19)
def test_no_refresh_fails_and_no_token_is_lost_while_everything_is_resealed(
    accounts: list[str], provider: StrictProvider, keys_in_turn: Keys, settings: Settings
) -> None:
    old = keys_in_turn.rotate()
    new_key, old_key = keys_in_turn.configured
    with worker([new_key, old_key]), reader(accounts) as trouble:
        until(lambda: provider.issued >= 1)
        for turn in range(ROUNDS):
            # To and fro, so that there is always something to re-seal under the refreshes.
            settings.FIELD_ENCRYPTION_KEYS = [[old_key, new_key], [new_key, old_key]][turn % 2]
            issued = provider.issued
            all_due()
            until(lambda before=issued: provider.issued > before)  # type: ignore[misc]
            assert reseal_all(batch_size=1 + turn).unopened == []
    assert reseal_all(batch_size=100).left == 0
    stored = list(Credentials.objects.filter(pk__in=accounts))
    assert provider.refused == []
    assert trouble == []
    assert {vault.open_grant(each).refresh_token.reveal() for each in stored} == provider.good  # type: ignore[union-attr]
    assert sum(each.generation - 1 for each in stored) == provider.issued >= ACCOUNTS
    assert set(RefreshAttempt.objects.values_list("outcome", flat=True)) == {RefreshOutcome.STORED}
    assert ConnectedAccount.objects.filter(status=Status.ACTIVE).count() == ACCOUNTS
    assert column_of(Credentials, "payload").count_by_key()[old] == 0
