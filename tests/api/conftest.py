"""Two projects, each with keys, and the API as their servers call it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from integrations.models import AuthConfig, Project
from integrations.secrets import Secret
from tests.api.calling import Caller, key_of


@pytest.fixture(autouse=True)
def _fresh(settings: Settings) -> Iterator[None]:
    """No counts of wrong keys from other tests; the provider may be on loopback."""
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(
        name="Acme", allowed_callback_urls=["https://app.example.com/connected"]
    )


@pytest.fixture
def stranger_project(db: None) -> Project:
    return Project.objects.create(name="Globex")


@pytest.fixture
def auth_config(project: Project) -> AuthConfig:
    return make_auth_config(project)


def make_auth_config(project: Project) -> AuthConfig:
    return AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        client_secret=Secret("client secret"),
        parameters={"base_url": "http://127.0.0.1:1"},
    )


@pytest.fixture
def owner(project: Project) -> Caller:
    """Calls with a key of ``project`` that may do everything."""
    return Caller(key_of(project, "read", "write", "credentials"))


@pytest.fixture
def stranger(stranger_project: Project) -> Caller:
    return Caller(key_of(stranger_project, "read", "write", "credentials"))


@pytest.fixture
def nobody(db: None) -> Caller:
    """Calls without a key."""
    return Caller("")
