"""How often accounts are used."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections import uses
from connections.models import AccountUse, ConnectedAccount
from connections.refresh import get_credentials
from connections.uses import note_use, write_uses

NOW = timezone.now().replace(hour=12)


@pytest.fixture(autouse=True)
def _nothing_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "_counted", uses._Counted())


def test_handing_out_a_token_is_a_use(account: ConnectedAccount) -> None:
    before = timezone.now()
    for _ in range(3):
        get_credentials(account_id=account.pk)
    assert not AccountUse.objects.exists()
    assert write_uses() == 1
    use = AccountUse.objects.get()
    assert (use.account, use.project, use.count, use.day_count) == (account, account.project, 3, 3)
    assert before <= use.last_at <= timezone.now()


def test_counting_asks_the_database_nothing(
    account: ConnectedAccount, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        note_use(account.pk, now=NOW)


def test_uses_add_up_and_a_new_day_begins_anew(account: ConnectedAccount) -> None:
    for days in (0, 0, 1):
        note_use(account.pk, now=NOW + timedelta(days=days))
        write_uses()
    use = AccountUse.objects.get()
    assert (use.count, use.day_count) == (3, 1)
    assert (use.first_at, use.last_at) == (NOW, NOW + timedelta(days=1))


def test_another_processes_older_count_takes_nothing_back(account: ConnectedAccount) -> None:
    for days in (1, 0):
        note_use(account.pk, now=NOW + timedelta(days=days))
        write_uses()
    use = AccountUse.objects.get()
    assert (use.count, use.day_count, use.last_at) == (2, 1, NOW + timedelta(days=1))


def test_uses_of_an_account_that_is_gone_are_forgotten(account: ConnectedAccount) -> None:
    note_use("ca_gone", now=NOW)
    note_use(account.pk, now=NOW)
    write_uses()
    assert [use.account for use in AccountUse.objects.all()] == [account]


def test_what_cannot_be_written_is_kept(
    account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise OperationalError

    note_use(account.pk, now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(uses, "run", away)
        with pytest.raises(OperationalError):
            write_uses()
    note_use(account.pk, now=NOW)
    write_uses()
    assert AccountUse.objects.get().count == 2


def test_memory_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uses, "MOST_KEPT", 2)
    for number in range(5):
        note_use(f"ca_{number}", now=NOW)
    assert len(uses._counted.uses) == 2
