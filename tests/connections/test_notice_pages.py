"""Where a mail's links lead: a fresh connect link, and no more mails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from connections.models import ConnectedAccount, ConnectLink, Entity, ExpiryNotice, Reason
from connections.noticing.visiting import LIFE
from integrations.tokens import digest
from tests.connections.noticing import die, let_write
from tests.making import store_grant

TOKEN = "a-token-of-a-mail"
PAGE = f"/connect/notices/{TOKEN}"


@pytest.fixture
def dead(account: ConnectedAccount) -> ConnectedAccount:
    """An account that died, and whose person has a mail with `TOKEN`."""
    let_write(account)
    die(account)
    ExpiryNotice.objects.update(token_digest=digest(TOKEN), next_attempt_at=None)
    return account


def test_looking_consumes_nothing(dead: ConnectedAccount, client: Client) -> None:
    links = ConnectLink.objects.count()
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "Reconnect <bdi>alice@example.com</bdi>" in answer.text
    assert ConnectLink.objects.count() == links


def test_the_button_leads_to_a_fresh_connect_link(dead: ConnectedAccount, client: Client) -> None:
    answer = client.post(PAGE)
    link = ConnectLink.objects.order_by("-pk")[0]
    assert link.account_id == dead.pk
    assert answer.status_code == 302
    assert ConnectLink.objects.with_token(answer.url.rsplit("/", 1)[1]).get() == link  # type: ignore[attr-defined]


def test_the_button_takes_no_post_of_another_site(dead: ConnectedAccount) -> None:
    assert Client(enforce_csrf_checks=True).post(PAGE).status_code == 403


def test_who_has_reconnected_is_told_so(dead: ConnectedAccount, client: Client) -> None:
    store_grant(dead, now=timezone.now(), reason=Reason.RECONNECTED, number=2)
    assert "You have done what the mail asked for" in client.get(PAGE).text


def test_an_old_mail_leads_back_to_the_app(dead: ConnectedAccount, client: Client) -> None:
    ExpiryNotice.objects.update(created_at=timezone.now() - LIFE - timedelta(minutes=1))
    for answer in (client.get(PAGE), client.post(PAGE)):
        assert answer.status_code == 410
        assert "This link has ended" in answer.text


def test_a_made_up_token_leads_nowhere(dead: ConnectedAccount, client: Client) -> None:
    assert client.get("/connect/notices/made-up").status_code == 404


def test_a_look_at_the_way_out_changes_nothing(dead: ConnectedAccount, client: Client) -> None:
    assert "Stop these mails?" in client.get(f"{PAGE}/stop").text
    assert Entity.objects.get().notices_refused_at is None


def test_a_mail_program_refuses_further_mails_with_one_post(dead: ConnectedAccount) -> None:
    program = Client(enforce_csrf_checks=True)
    answer = program.post(f"{PAGE}/stop", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert "No more mails" in answer.text
    assert Entity.objects.get().notices_refused_at is not None


@pytest.mark.parametrize("body", [{"List-Unsubscribe": "One-Click"}, {}])
def test_refusing_again_does_no_harm(
    dead: ConnectedAccount, client: Client, body: dict[str, str]
) -> None:
    client.post(f"{PAGE}/stop", body)
    first = Entity.objects.get().notices_refused_at
    client.post(f"{PAGE}/stop", body)
    assert first is not None
    assert Entity.objects.get().notices_refused_at == first


def test_the_pages_own_form_leads_to_a_page_that_can_be_asked_for_again(
    dead: ConnectedAccount, client: Client
) -> None:
    answer = client.post(f"{PAGE}/stop")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{PAGE}/stop")
    assert "No more mails" in client.get(f"{PAGE}/stop").text


def test_refusing_can_be_taken_back(dead: ConnectedAccount, client: Client) -> None:
    client.post(f"{PAGE}/stop")
    client.post(f"{PAGE}/stop", {"again": "1"})
    assert Entity.objects.get().notices_refused_at is None


def test_an_old_mail_still_lets_refuse(dead: ConnectedAccount, client: Client) -> None:
    ExpiryNotice.objects.update(created_at=timezone.now() - LIFE - timedelta(days=300))
    client.post(f"{PAGE}/stop")
    assert Entity.objects.get().notices_refused_at is not None


def test_the_page_asks_the_database_little(
    dead: ConnectedAccount, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(3):
        client.get(PAGE)
