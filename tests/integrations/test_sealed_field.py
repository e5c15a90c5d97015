"""A sealed text opens in its own row, field, project and version, and nowhere else."""

import copy
import gc
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Value
from django.forms import modelform_factory
from encrypted_model_fields.fields import CRYPTER
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from connections.models import Credentials, Entity, Revocation
from integrations.models import AuthConfig, Project
from integrations.secrets import KeyUnknown, NoKeys, SealBroken, SealedField, Secret, keyring
from integrations.secrets.field import Sealed
from tests.api.calling import Caller, key_of
from tests.console.staff import every_permission, member, signed_in
from tests.making import connect, token_set
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db

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


# --- What it takes -----------------------------------------------------------------------------


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


def stolen() -> str:
    """Return the sealed text of another project's secret."""
    return column(make(make_project("Victim"), secret="victims-" + "s3cret"))


def test_sealed_text_that_is_assigned_is_plain_text() -> None:
    text = stolen()
    assert make(secret=text).client_secret.reveal() == text


def test_sealed_text_that_is_sent_to_the_api_is_plain_text(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    text, project = stolen(), make_project()
    body = {"name": "x", "toolkit": "sandbox", "client_id": "x", "client_secret": text}
    caller = Caller(key_of(project, "write"))
    answer = caller("POST", "/auth_configs", body | {"parameters": PROVIDER})
    assert AuthConfig.objects.get(pk=answer.json()["id"]).client_secret.reveal() == text


def test_sealed_text_that_is_typed_into_the_console_is_plain_text(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    text, config = stolen(), make()
    form = {"name": "x", "client_id": "x", "new_client_secret": text, "enabled": "on"}
    staff = signed_in(member(config.project, permissions=every_permission()))
    path = f"/admin/integrations/authconfig/{config.pk}/change/"
    answer = staff.post(path, form | {"parameters": f"base_url={PROVIDER['base_url']}"})
    assert answer.status_code == 302
    assert AuthConfig.objects.get(pk=config.pk).client_secret.reveal() == text


@pytest.mark.parametrize("name", ["client_secret", "payload", "_client_secret"])
def test_a_sealed_column_cannot_be_posted(settings: Settings, name: str) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    config = make()
    form = {"name": "x", "client_id": "x", name: stolen(), "enabled": "on"}
    staff = signed_in(member(config.project, permissions=every_permission()))
    path = f"/admin/integrations/authconfig/{config.pk}/change/"
    staff.post(path, form | {"parameters": f"base_url={PROVIDER['base_url']}"})
    assert AuthConfig.objects.get(pk=config.pk).client_secret.reveal() == TEXT


# --- Where it opens --------------------------------------------------------------------------


def refuses(row: Any, name: str = "client_secret") -> str:
    """Check that the row's secret does not open, and return what the error says."""
    with pytest.raises(SealBroken) as caught:
        getattr(row, name).reveal()
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "",
        ".",
        f"hunter22.{TEXT}",
        f"deadbeef{TEXT}",
        "gAAAAABm" + "A" * 60,
        '{"secret": "x"}',
        "\u00e4\u00f6\u00fc\u00df....",
    ],
)
def test_planted_plain_text_is_refused_and_not_repeated(text: str) -> None:
    said = refuses(plant(make(), text))
    assert not text or text == "." or text not in said
    assert "hunter22" not in said


def test_planted_text_in_the_shape_of_a_sealed_one_is_refused() -> None:
    refuses(plant(make(), f"{keyring.key_ids()[0]}.{TEXT}"))


@pytest.mark.parametrize("opened", [TEXT, '"text"', "[]", "{}", '{"secret": 7}', "null"])
def test_what_another_program_sealed_with_our_key_is_refused(opened: str) -> None:
    assert opened not in refuses(plant(make(), keyring.encrypt(opened)))


def test_a_text_with_one_changed_character_is_refused() -> None:
    config = make()
    stored = column(config)
    flipped = stored[:40] + ("A" if stored[40] != "A" else "B") + stored[41:]
    refuses(plant(config, flipped))


