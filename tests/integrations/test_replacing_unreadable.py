"""A secret that does not open any more is replaced like any other, and nothing else is held up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from integrations.auth_configs import update_auth_config
from integrations.managed_apps import rotate_managed_app
from integrations.models import AuthConfig, ManagedApp
from integrations.secrets import Secret
from tests.console.staff import signed_in
from tests.integrations.sealing import column, make, plant, plant_broken, refuses

pytestmark = pytest.mark.django_db
NEW = "new-" + "s3cret"


def broken(row: Any) -> Any:
    return plant_broken(row)


def of_a_lost_key(row: Any) -> Any:
    """Seal the secret anew with a key that nobody has."""
    return plant(row, "00000000" + column(row)[8:])


@pytest.mark.parametrize("spoil", [broken, of_a_lost_key])
def test_a_client_secret_is_entered_again(spoil: Callable[[Any], Any]) -> None:
    config = spoil(make())
    update_auth_config(auth_config=config, client_secret=Secret(NEW))
    assert AuthConfig.objects.get(older_client_secrets=None).client_secret.reveal() == NEW


def test_what_opens_is_kept_beside_it() -> None:
    config = make(secret="first")
    update_auth_config(auth_config=config, client_secret=Secret("second"))
    update_auth_config(auth_config=plant_broken(config), client_secret=Secret(NEW))
    assert json.loads(AuthConfig.objects.get().older_client_secrets.reveal()) == ["first"]


def test_older_secrets_that_do_not_open_give_way() -> None:
    config = make(secret="first")
    update_auth_config(auth_config=config, client_secret=Secret("second"))
    config = plant_broken(config, "older_client_secrets")
    update_auth_config(auth_config=config, client_secret=Secret(NEW))
    assert json.loads(AuthConfig.objects.get().older_client_secrets.reveal()) == ["second"]


def test_another_client_takes_its_place() -> None:
    config = make()
    update_auth_config(auth_config=config, client_id="second", client_secret=Secret("theirs"))
    config = plant_broken(plant_broken(config), "former_clients")
    update_auth_config(auth_config=config, client_id="third", client_secret=Secret(NEW))
    stored = AuthConfig.objects.get()
    assert (stored.client_id, stored.client_secret.reveal()) == ("third", NEW)
    assert list(json.loads(stored.former_clients.reveal())) == ["second"]


def test_a_managed_app_gets_a_new_secret_too() -> None:
    app = ManagedApp(name="Notes", toolkit="github", client_id="client")
    app.client_secret = Secret("lost")
    app.save()
    rotate_managed_app(app=plant_broken(app), client_secret=Secret(NEW))
    assert ManagedApp.objects.get().client_secret.reveal() == NEW


def save_in_the_console(admin: User, config: AuthConfig, **changes: str) -> Client:
    form = {"name": "Notes", "client_id": "client", "enabled": "on"}
    form |= {"parameter_base_url": config.parameters["base_url"], **changes}
    client = signed_in(admin)
    page = f"/admin/integrations/authconfig/{config.pk}/change/"
    assert client.post(page, form).status_code == 302
    return client


def test_the_console_takes_a_new_one(admin_user: User) -> None:
    save_in_the_console(admin_user, plant_broken(make()), new_client_secret=NEW)
    assert AuthConfig.objects.get().client_secret.reveal() == NEW


def test_the_console_saves_what_has_nothing_to_do_with_it(admin_user: User) -> None:
    save_in_the_console(admin_user, plant_broken(make()), name="Renamed")
    stored = AuthConfig.objects.get()
    assert stored.name == "Renamed"
    refuses(stored)
