"""Accounts that were connected before it was kept get the redirect URI of their consent."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from connections.models import ConnectedAccount
from integrations.models import AuthConfig, ManagedApp
from tests.connections.importing import Importer, row
from tests.making import link_to
from tests.other_toolkits import ME
from tests.person import Person
from tests.provider import Answer, ScriptedProvider, tokens

pytestmark = pytest.mark.django_db
MOVED = "https://connect.acme.example/back"
migration = import_module("connections.migrations.0029_fill_redirect_uri")


def as_before(**of_config: object) -> None:
    """Forget what was kept; the auth config becomes one of a service that wants it."""
    ConnectedAccount.objects.update(redirect_uri="")
    AuthConfig.objects.update(**{"toolkit": "gitlab"} | of_config)


def kept() -> list[str]:
    """Return what the upgrade leaves with each account."""
    migration.fill(apps, connection.schema_editor())
    return list(ConnectedAccount.objects.order_by("pk").values_list("redirect_uri", flat=True))


def test_what_the_newest_trip_named_is_kept(
    auth_config: AuthConfig, provider: ScriptedProvider
) -> None:
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    provider.answer("/identity/o/api/token", tokens())
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    as_before(callback_url=MOVED)
    assert kept() == [auth_config.redirect_uri]


def test_without_a_trip_it_is_what_the_auth_config_has(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "BATCH", 2)
    importer.rows(*map(row, range(3)))
    as_before()
    assert kept() == [importer.auth_config.redirect_uri] * 3


def test_its_callback_url_goes_first(importer: Importer) -> None:
    importer.rows(row())
    as_before(callback_url=MOVED)
    assert kept() == [MOVED]


def test_of_a_managed_app_it_is_the_apps(importer: Importer) -> None:
    importer.rows(row())
    app = ManagedApp.objects.create(name="Ours", toolkit="gitlab", client_id="client")
    as_before(managed_app=app)
    assert kept() == [app.redirect_uri]


def test_a_described_service_may_want_it_too(importer: Importer) -> None:
    importer.rows(row())
    as_before(toolkit="notes", service={"refresh_needs_redirect_uri": True})
    assert kept() == [importer.auth_config.redirect_uri]


@pytest.mark.parametrize("changes", [{"toolkit": "github"}, {"scheme": "bearer"}])
def test_accounts_of_others_are_not_written(importer: Importer, changes: dict[str, str]) -> None:
    importer.rows(row())
    as_before(**changes)
    assert kept() == [""]


def test_what_is_known_stays(importer: Importer) -> None:
    importer.rows(row())
    as_before()
    ConnectedAccount.objects.update(redirect_uri=MOVED)
    assert kept() == [MOVED]
