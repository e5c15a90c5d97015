"""A forgotten password: a link by mail, for those who have a password."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.test import Client
from pytest_django.fixtures import Settings

from tests.sign_in.staff import staff

pytestmark = pytest.mark.django_db
RESET = "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def ann(settings: Settings) -> User:
    settings.SENDS_MAIL = True
    return staff()


def test_a_link_is_sent_to_whoever_has_a_password(mailoutbox: list[EmailMessage]) -> None:
    Client().post(RESET, {"email": "ANN@example.com"})
    assert [mail.to for mail in mailoutbox] == [["ann@example.com"]]
    assert "http://testserver/accounts/password/reset/key/" in str(mailoutbox[0].body)


def test_who_came_by_single_sign_on_gets_no_password_that_outlives_it(
    ann: User, mailoutbox: list[EmailMessage]
) -> None:
    ann.set_unusable_password()
    ann.save()
    answer = Client().post(RESET, {"email": "ann@example.com"})
    assert (answer.headers["Location"], mailoutbox) == (f"{RESET}done/", [])


def test_without_mail_nothing_is_tried(settings: Settings, mailoutbox: list[EmailMessage]) -> None:
    settings.SENDS_MAIL = False
    assert Client().post(RESET, {"email": "ann@example.com"}).status_code == 302
    assert mailoutbox == []


def test_a_stranger_is_told_the_same_and_gets_no_mail(mailoutbox: list[EmailMessage]) -> None:
    answers = [Client().post(RESET, {"email": f"{name}@example.com"}) for name in ("ann", "eve")]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(mailoutbox) == 1
