"""An app of the instance at a scripted provider, and two projects that stand on it."""

from __future__ import annotations

import pytest

from integrations.models import ManagedApp
from integrations.secrets import Secret
from tests.managed.tenants import Tenant, tenant
from tests.provider import ScriptedProvider


@pytest.fixture
def app(db: None, provider: ScriptedProvider) -> ManagedApp:
    return ManagedApp.objects.create(
        name="Acme's app",
        toolkit="sandbox",
        client_id="instance",
        client_secret=Secret("s1"),
        parameters={"base_url": provider.url},
    )


@pytest.fixture
def ours(app: ManagedApp) -> Tenant:
    return tenant("Ours", app)


@pytest.fixture
def theirs(app: ManagedApp) -> Tenant:
    return tenant("Theirs", app)
