"""What a sealed field keeps, what it takes, and what it gives away."""

import gc
import pickle
from collections.abc import Callable

import pytest
from cryptography.fernet import InvalidToken
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Value
from django.forms import modelform_factory
from encrypted_model_fields.fields import CRYPTER
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integrations.models import AuthConfig
from integrations.secrets import Secret, keyring
from integrations.secrets.field import Sealed
from tests.integrations.sealing import TEXT, column, field_of, make, make_project, refuses

pytestmark = pytest.mark.django_db


# --- What it keeps ---------------------------------------------------------------------------


def test_a_secret_comes_back_as_a_secret() -> None:
    secret = make().client_secret
    assert isinstance(secret, Secret)
    assert secret.reveal() == TEXT


def test_the_column_does_not_hold_the_text() -> None:
    stored = column(make())
    assert TEXT not in stored
    assert stored.startswith(f"{keyring.key_ids()[0]}.gAAAA")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert column(make()) != column(make())


def test_none_stays_none() -> None:
    config = make()
    config.client_secret = None
    config.save()
    assert AuthConfig.objects.get(pk=config.pk).client_secret is None


def test_an_empty_secret_is_sealed_too() -> None:
    config = make(secret="")
    assert column(config) != ""
    assert config.client_secret is not None
    assert config.client_secret.reveal() == ""


def test_bulk_create_seals() -> None:
    project = make_project()
    rows = [
        AuthConfig(project=project, toolkit="sandbox", client_secret=Secret(name))
        for name in ("one", "two")
    ]
    AuthConfig.objects.bulk_create(rows)
    assert [AuthConfig.objects.get(pk=row.pk).client_secret.reveal() for row in rows] == [
        "one",
        "two",
    ]


def test_saving_something_else_leaves_the_sealed_text_alone() -> None:
    config = make()
    before = column(config)
    config.name = "Another"
    config.save()
    assert column(AuthConfig.objects.get(pk=config.pk)) == before


@given(st.text(max_size=3000))
@hypothesis_settings(deadline=None)
@example("\U0001f511 \x00 \u202e \ufffe")
def test_any_text_is_sealed_as_plain_letters_and_comes_back(text: str) -> None:
    """What goes into the column is ASCII, so that PostgreSQL takes every text."""
    config = AuthConfig(project_id="pr_1")
    field = field_of(AuthConfig, "client_secret")
    sealed = field.seal_for(config, Secret(text))
    assert sealed.isascii()
    assert sealed.isprintable()
    assert field.open_for(config, sealed) == text


# --- What it takes ----------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["text", b"bytes", 7, {"a": 1}])
def test_only_a_secret_can_be_assigned(value: object) -> None:
    with pytest.raises(TypeError, match="client_secret takes a Secret"):
        make().client_secret = value  # type: ignore[assignment]
    with pytest.raises(TypeError, match="client_secret takes a Secret"):
        AuthConfig(client_secret=value)


@pytest.mark.parametrize("value", [Secret("x"), "text", Value("text")])
def test_an_update_takes_a_text_sealed_for_the_row_only(value: object) -> None:
    config = make()
    with pytest.raises(TypeError, match="seal_for"), transaction.atomic():
        AuthConfig.objects.filter(pk=config.pk).update(client_secret=value)
    assert AuthConfig.objects.get(pk=config.pk).client_secret == Secret(TEXT)


def test_an_update_with_a_sealed_text_works() -> None:
    config = make()
    sealed = field_of(AuthConfig, "client_secret").seal_for(config, Secret("new"))
    AuthConfig.objects.filter(pk=config.pk).update(client_secret=sealed)
    assert AuthConfig.objects.get(pk=config.pk).client_secret == Secret("new")


def test_bulk_update_of_a_secret_is_refused() -> None:
    config = make()
    config.client_secret = Secret("new")
    with pytest.raises(TypeError, match="seal_for"):
        AuthConfig.objects.bulk_update([config], ["client_secret"])


def test_a_sealed_field_has_no_form() -> None:
    form = modelform_factory(AuthConfig, fields="__all__")()
    assert "client_secret" not in form.fields
    with pytest.raises(FieldError, match="non-editable"):
        modelform_factory(AuthConfig, fields=["client_secret"])


# --- Ways out ------------------------------------------------------------------------------------


def test_dumpdata_refuses_to_export_it() -> None:
    make()
    with pytest.raises(CommandError, match="client_secret is sealed") as caught:
        call_command("dumpdata", "integrations.AuthConfig")
    assert TEXT not in str(caught.value)
    # Its cursor in the database is closed now, and not within some later test's transaction.
    del caught
    gc.collect()


@pytest.mark.parametrize("form", ["json", "jsonl", "python", "xml", "yaml"])
def test_no_serializer_exports_it(form: str) -> None:
    with pytest.raises(TypeError, match="client_secret is sealed"):
        serializers.serialize(form, [make()])


WAYS_OUT: list[Callable[[AuthConfig], object]] = [
    repr,
    lambda config: str(vars(config)),
    pickle.dumps,
    lambda _: repr(AuthConfig.objects.values("client_secret")),
    lambda _: str(list(AuthConfig.objects.values_list("client_secret"))),
    lambda _: "".join(AuthConfig.objects.values_list("client_secret", flat=True)),
]


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_row_read_in_other_ways_does_not_show_the_text(
    way: Callable[[AuthConfig], object],
) -> None:
    shown = way(make())
    assert TEXT not in (shown if isinstance(shown, str) else repr(shown))


def test_a_pickled_row_opens_in_its_own_place_only() -> None:
    config = make()
    thawed = pickle.loads(pickle.dumps(config))  # noqa: S301 - our own
    assert thawed.client_secret.reveal() == TEXT
    thawed.pk = "ac_other"
    refuses(thawed)


def test_a_row_with_an_unsaved_secret_cannot_be_pickled() -> None:
    config = make()
    config.client_secret = Secret("new")
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(config)


def test_the_text_in_the_column_hides_itself_in_a_repr() -> None:
    sealed = AuthConfig.objects.values_list("client_secret", flat=True)
    assert repr(Sealed(column(make()))) == "Sealed(...)"
    assert [repr(text) for text in sealed] == ["Sealed(...)"]


def test_the_librarys_own_crypter_opens_nothing_of_ours() -> None:
    token = column(make()).partition(".")[2]
    with pytest.raises(InvalidToken):
        CRYPTER.decrypt(token.encode())
