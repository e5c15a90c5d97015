"""An auth config or a managed app that two change at once: neither change is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.admin.client_pages import CHANGED_MEANWHILE
from integrations.auth_configs import (
    create_auth_config,
    delete_auth_config,
    rediscover_auth_config,
    store_auth_config,
    update_auth_config,
)
from integrations.described.written import as_text
from integrations.errors import InvalidInput, NotFound
from integrations.managed_apps import rotate_managed_app
from integrations.models import AuditEntry, AuthConfig, ManagedApp, Project
from integrations.models.oauth_clients import app_of
from integrations.secrets import Secret
from tests.authorization_server import SelfDescribingServer
from tests.console.staff import signed_in
from tests.described_services import create_described, key_service

pytestmark = pytest.mark.django_db

HERE = "http://127.0.0.1:9"


@pytest.fixture
def project(settings: Settings) -> Project:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    return Project.objects.create(name="Acme")


@pytest.fixture
def server() -> Iterator[SelfDescribingServer]:
    with SelfDescribingServer().serving() as serving:
        yield serving


@pytest.fixture
def config(project: Project, server: SelfDescribingServer) -> AuthConfig:
    """Return a config as somebody has read it who takes her time with it."""
    given = {"client_id": "client", "client_secret": Secret("s1"), "issuer_url": server.url}
    return create_auth_config(project=project, name="Login", **given)  # type: ignore[arg-type]


@pytest.fixture
def app(project: Project) -> ManagedApp:
    given = {"client_id": "ours", "client_secret": Secret("s1"), "parameters": {"base_url": HERE}}
    return ManagedApp.objects.create(name="Ours", toolkit="sandbox", **given)


def rotate(secret: str = "s2") -> None:
    update_auth_config(auth_config=AuthConfig.objects.get(), client_secret=Secret(secret))


def replace() -> None:
    found = AuthConfig.objects.get()
    update_auth_config(auth_config=found, client_id="another", client_secret=Secret("t1"))


def mark() -> None:
    minute = timedelta(minutes=1)
    AuthConfig.objects.get().mark_misconfigured(
        error="invalid_client", pause=minute, now=timezone.now()
    )


def stored() -> tuple[Any, ...]:
    found = AuthConfig.objects.get()
    return found.client_id, found.client_secret, found.misconfigured_error


@pytest.mark.parametrize(
    ("meanwhile", "left"),
    [
        (rotate, ("client", Secret("s2"), "")),
        (replace, ("another", Secret("t1"), "")),
        (mark, ("client", Secret("s1"), "invalid_client")),
    ],
)
def test_another_name_leaves_what_was_changed_meanwhile(
    config: AuthConfig, meanwhile: Callable[[], None], left: tuple[Any, ...]
) -> None:
    meanwhile()
    changed = update_auth_config(auth_config=config, name="Ours")
    assert stored() == left
    assert (changed.name, changed.client_id) == ("Ours", left[0])


def test_so_does_discovering_again(config: AuthConfig, server: SelfDescribingServer) -> None:
    server.metadata["token_endpoint"] = f"{server.url}/moved"
    rotate()
    update_auth_config(auth_config=AuthConfig.objects.get(), service={"default_scopes": ["all"]})
    kit = rediscover_auth_config(auth_config=config).catalog_entry
    assert stored()[1] == Secret("s2")
    assert (kit.token_url, kit.default_scopes) == (f"{server.url}/moved", ["all"])


def test_two_new_secrets_are_both_kept(config: AuthConfig) -> None:
    rotate("s2")
    update_auth_config(auth_config=config, client_secret=Secret("s3"))
    older = app_of(AuthConfig.objects.get(), "client").older_secrets
    assert stored()[1] == Secret("s3")
    assert older is not None
    assert older.reveal() == '["s2", "s1"]'


def test_changes_that_do_not_fit_together_are_refused(project: Project) -> None:
    config = create_described(project, key_service(HERE))
    described = key_service("{base_url}", parameters={"base_url": "Where it is."})
    store_auth_config(
        auth_config=AuthConfig.objects.get(),
        client_secret=None,
        changes={"service": described, "parameters": {"base_url": HERE}},
    )
    with pytest.raises(InvalidInput):
        update_auth_config(auth_config=config, parameters={})
    assert AuthConfig.objects.get().parameters == {"base_url": HERE}


def test_one_that_was_deleted_meanwhile_is_not_found(config: AuthConfig) -> None:
    delete_auth_config(auth_config=AuthConfig.objects.get())
    with pytest.raises(NotFound):
        update_auth_config(auth_config=config, name="Ours")


def test_a_form_leaves_what_was_changed_meanwhile(config: AuthConfig, admin_user: User) -> None:
    rotate()
    given = {"name": "Ours", "client_id": "client", "enabled": "on"}
    save_in_console(config, admin_user, description=as_text(config.service or {}), **given)
    assert stored()[1] == Secret("s2")
    assert AuthConfig.objects.get().name == "Ours"


def test_a_form_that_does_not_fit_any_more_is_told_and_not_saved(
    project: Project, admin_user: User
) -> None:
    config = create_described(project, key_service(HERE))
    page = f"/admin/integrations/authconfig/{quote(config.pk)}/change/"
    form = {"name": "Theirs", "enabled": "on", "description": as_text(config.service or {})}
    with just_before_locking(lambda: AuthConfig.objects.update(parameters={"other": "x"})):
        answer = signed_in(admin_user).post(page, form, follow=True)
    assert CHANGED_MEANWHILE in answer.content.decode()
    assert AuthConfig.objects.get().name == "Ours"
    assert not AuditEntry.objects.filter(action="change").exists()


@contextmanager
def just_before_locking(change: Callable[[], object]) -> Iterator[None]:
    """Have ``change`` made between the check of a change and the locking of its row."""
    changes = [change]

    def intervene(execute: Any, sql: str, *rest: Any) -> Any:
        if "FOR NO KEY UPDATE" in sql and changes:
            changes.pop()()
        return execute(sql, *rest)

    with connection.execute_wrapper(intervene):
        yield
    assert not changes


def test_a_managed_app_keeps_both_secrets(app: ManagedApp) -> None:
    rotate_managed_app(app=ManagedApp.objects.get(), client_secret=Secret("s2"))
    rotate_managed_app(app=app, client_secret=Secret("s3"))
    kept = ManagedApp.objects.get()
    assert (kept.client_secret.reveal(), kept.older_client_secrets.reveal()) == (
        "s3",
        '["s2", "s1"]',
    )


def test_a_form_leaves_a_managed_apps_new_secret(app: ManagedApp, admin_user: User) -> None:
    rotate_managed_app(app=ManagedApp.objects.get(), client_secret=Secret("s2"))
    given = {"name": "Theirs", "client_id": "ours", "enabled": "on", "parameter_base_url": HERE}
    save_in_console(app, admin_user, **given)
    kept = ManagedApp.objects.get()
    assert (kept.name, kept.client_secret.reveal()) == ("Theirs", "s2")


def save_in_console(row: AuthConfig | ManagedApp, user: User, **entered: str) -> None:
    """Save a form whose row was read a moment ago, and has been changed since."""
    page = admin.site._registry[type(row)]
    request = RequestFactory().post("/")
    request.user = user
    form = page.get_form(request, row, change=True)(entered, instance=row)
    assert form.is_valid(), form.errors
    page.save_model(request, page.save_form(request, form, change=True), form, change=True)
