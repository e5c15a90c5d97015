"""Where a second factor is required, nothing of the console opens without one."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from pytest_django.fixtures import Settings

from tests.sign_in.admin_pages import LOGOUT, admin_pages
from tests.sign_in.staff import (
    CODE,
    KEY,
    LOGIN,
    SECURITY,
    code_of,
    come_in,
    is_out,
    secret_on,
    staff,
)

pytestmark = pytest.mark.django_db
ACTIVATE = "/accounts/2fa/totp/activate/"
DOCS = "/api/v1/docs"


@pytest.fixture(autouse=True)
def _required(settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


def test_every_page_of_the_console_leads_to_setting_one_up() -> None:
    browser = come_in(staff())
    pages = [page for page in {*admin_pages(), DOCS} if page not in {LOGOUT, "/admin"}]
    assert len(pages) > 100
    for number, page in enumerate(sorted(pages)):
        # The method makes no difference; each is tried on every second page.
        answer = browser.get(page) if number % 2 else browser.post(page)
        assert (answer.status_code, answer.headers.get("Location")) == (302, SECURITY), page


def test_whoever_has_none_can_still_leave() -> None:
    browser = come_in(staff())
    browser.post(LOGOUT)
    assert is_out(browser)


def test_the_way_there_says_what_is_wanted() -> None:
    page = come_in(staff()).get("/admin/", follow=True).content.decode()
    assert "Set up a second factor to go on" in page
    assert "Required" in page


@pytest.mark.django_db(transaction=True)
def test_setting_one_up_opens_the_console_in_the_same_session() -> None:
    browser = come_in(staff())
    secret = secret_on(browser.get(ACTIVATE))
    browser.post(ACTIVATE, {"code": code_of(secret)})
    assert browser.get("/admin/").status_code == 200


def test_signing_in_with_one_opens_the_console() -> None:
    browser = come_in(staff(app=True))
    assert {browser.get(page).status_code for page in ("/admin/", DOCS)} == {200}


def test_a_session_that_began_before_there_was_one_must_prove_it() -> None:
    user = staff()
    browser = come_in(user)
    TOTP.activate(user, KEY)
    again = browser.get("/admin/auth/user/").headers["Location"]
    assert again == "/accounts/2fa/reauthenticate/?next=%2Fadmin%2Fauth%2Fuser%2F"
    assert browser.post(again, {"code": code_of()}).headers["Location"] == "/admin/auth/user/"
    assert browser.get("/admin/").status_code == 200


def test_without_it_any_more_the_console_closes() -> None:
    browser = come_in(staff(app=True))
    Authenticator.objects.all().delete()
    assert browser.get("/admin/").headers["Location"] == SECURITY


def test_a_session_that_no_sign_in_page_began_proves_nothing() -> None:
    browser = Client()
    browser.force_login(staff())
    assert browser.get("/admin/").headers["Location"] == SECURITY


def test_half_a_sign_in_is_none() -> None:
    staff(app=True)
    browser = Client()
    browser.post(LOGIN, {"login": "ann", "password": "a long password"})
    assert is_out(browser)
    assert browser.get(CODE).status_code == 200


def test_where_none_is_required_the_password_is_enough(settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = False
    assert come_in(staff()).get("/admin/").status_code == 200
