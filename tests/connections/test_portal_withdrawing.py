"""A portal link is taken back before its end."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from connections.actors import PERSON, SYSTEM
from connections.models import ConnectedAccount, ConnectLink, PortalLink
from connections.operations import reconnect_account
from connections.portal.withdrawing import withdraw_portal_link
from tests.connections.visitor import Visitor, portal_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(account: ConnectedAccount) -> str:
    return portal_of(account.entity)


def withdraw() -> bool:
    return withdraw_portal_link(link=PortalLink.objects.get(), actor=SYSTEM)


def test_a_withdrawn_link_lets_nobody_in(path: str) -> None:
    assert withdraw()
    for response in (Client().get(path), Client().post(path)):
        assert response.status_code == 410
        assert "alice@example.com" not in response.content.decode()


def test_a_portal_that_is_open_closes(path: str) -> None:
    visitor = Visitor(path).enter()
    withdraw()
    assert visitor.client.get(visitor.list).status_code == 410


def test_connect_links_that_were_made_in_it_end_with_it(
    path: str, account: ConnectedAccount
) -> None:
    portal = PortalLink.objects.get()
    within = reconnect_account(account=account, actor=PERSON, portal_id=portal.pk).link
    other = reconnect_account(account=account, actor=SYSTEM).link
    withdraw()
    still_open = ConnectLink.objects.open(now=timezone.now())
    assert list(still_open) == [other]
    assert within.pk not in {link.pk for link in still_open}


def test_withdrawing_twice_does_no_harm(path: str) -> None:
    assert withdraw()
    first = PortalLink.objects.get().withdrawn_at
    assert not withdraw()
    assert PortalLink.objects.get().withdrawn_at == first


def test_a_link_that_ran_out_is_not_withdrawn(path: str) -> None:
    PortalLink.objects.update(expires_at=timezone.now())
    assert not withdraw()
    assert PortalLink.objects.get().withdrawn_at is None
