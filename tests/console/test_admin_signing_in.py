"""The operators' way in and out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

LOGIN = "/accounts/login/"


def test_an_operator_signs_in_and_lands_where_she_wanted(client: Client) -> None:
    User.objects.create_superuser("ann", password="a long password")
    client.logout()
    data = {"login": "ann", "password": "a long password", "next": "/admin/webhooks/event/"}
    assert client.post(LOGIN, data).headers["Location"] == "/admin/webhooks/event/"


def test_a_wrong_password_is_told_in_words(client: Client) -> None:
    client.logout()
    page = client.post(LOGIN, {"login": "ann", "password": "wrong"}).content.decode()
    assert "not correct" in page


@pytest.mark.parametrize("page", [LOGIN, "/accounts/password/reset/"])
def test_pages_of_signing_in_need_nothing_inline(client: Client, page: str) -> None:
    client.logout()
    text = client.get(page).content.decode()
    assert "<style" not in text
    assert "<script>" not in text
    assert " style=" not in text
    assert "css/forms.css" in text
