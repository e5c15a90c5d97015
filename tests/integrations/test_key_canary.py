"""The canaries: with keys that did not seal this database the service does not start."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet
from django.core.checks import CheckMessage
from django.db import connection
from pytest_django.fixtures import Settings

from integrations.checks import check_canaries
from integrations.models import KeyCanary
from integrations.secrets import Secret, keyring

pytestmark = pytest.mark.django_db


def fresh() -> str:
    return Fernet.generate_key().decode()


def found() -> list[tuple[str | None, str]]:
    """Run the check as a start does; return ids and messages."""
    messages: list[CheckMessage] = check_canaries()
    assert all(message.hint for message in messages)
    return [(message.id, str(message.msg)) for message in messages]


def planted() -> list[str]:
    return list(KeyCanary.objects.order_by("created_at").values_list("key_id", flat=True))


def test_the_first_start_plants_a_canary() -> None:
    assert planted() == []
    assert found() == []
    assert planted() == keyring.key_ids()


def test_the_right_key_passes_again_and_again() -> None:
    assert [found(), found(), found()] == [[], [], []]
    assert len(planted()) == 1


@pytest.mark.fault(20)
def test_a_wrong_key_is_refused_and_plants_nothing(settings: Settings) -> None:
    found()
    [right] = keyring.key_ids()
    settings.FIELD_ENCRYPTION_KEYS = [fresh()]
    [(number, message)] = found()
    assert number == "integrations.E004"
    assert "not configured" in message
    assert right in message
    assert planted() == [right]


def test_a_key_added_in_front_gets_a_canary_of_its_own(settings: Settings) -> None:
    found()
    [old] = keyring.key_ids()
    settings.FIELD_ENCRYPTION_KEYS = [fresh(), *settings.FIELD_ENCRYPTION_KEYS]
    assert found() == []
    assert planted() == [old, keyring.key_ids()[0]]


def test_a_key_added_behind_gets_one_when_it_comes_first(settings: Settings) -> None:
    found()
    [old], new = settings.FIELD_ENCRYPTION_KEYS, fresh()
    settings.FIELD_ENCRYPTION_KEYS = [old, new]
    assert (found(), len(planted())) == ([], 1)
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert (found(), len(planted())) == ([], 2)


@pytest.mark.parametrize("kept", [0, 1])
def test_taking_away_a_key_that_has_a_canary_is_refused(settings: Settings, kept: int) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [old := fresh()]
    found()
    settings.FIELD_ENCRYPTION_KEYS = [new := fresh(), old]
    found()
    settings.FIELD_ENCRYPTION_KEYS = [(new, old)[kept]]
    [(number, message)] = found()
    assert number == "integrations.E004"
    assert keyring.key_id((old, new)[kept]) in message


def test_a_key_whose_canary_was_retired_may_go(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [old := fresh()]
    found()
    settings.FIELD_ENCRYPTION_KEYS = [new := fresh(), old]
    found()
    KeyCanary.objects.filter(key_id=keyring.key_id(old)).delete()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert found() == []


@pytest.mark.parametrize("text", ["evergrant canary", "deadbeef.gAAAA", ""])
def test_an_altered_canary_is_refused(text: str) -> None:
    found()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE integrations_keycanary SET text = %s", [text])
    [(number, message)] = found()
    assert number == "integrations.E004"
    assert "does not open" in message


def test_a_canary_with_another_text_is_refused() -> None:
    KeyCanary.objects.create(key_id=keyring.key_ids()[0], text=Secret("another song"))
    [(number, _)] = found()
    assert number == "integrations.E004"


@pytest.mark.django_db(transaction=True)
def test_first_starts_at_once_plant_one_canary() -> None:
    together = threading.Barrier(6)

    def start(_: int) -> int:
        try:
            together.wait()
            return len(found())
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=6) as pool:
        assert list(pool.map(start, range(6))) == [0] * 6
    assert len(planted()) == 1


def test_without_tables_there_is_nothing_to_compare_with() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE integrations_keycanary RENAME TO elsewhere")
    assert found() == []


def test_no_message_holds_a_key(settings: Settings) -> None:
    found()
    before = settings.FIELD_ENCRYPTION_KEYS[0]
    settings.FIELD_ENCRYPTION_KEYS = [fresh()]
    messages = check_canaries()
    for key in (before, settings.FIELD_ENCRYPTION_KEYS[0]):
        assert key not in repr(messages) + "".join(f"{m.msg}{m.hint}" for m in messages)
