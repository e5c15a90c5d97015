"""A project, a receiver, and the outbox between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone

from integrations.models import Project
from tests.receiver import Receiver
from tests.webhooks.outbox import Outbox


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An app's server on loopback."""
    with Receiver() as running:
        yield running


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="Acme")


@pytest.fixture
def outbox(project: Project, receiver: Receiver) -> Outbox:
    """The outbox of ``project``. Its clock stands: signatures are checked against the real one."""
    return Outbox(project=project, receiver=receiver, now=timezone.now())
