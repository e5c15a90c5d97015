"""A sealed text opens in its own row, field, project and version, under its key, nowhere else."""

import copy

import pytest
from cryptography.fernet import Fernet
from pytest_django.fixtures import Settings

from connections.models import Credentials, Revocation
from integrations.models import AuthConfig
from integrations.secrets import KeyUnknown, NoKeys, Secret, keyring
from tests.api.calling import Caller, key_of
from tests.console.staff import every_permission, member, signed_in
from tests.integrations.sealing import (
    PROVIDER,
    TEXT,
    column,
    field_of,
    make,
    make_credentials,
    make_project,
    plant,
    refuses,
)
from tests.making import token_set
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db


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


# --- What users send --------------------------------------------------------------------------


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
    answer = staff.post(path, form | {"parameter_base_url": PROVIDER["base_url"]})
    assert answer.status_code == 302
    assert AuthConfig.objects.get(pk=config.pk).client_secret.reveal() == text


@pytest.mark.parametrize("name", ["client_secret", "payload", "_client_secret"])
def test_a_sealed_column_cannot_be_posted(settings: Settings, name: str) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    config = make()
    form = {"name": "x", "client_id": "x", name: stolen(), "enabled": "on"}
    staff = signed_in(member(config.project, permissions=every_permission()))
    path = f"/admin/integrations/authconfig/{config.pk}/change/"
    staff.post(path, form | {"parameter_base_url": PROVIDER["base_url"]})
    assert AuthConfig.objects.get(pk=config.pk).client_secret.reveal() == TEXT


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