def test_the_text_of_another_row_is_refused() -> None:
    project = make_project()
    one, other = make(project), make(project)
    refuses(plant(one, column(other)))


def test_the_text_of_another_projects_row_is_refused() -> None:
    refuses(plant(make(make_project("One")), column(make(make_project("Two")))))


def test_a_row_moved_to_another_project_does_not_open() -> None:
    config = make()
    AuthConfig.objects.filter(pk=config.pk).update(project=make_project("Thief"))
    refuses(AuthConfig.objects.get(pk=config.pk))


def test_the_text_of_another_field_of_the_same_row_is_refused() -> None:
    endpoint = Endpoint(project=make_project(), url="https://app.example.com")
    endpoint.secret, endpoint.previous_secret = Secret("now"), Secret("before")
    endpoint.save()
    planted = plant(endpoint, column(endpoint, "previous_secret"), "secret")
    refuses(planted, "secret")
    assert planted.previous_secret.reveal() == "before"


def test_the_text_of_another_model_is_refused() -> None:
    """Although field, row, project and version are the same."""
    credentials = make_credentials()
    foreign = Revocation(pk=credentials.pk, project_id=credentials.project_id)
    field = field_of(Revocation, "payload")
    sealed = field.seal_for(foreign, Secret("x"), version=credentials.generation)
    refuses(plant(credentials, sealed, "payload"), "payload")


def test_an_older_generations_text_of_the_same_row_is_refused() -> None:
    credentials = make_credentials()
    before = column(credentials, "payload")
    credentials.generation += 1
    credentials.payload = token_set(2).to_payload()
    credentials.save()
    refuses(plant(credentials, before, "payload"), "payload")


def test_a_generation_counted_up_without_new_tokens_does_not_open() -> None:
    credentials = make_credentials()
    Credentials.objects.filter(pk=credentials.pk).update(generation=2)
    refuses(Credentials.objects.get(pk=credentials.pk), "payload")


def test_a_copied_row_does_not_open() -> None:
    twin = copy.copy(make())
    twin.pk = "ac_twin"
    twin.save(force_insert=True)
    refuses(AuthConfig.objects.get(pk="ac_twin"))


# --- Keys ----------------------------------------------------------------------------------------


def test_a_wrong_key_is_an_error_and_never_the_sealed_text(settings: Settings) -> None:
    config = make()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(KeyUnknown) as caught:
        config.client_secret.reveal()
    assert column(config) not in str(caught.value)


def test_without_keys_nothing_opens_and_nothing_is_sealed(settings: Settings) -> None:
    config = make()
    settings.FIELD_ENCRYPTION_KEYS = []
    with pytest.raises(NoKeys):
        config.client_secret.reveal()
    config.client_secret = Secret("new")
    with pytest.raises(NoKeys):
        config.save()


def test_rows_load_and_save_without_the_key_while_nobody_reveals(settings: Settings) -> None:
    config = make()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    loaded = AuthConfig.objects.get(pk=config.pk)
    assert str(loaded.client_secret) == "***"
    loaded.name = "Renamed"
    loaded.save()
    assert column(loaded) == column(config)


def test_after_a_rotation_old_texts_open_and_new_ones_have_the_first_key(
    settings: Settings,
) -> None:
    old = make(secret="old")
    old_id = keyring.key_ids()[0]
    settings.FIELD_ENCRYPTION_KEYS = [
        Fernet.generate_key().decode(),
        *settings.FIELD_ENCRYPTION_KEYS,
    ]
    new = make(secret="new")
    assert (old.client_secret, new.client_secret) == (Secret("old"), Secret("new"))
    assert column(old).startswith(old_id)
    assert column(new).startswith(keyring.key_ids()[0])
    assert keyring.key_ids()[0] != old_id


@pytest.mark.parametrize("written", ["{}\n", " {}", "\t{}\r\n"])
def test_blanks_around_a_key_do_not_make_it_another_key(settings: Settings, written: str) -> None:
    config = make()
    [key] = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [written.format(key)]
    assert config.client_secret == Secret(TEXT)


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
