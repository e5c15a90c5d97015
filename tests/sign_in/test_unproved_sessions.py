"""A session with the password alone changes nothing of what its owner proves herself with."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from config.sign_in.second_factor import OPEN
from config.sign_in.urls import urlpatterns
from tests.sign_in.staff import (
    CODE,
    KEY,
    LOGIN,
    PASSWORD,
    SECURITY,
    code_of,
    come_in,
    is_out,
    prove,
    secret_on,
    staff,
    told,
)

pytestmark = pytest.mark.django_db
FACTORS = "/accounts/2fa/"
ACTIVATE, TURN_OFF = f"{FACTORS}totp/activate/", f"{FACTORS}totp/deactivate/"
PROVE = f"{FACTORS}reauthenticate/"
# What follows a commit is part of the request only where there is one.
COMMITTING = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann() -> User:
    return staff()


@pytest.fixture
def unproved(ann: User) -> Client:
    """Return a browser in which the password was typed before there was a factor."""
    browser = come_in(ann)
    TOTP.activate(ann, KEY)
    RecoveryCodes.activate(ann)
    return browser


def test_the_password_alone_takes_no_factor_away(unproved: Client) -> None:
    answer = unproved.post(TURN_OFF)
    assert answer.headers["Location"].startswith(PROVE)
    assert Authenticator.objects.count() == 2


def test_every_door_to_the_own_access_leads_to_the_factor(unproved: Client) -> None:
    guarded = [entry for entry in urlpatterns if entry.name not in OPEN]
    assert len(guarded) > 12
    for entry in guarded:
        page = "/accounts/" + re.sub(r"<[^>]+>", "1", str(entry.pattern))
        for ask in (unproved.get, unproved.post):
            assert ask(page).headers.get("Location", "").startswith(f"{PROVE}?next="), page


def test_what_is_open_without_is_there(ann: User) -> None:
    assert {entry.name for entry in urlpatterns} >= OPEN


def test_the_password_again_proves_nothing(unproved: Client) -> None:
    unproved.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": TURN_OFF})
    unproved.post(TURN_OFF)
    assert Authenticator.objects.count() == 2


def test_the_page_that_asks_for_the_factor_offers_no_password(unproved: Client) -> None:
    assert "Use your password" not in unproved.get(PROVE).content.decode()
    assert unproved.post(PROVE, {"code": code_of()}).status_code == 302
    assert "Use your password" in unproved.get(PROVE).content.decode()


def test_it_adds_no_factor_of_its_own(ann: User) -> None:
    browser = come_in(ann)
    secret = secret_on(browser.get(ACTIVATE))
    Authenticator.objects.create(user=ann, type="webauthn", data={"name": "Phone"})
    browser.post(ACTIVATE, {"code": code_of(secret)})
    assert not Authenticator.objects.filter(type="totp").exists()


def test_a_code_opens_the_doors(unproved: Client) -> None:
    page = unproved.get(TURN_OFF).headers["Location"]
    assert unproved.post(page, {"code": code_of()}).headers["Location"] == TURN_OFF
    unproved.post(TURN_OFF)
    assert not Authenticator.objects.exists()


def test_a_factor_that_was_removed_has_proved_nothing(ann: User, settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    TOTP.activate(ann, KEY)
    browser = come_in(ann)
    assert browser.get("/admin/").status_code == 200
    Authenticator.objects.all().delete()
    Authenticator.objects.create(user=ann, type="webauthn", data={"name": "Phone"})
    led = browser.get("/admin/").headers["Location"]
    assert led == f"{FACTORS}passkeys/reauthenticate/?next=%2Fadmin%2F"


@COMMITTING
def test_new_recovery_codes_are_shown_to_whom_an_old_one_let_in(unproved: Client) -> None:
    code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
    browser = Client()
    browser.post(LOGIN, {"login": "ann", "password": PASSWORD})
    browser.post(CODE, {"code": code})
    answer = browser.post(f"{FACTORS}recovery-codes/generate/")
    page = browser.get(answer.headers["Location"])
    assert page.content.decode().count("<li><code>") == 10


@COMMITTING
def test_the_first_factor_ends_all_other_sessions(ann: User) -> None:
    here, elsewhere = come_in(ann), come_in(ann)
    here.post(ACTIVATE, {"code": code_of(secret_on(here.get(ACTIVATE)))})
    assert "signed out everywhere else" in here.get(SECURITY).content.decode()
    assert [is_out(here), is_out(elsewhere)] == [False, True]
    note = "all others (1), with the first second factor"
    assert told("session_ended") == [("session_ended", note, "")]


@COMMITTING
def test_another_factor_ends_none(ann: User) -> None:
    here, elsewhere = come_in(ann), come_in(ann)
    passkey = Authenticator.objects.create(user=ann, type="webauthn", data={"name": "Phone"})
    prove(here, passkey)
    here.post(ACTIVATE, {"code": code_of(secret_on(here.get(ACTIVATE)))})
    assert Authenticator.objects.filter(type="totp").exists()
    assert not is_out(elsewhere)
