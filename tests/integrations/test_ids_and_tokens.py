"""Public ids sort by creation; tokens are random and kept as digests (faults.md 45)."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from django.db import connection

from integrations.ids import ALPHABET, IdField, id_at, new_id
from integrations.models import ApiKey, Project
from integrations.tokens import digest, new_token


def test_an_id_is_its_prefix_and_22_characters() -> None:
    prefix, _, rest = new_id("ca").partition("_")
    assert (prefix, len(rest)) == ("ca", 22)
    assert set(rest) <= set(ALPHABET)


def test_ids_sort_in_the_order_they_were_made() -> None:
    made = [new_id("x") for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == 2000


def test_ids_made_in_a_hurry_do_not_run_ahead_of_the_clock() -> None:
    for _ in range(20_000):
        made = new_id("x")
    assert made < id_at("x", datetime.now(UTC) + timedelta(milliseconds=2))


def test_an_id_holds_a_uuid_of_version_7() -> None:
    number = 0
    for digit in new_id("x").removeprefix("x_"):
        number = number * 62 + ALPHABET.index(digit)
    assert (UUID(int=number).version, UUID(int=number).variant) == (7, RFC_4122)


@pytest.mark.django_db
def test_the_database_sorts_ids_as_python_does() -> None:
    made = ["x_Zz", "x_aA", "x_0", "x_zZ", "x_Az"]
    for number in made:
        Project.objects.create(pk=number, name=number)
    assert list(Project.objects.order_by("pk").values_list("pk", flat=True)) == sorted(made)


@pytest.mark.django_db
def test_an_id_column_has_the_c_collation_everywhere() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'id'"
            " AND character_maximum_length = 32 AND collation_name IS DISTINCT FROM 'C'"
            r" AND table_name NOT LIKE 'django\_%'"
        )
        assert cursor.fetchall() == []


def test_an_id_field_comes_back_from_a_migration_as_it_was() -> None:
    name, path, args, kwargs = IdField("ca").deconstruct()
    assert (path, args, kwargs) == ("integrations.ids.IdField", ["ca"], {})
    assert IdField(*args).default().startswith("ca_")
    assert name is None


def test_a_token_has_256_bits_that_differ() -> None:
    made = {new_token("eg_") for _ in range(500)}
    assert len(made) == 500
    assert all(token.startswith("eg_") and len(token) == 3 + 43 for token in made)


def test_a_digest_is_sha_256() -> None:
    assert digest("t") == hashlib.sha256(b"t").hexdigest()


@pytest.mark.django_db
def test_an_api_key_is_kept_as_a_digest_only() -> None:
    key = ApiKey(project=Project.objects.create(name="Acme"), name="Server")
    text = key.issue()
    with connection.cursor() as cursor:
        cursor.execute("SELECT a::text FROM integrations_apikey a")
        [(row,)] = cursor.fetchall()
    assert text not in row
    assert digest(text) in row
    assert key.hint == text[:9]
    assert text not in f"{key} {key!r} {vars(key)}"
