"""A project with an auth config at a scripted provider, and accounts in any state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import ConnectedAccount, Entity
from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.making import CALLBACK_URL, connect
from tests.provider import ScriptedProvider


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider().serving() as serving:
        yield serving


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme Agents", allowed_callback_urls=[CALLBACK_URL])


@pytest.fixture
def auth_config(project: Project, provider: ScriptedProvider) -> AuthConfig:
    return AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": provider.url},
    )


@pytest.fixture
def entity(project: Project) -> Entity:
    return Entity.objects.create(project=project, user_id="alice")


@pytest.fixture
def account(auth_config: AuthConfig, entity: Entity) -> ConnectedAccount:
    """An ACTIVE account whose token lives another minute."""
    return connect(auth_config=auth_config, entity=entity)


@pytest.fixture
def due_account(account: ConnectedAccount) -> ConnectedAccount:
    """An ACTIVE account whose token ran out a minute ago."""
    past = timezone.now() - timedelta(minutes=1)
    ConnectedAccount.objects.filter(pk=account.pk).update(expires_at=past, refresh_at=past)
    account.refresh_from_db()
    return account
