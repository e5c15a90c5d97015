"""Who came in, who tried to, and who changed a password."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.serializers import serialize
from django.test import Client

from integrations.models import AuditEntry

LOGIN = "/accounts/login/"
PASSWORD = "a long password"


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_superuser("ann", email="ann@example.com", password=PASSWORD)


@pytest.fixture
def browser(ann: User) -> Client:
    return Client()


def told() -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.order_by("pk")
    return [(row.action, row.actor_name, row.subject_label) for row in rows]


def test_signing_in_and_out_is_recorded(browser: Client) -> None:
    browser.post(LOGIN, {"login": "ann", "password": PASSWORD})
    browser.post("/accounts/logout/")
    assert told() == [("sign_in", "ann", "ann"), ("sign_out", "ann", "ann")]


@pytest.mark.parametrize("name", ["ann", "ANN@example.com"])
def test_a_wrong_password_is_recorded_once_and_blames_nobody(browser: Client, name: str) -> None:
    browser.post(LOGIN, {"login": name, "password": "wrong"})
    assert told() == [("sign_in_failed", "", "ann")]
    assert AuditEntry.objects.get().error_code == "wrong_credentials"


def test_what_is_typed_where_the_name_belongs_is_not_kept(browser: Client) -> None:
    browser.post(LOGIN, {"login": "my-password-by-mistake", "password": "wrong"})
    assert told() == [("sign_in_failed", "", "")]
    assert "by-mistake" not in serialize("json", AuditEntry.objects.all())


def test_changing_ones_password_is_recorded(browser: Client, ann: User) -> None:
    browser.force_login(ann)
    form = {
        "oldpassword": PASSWORD,
        "password1": "another long one",
        "password2": "another long one",
    }
    browser.post("/accounts/password/change/", form)
    assert ("password_changed", "ann", "ann") in told()
    assert "another long one" not in serialize("json", AuditEntry.objects.all())


@pytest.mark.parametrize(
    ("proxies", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "198.51.100.7")]
)
def test_the_address_is_the_one_that_the_trusted_proxies_saw(
    browser: Client, settings: object, proxies: int, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies  # type: ignore[attr-defined]
    seen = "192.0.2.1, 198.51.100.7, 203.0.113.9"
    data = {"login": "ann", "password": PASSWORD}
    browser.post(LOGIN, data, headers={"x-forwarded-for": seen})
    assert AuditEntry.objects.get().address == address
