"""Re-sealing changes the key and nothing else, and never overwrites what others store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

import pytest
from django.db import connections, transaction

from connections.models import Credentials
from integrations.models import AuthConfig, KeyCanary
from integrations.secrets import Secret, keyring, resealing
from integrations.secrets.canary import find_key_trouble
from integrations.secrets.census import take_census
from integrations.secrets.columns import SealedColumn
from integrations.secrets.resealing import Outcome, Swap, count_left, reseal, swap
from tests.integrations.key_rows import Keys, column_of, fill_every_column, rows, texts
from tests.integrations.sealing import TEXT, column, make, make_credentials, plant

NEVER = threading.Event()


def nothing(place: str, rows: int) -> None:
    return


def run(
    batch_size: int = 100, stop: threading.Event = NEVER, tell: Callable[[str, int], None] = nothing
) -> Outcome:
    return reseal(batch_size=batch_size, stop=stop, tell=tell)


def secrets_of(model: type[AuthConfig] = AuthConfig) -> SealedColumn:
    return column_of(model, "client_secret")


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_everything_is_sealed_with_the_first_key_and_says_what_it_said(
    keys_in_turn: Keys, batch_size: int
) -> None:
    fill_every_column()
    said = texts()
    keys_in_turn.rotate()
    outcome = run(batch_size)
    assert texts() == said
    assert set(take_census().by_key) == {keys_in_turn.ids[0]}
    assert outcome.resealed.total() == len(said)
    assert (outcome.unopened, outcome.left) == ([], 0)


def test_without_the_old_key_everything_opens_afterwards(keys_in_turn: Keys) -> None:
    fill_every_column()
    said = texts()
    before = keys_in_turn.rotate()
    run()
    KeyCanary.objects.filter(pk=before).delete()
    keys_in_turn.start(keys_in_turn.configured[0])
    assert texts() == said


def test_the_generation_stays_and_so_does_the_binding_to_it(keys_in_turn: Keys) -> None:
    credentials = make_credentials()
    Credentials.objects.filter(pk=credentials.pk).update(generation=8)
    payload = column_of(Credentials, "payload")
    [row] = rows(payload)
    moved = payload.field.seal_for(row, Secret("{}"))
    Credentials.objects.filter(pk=credentials.pk).update(payload=moved)
    keys_in_turn.rotate()
    run()
    [row] = rows(payload)
    assert (row.generation, row.payload.reveal()) == (8, "{}")
    row.generation = 9
    with pytest.raises(keyring.SealBroken):
        row.payload.reveal()


def test_what_the_first_key_sealed_is_left_as_it_is(keys_in_turn: Keys) -> None:
    make()
    keys_in_turn.rotate()
    config = make()
    sealed = column(config)
    assert run().resealed.total() == 1
    assert column(config) == sealed
    assert run().resealed.total() == 0


def test_canaries_stay_under_their_own_keys(keys_in_turn: Keys) -> None:
    before = keys_in_turn.rotate()
    run()
    assert column(KeyCanary.objects.get(pk=before), "text").startswith(before)
    assert find_key_trouble() == []


@pytest.mark.parametrize("between", ["stored", "deleted"])
def test_who_stores_between_reading_and_writing_wins(keys_in_turn: Keys, between: str) -> None:
    config = make()
    keys_in_turn.rotate()
    secrets = secrets_of()
    [row] = rows(secrets)
    old = secrets.text_in(row)
    prepared = Swap(pk=row.pk, old=old, new=secrets.field.reseal_for(row, old))
    if between == "stored":
        config.client_secret = Secret("newer")
        config.save()
    else:
        config.delete()
    assert swap(secrets, [prepared]) == 0
    assert [found.client_secret for found in AuthConfig.objects.all()] == (
        [Secret("newer")] if between == "stored" else []
    )


def test_a_row_changed_amid_a_run_is_counted_as_missed_and_is_no_failure(
    keys_in_turn: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make()
    keys_in_turn.rotate()
    field = secrets_of().field
    honest = field.reseal_for

    def interrupted(row: AuthConfig, text: str) -> str:
        config.client_secret = Secret("newer")
        config.save()
        return honest(row, text)

    monkeypatch.setattr(field, "reseal_for", interrupted)
    outcome = run()
    assert (outcome.resealed.total(), outcome.left) == (0, 0)
    assert AuthConfig.objects.get(pk=config.pk).client_secret == Secret("newer")


# --- What does not open --------------------------------------------------------------------------


def spoil(config: AuthConfig, how: str) -> None:
    """Make the secret of ``config`` one that does not open."""
    sealed = column(config)
    spoiled = {
        "altered": sealed[:60] + ("A" if sealed[60] != "A" else "B") + sealed[61:],
        "of another key": f"deadbeef{sealed[8:]}",
        "of another row": column(make()),
        "plain": "hunter2",
    }
    plant(config, spoiled[how])


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("altered", "SealBroken"),
        ("of another key", "KeyUnknown"),
        ("of another row", "SealBroken"),
        ("plain", "SealBroken"),
    ],
)
def test_what_does_not_open_is_listed_and_left_and_the_rest_is_done(
    keys_in_turn: Keys, how: str, reason: str
) -> None:
    config, healthy = make(), make()
    spoil(config, how)
    spoiled = column(config)
    keys_in_turn.rotate()
    outcome = run(batch_size=1)
    [found] = outcome.unopened
    assert (found.place, found.pk, found.reason) == (str(secrets_of()), config.pk, reason)
    assert outcome.left == 1
    assert column(config) == spoiled
    assert column(healthy).startswith(keys_in_turn.ids[0])


# --- Interrupted, or in each other's way ---------------------------------------------------------


def test_a_stop_is_obeyed_after_a_batch_and_the_next_run_does_the_rest(keys_in_turn: Keys) -> None:
    for _ in range(5):
        make()
    keys_in_turn.rotate()
    stop = threading.Event()
    outcome = run(batch_size=2, stop=stop, tell=lambda *_: stop.set())
    assert (outcome.resealed.total(), outcome.left) == (2, 3)
    outcome = run(batch_size=2)
    assert (outcome.resealed.total(), outcome.left) == (3, 0)
    assert {config.client_secret.reveal() for config in AuthConfig.objects.all()} == {TEXT}


class Neighbour:
    """Another connection that locks a row until it is told to let go."""

    def __init__(self, row: AuthConfig) -> None:
        self._locked, self._released = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=[row.pk])

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._locked.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self.let_go()

    def let_go(self) -> None:
        self._released.set()
        self._thread.join(10)

    def _hold(self, pk: str) -> None:
        with transaction.atomic():
            AuthConfig.objects.select_for_update().get(pk=pk)
            self._locked.set()
            self._released.wait(10)
        connections.close_all()


@pytest.mark.django_db(transaction=True)
def test_a_row_in_use_is_not_waited_for_and_is_done_when_it_is_free(keys_in_turn: Keys) -> None:
    used, free = make(), make()
    keys_in_turn.rotate()
    done: list[int] = []
    with Neighbour(used) as neighbour:

        def tell(place: str, rows: int) -> None:
            done.append(rows)
            neighbour.let_go()

        outcome = run(tell=tell)
    assert done == [1, 1]
    assert outcome.left == 0
    assert {column(row)[:8] for row in (used, free)} == {keys_in_turn.ids[0]}


@pytest.mark.django_db(transaction=True)
def test_a_row_in_use_all_the_time_is_left_for_the_next_run(
    keys_in_turn: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "PAUSE_SECONDS", 0.0)
    used = make()
    keys_in_turn.rotate()
    with Neighbour(used):
        outcome = run()
    assert (outcome.resealed.total(), outcome.unopened, outcome.left) == (0, [], 1)


@pytest.mark.django_db(transaction=True)
def test_between_batches_no_row_is_locked(keys_in_turn: Keys) -> None:
    done, todo = make(), make()
    keys_in_turn.rotate()

    def tell(place: str, rows: int) -> None:
        for row in (done, todo):
            with Neighbour(row):
                pass

    assert run(batch_size=1, tell=tell).resealed.total() == 2


def test_what_is_left_is_counted_without_opening_anything(
    keys_in_turn: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    keys_in_turn.rotate()
    monkeypatch.setattr(keyring, "decrypt", None)
    assert count_left() == 1
