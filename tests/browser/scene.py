"""What the pages show: a world of rows, a provider, an operator, and people with browsers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.test import Client
from playwright.sync_api import BrowserContext

from connections.actors import SYSTEM
from connections.models import ConnectedAccount, Entity
from connections.operations import link_account
from integrations.managed_apps import add_managed_app
from integrations.models import AuthConfig, ManagedApp, Project
from integrations.secrets import Secret
from tests.console.staff import signed_in
from tests.console.world import World, make_world
from tests.described_services import ME, create_described, key_service
from tests.making import CALLBACK_URL, connect
from tests.person import Person
from tests.provider import Answer, ScriptedProvider


@dataclass
class Scene:
    """Everything that is there before somebody looks."""

    url: str
    provider: ScriptedProvider
    world: World
    operator: User
    project: Project
    oauth: AuthConfig
    keyed: AuthConfig
    app: ManagedApp
    # Undone after each page.
    patch: pytest.MonkeyPatch = field(default_factory=pytest.MonkeyPatch)
    visitor: BrowserContext | None = None
    _numbers: Any = field(default_factory=lambda: count(1))

    def row(self, model: type[Model]) -> Model:
        """Return the row of ``model`` that its page shows."""
        if model is User:
            return self.operator
        if model is Group:
            return Group.objects.get(name="Operator")
        rows = [*self.world.rows, *self.world.shared, self.app]
        return next(row for row in rows if type(row) is model)

    def somebody(self) -> str:
        """Return the name of a person that was not here before."""
        return f"person-{next(self._numbers)}"

    def link(self, config: AuthConfig | None = None, **given: Any) -> str:
        """Return the URL of a link on which somebody new connects an account."""
        issued = link_account(
            project=self.project,
            user_id=self.somebody(),
            auth_config=config or self.oauth,
            actor=SYSTEM,
            **({"callback_url": CALLBACK_URL, "app_state": "s"} | given),
        )
        return issued.url

    def account(self, **facts: object) -> ConnectedAccount:
        """Return somebody's account, ACTIVE but for what ``facts`` say."""
        entity = Entity.objects.create(project=self.project, user_id=self.somebody())
        account = connect(auth_config=self.oauth, entity=entity)
        ConnectedAccount.objects.filter(pk=account.pk).update(**facts)
        account.refresh_from_db()
        return account

    def set_out(self, url: str, **given: str) -> Person:
        """Return a person who stands at the provider; the visitor's browser is hers."""
        person = Person(url)
        assert person.set_out(**given)
        self.lend(person.client)
        return person

    def answered(self, url: str, *, given: Mapping[str, str] | None = None, **answer: str) -> str:
        """Return where the provider sends somebody with ``answer`` who set out on ``url``."""
        person = self.set_out(url, **(given or {}))
        path = urlsplit(person.authorization["redirect_uri"]).path
        query = {"state": person.authorization["state"]} | answer
        return f"{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"

    def lend(self, client: Client) -> None:
        """Give the visitor's browser the cookies of ``client``, which did a part of her way."""
        assert self.visitor is not None
        host = urlsplit(self.url).hostname
        for name, morsel in client.cookies.items():
            self.visitor.clear_cookies(name=name)
            cookie = {"name": name, "value": morsel.value, "domain": host, "path": morsel["path"]}
            self.visitor.add_cookies([cookie])  # type: ignore[list-item] # built from parts


def make_scene(url: str, provider: ScriptedProvider) -> Scene:
    """Fill the database and return what is in it."""
    provider.answer(ME, Answer(json={"id": "7", "email": "alice@example.com"}))
    project = Project.objects.create(name="Acme Agents", allowed_callback_urls=[CALLBACK_URL])
    config = AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": provider.url},
    )
    app = add_managed_app(
        name="Shared notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": provider.url},
    )
    return Scene(
        url=url,
        provider=provider,
        world=make_world("mine", provider.url),
        operator=User.objects.create_superuser("olga", "olga@example.com", "a long password"),
        project=project,
        oauth=config,
        keyed=create_described(project, key_service(provider.url)),
        app=app,
    )


def session_of(user: User) -> str:
    """Return the session cookie of a browser in which ``user`` is signed in."""
    return str(signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value)
