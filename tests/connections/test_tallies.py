"""How many accounts there are, as the tallies tell it: always what counting would find."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from connections.actors import SYSTEM
from connections.models import AccountTally, ConnectedAccount, Entity, Status, Trigger
from connections.operations import disable_account, enable_account, revoke_account
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from connections.tallies import fold, recount, standings
from integrations.models import AuthConfig, Project
from tests.making import connect

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DAY = timedelta(days=1)
Kind = tuple[str, str, str, bool, object]


def counted() -> Counter[Kind]:
    """Count the accounts themselves."""
    return Counter(map(kind, ConnectedAccount.objects.all()))


def kind(account: ConnectedAccount) -> Kind:
    active = account.status == Status.ACTIVE
    ends = account.grant_ends_at
    lives = ends and ends - (account.granted_at or account.created_at)
    day = ends.astimezone(UTC).date() if active and ends and lives and lives > DAY else None
    failing = active and account.refresh_failing_since is not None
    return (account.project_id, account.auth_config_id, account.status, failing, day)


def told() -> Counter[Kind]:
    """Add the tallies up."""
    kinds = ("project_id", "auth_config_id", "status", "failing", "ends_on")
    rows = AccountTally.objects.order_by().values_list(*kinds).annotate(sum=Sum("delta"))
    return Counter({row[:-1]: row[-1] for row in rows if row[-1]})


def accounts(config: AuthConfig, count: int) -> list[ConnectedAccount]:
    """Make accounts with one statement."""
    entity = Entity.objects.create(project=config.project, user_id=f"u{random.random()}")  # noqa: S311
    return ConnectedAccount.objects.bulk_create(
        ConnectedAccount(
            project=config.project,
            entity=entity,
            auth_config=config,
            toolkit=config.toolkit,
            status_changed_at=NOW,
        )
        for _ in range(count)
    )


@pytest.fixture
def configs(auth_config: AuthConfig) -> list[AuthConfig]:
    """Auth configs of two projects."""
    other = Project.objects.create(name="Other")
    changes = {"toolkit": "sandbox", "client_id": "c", "parameters": {"base_url": "http://x"}}
    same = AuthConfig.objects.create(project=auth_config.project, name="Same", **changes)
    return [auth_config, same, AuthConfig.objects.create(project=other, name="Other", **changes)]


def sample(dice: random.Random) -> list[str]:
    ids = list(ConnectedAccount.objects.order_by("pk").values_list("pk", flat=True))
    return dice.sample(ids, min(len(ids), dice.randint(1, 5)))


def save_each(rows: Iterable[ConnectedAccount]) -> None:
    for row in rows:
        row.save()


def change_at_random(dice: random.Random, configs: list[AuthConfig]) -> None:
    """Do one of all that may be done to accounts, with one statement."""
    ends = NOW + dice.random() * 30 * DAY
    rows = ConnectedAccount.objects.filter(pk__in=sample(dice))
    change: Callable[[], object] = dice.choice(
        [
            lambda: accounts(dice.choice(configs), dice.randint(1, 4)),
            lambda: rows.update(status=dice.choice(Status.values)),
            lambda: rows.update(status=Status.ACTIVE, grant_ends_at=ends),
            lambda: rows.update(refresh_failing_since=dice.choice([None, NOW])),
            lambda: rows.update(granted_at=dice.choice([None, NOW, ends - DAY / 2])),
            lambda: save_each(rows),
            lambda: rows.update(alias="", updated_at=NOW),
            lambda: fold(now=NOW + dice.random() * 4 * DAY),
            lambda: rows.filter(status__in=[Status.FAILED, Status.DELETED]).delete(),
        ]
    )
    change()


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_in_whatever_order_the_tallies_are_right(
    configs: list[AuthConfig], seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311
    for _ in range(60):
        change_at_random(dice, configs)
        if dice.random() < 0.2:
            with transaction.atomic():
                change_at_random(dice, configs)
                transaction.set_rollback(True)
        assert told() == counted()


def test_operations_are_counted(account: ConnectedAccount) -> None:
    for operation in (disable_account, enable_account, revoke_account):
        operation(account=account, actor=SYSTEM)
        account.refresh_from_db()
        assert told() == counted()


def test_a_refresh_that_goes_well_writes_no_tally_of_accounts(
    due_account: ConnectedAccount,
) -> None:
    before = AccountTally.objects.count()
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    refresh_claimed(claim)
    assert AccountTally.objects.count() == before


def test_a_change_of_a_thousand_accounts_made_at_once_is_one_row(auth_config: AuthConfig) -> None:
    accounts(auth_config, 1000)
    assert AccountTally.objects.get().delta == 1000


def test_folded_tallies_are_one_row_of_each_kind_and_hour(
    auth_config: AuthConfig, entity: Entity
) -> None:
    for number in range(3):
        connect(auth_config=auth_config, entity=entity, alias=str(number))
    fold(now=timezone.now())
    assert AccountTally.objects.get().delta == 3
    fold(now=timezone.now() + 2 * DAY)
    assert (AccountTally.objects.get().delta, AccountTally.objects.get().hour) == (3, None)


def test_what_has_changed_is_told_of_one_day(account: ConnectedAccount) -> None:
    accounts(account.auth_config, 2)
    now = timezone.now()
    rows = AccountTally.objects.all()
    assert {s.status: (s.number, s.change) for s in standings(rows, now=now)} == {
        Status.ACTIVE: (1, 1),
        Status.INITIATED: (2, 2),
    }
    fold(now=now + 2 * DAY)
    assert {s.change for s in standings(rows, now=now + 2 * DAY)} == {0}


def test_a_recount_makes_up_for_what_no_trigger_saw(account: ConnectedAccount) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        ConnectedAccount.objects.filter(pk=account.pk).update(status=Status.EXPIRED)
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert told() != counted()
    recount()
    assert told() == counted()
    before = AccountTally.objects.count()
    recount()
    assert AccountTally.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_tallies_are_right_beside_others_and_while_they_are_folded(
    configs: list[AuthConfig],
) -> None:
    ids = [row.pk for config in configs for row in accounts(config, 20)]
    done = threading.Event()
    sums = set()

    def move(seed: int) -> None:
        dice = random.Random(seed)  # noqa: S311
        for _ in range(25):
            # In the order of ids, so that nobody waits in a circle.
            with transaction.atomic():
                for pk in sorted(dice.sample(ids, 3)):
                    row = ConnectedAccount.objects.filter(pk=pk)
                    row.update(status=dice.choice(Status.values), updated_at=datetime.now(UTC))
                transaction.set_rollback(dice.random() < 0.2)
        connection.close()

    def fold_and_look() -> None:
        while not done.is_set():
            fold(now=timezone.now() + 2 * DAY)
            sums.add(AccountTally.objects.aggregate(sum=Sum("delta"))["sum"])
        connection.close()

    with ThreadPoolExecutor(5) as pool:
        folding = [pool.submit(fold_and_look) for _ in range(2)]
        moving = [pool.submit(move, seed) for seed in range(3)]
        for each in moving:
            each.result()
        done.set()
        for each in folding:
            each.result()
    assert told() == counted()
    # Accounts only moved, so at no moment were there more or fewer of them.
    assert sums == {60}
