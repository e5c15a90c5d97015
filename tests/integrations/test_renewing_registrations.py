"""Clients are registered anew before they end: one bad row stops no other, and nobody twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from integrations.models import AuthConfig, Project
from integrations.renewing_registrations import renew_registrations
from tests.authorization_server import (
    ISSUER_METADATA,
    Reply,
    SelfDescribingServer,
    as_json,
    create_mcp_config,
)

LATER = timedelta(days=8)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def server(now: datetime) -> Iterator[SelfDescribingServer]:
    """A server whose clients' secrets end in ten days."""
    with SelfDescribingServer().serving() as serving:
        serving.secret_expires_at = int((now + timedelta(days=10)).timestamp())
        yield serving


@pytest.fixture
def config(db: None, server: SelfDescribingServer) -> AuthConfig:
    return create_mcp_config(Project.objects.create(name="Acme Agents"), server)


@pytest.fixture
def other(config: AuthConfig) -> Iterator[tuple[AuthConfig, SelfDescribingServer]]:
    """One that is looked at before the other one, at a server of its own."""
    with SelfDescribingServer().serving() as serving:
        serving.secret_expires_at = int((timezone.now() + timedelta(days=10)).timestamp())
        yield create_mcp_config(config.project, serving), serving


def test_a_row_that_does_not_open_stops_no_other(
    config: AuthConfig, other: tuple[AuthConfig, SelfDescribingServer], now: datetime
) -> None:
    with connection.cursor() as cursor:
        # Sealed for another row.
        cursor.execute(
            "UPDATE integrations_authconfig SET registration = (SELECT registration"
            " FROM integrations_authconfig WHERE id = %s) WHERE id = %s",
            [config.pk, other[0].pk],
        )
    assert renew_registrations(now=now + LATER) == 1
    config.refresh_from_db()
    assert config.client_id == "client-2"


def test_a_server_that_says_nonsense_stops_no_other(
    config: AuthConfig, other: tuple[AuthConfig, SelfDescribingServer], now: datetime
) -> None:
    other[1].metadata["token_endpoint"] = 7
    assert renew_registrations(now=now + LATER) == 1


def test_what_failed_is_tried_again_the_next_time(
    config: AuthConfig, server: SelfDescribingServer, now: datetime
) -> None:
    server.reply("GET", ISSUER_METADATA, (500, {}, b""))
    assert renew_registrations(now=now + LATER) == 0
    server.reply("GET", ISSUER_METADATA, as_json(server.metadata))
    assert renew_registrations(now=now + LATER) == 1


@pytest.mark.parametrize(("left", "renewed"), [(1, 0), (-1, 1)])
def test_one_that_somebody_is_at_is_left_to_them_for_a_while(
    config: AuthConfig, now: datetime, left: int, renewed: int
) -> None:
    AuthConfig.objects.update(registering_until=timezone.now() + timedelta(minutes=left))
    assert renew_registrations(now=now + LATER) == renewed


@pytest.mark.django_db(transaction=True)
def test_two_at_once_register_one_client(
    config: AuthConfig, server: SelfDescribingServer, now: datetime
) -> None:
    others: list[int] = []

    def meanwhile() -> Reply:
        others.append(renew_registrations(now=now + LATER))
        connection.close()
        return as_json(server.metadata)

    server.replies["GET", ISSUER_METADATA] = meanwhile
    assert renew_registrations(now=now + LATER) == 1
    assert (others, server.clients) == ([0], 2)
    assert AuthConfig.objects.get().registering_until is None
