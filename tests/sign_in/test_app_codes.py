"""An authenticator app and recovery codes: set up, asked for, used once, turned off."""

from __future__ import annotations

import time

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.test import Client

from integrations.models import FactorSecret
from tests.contracts.leaks import tables_with
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
ACTIVATE = "/accounts/2fa/totp/activate/"


@pytest.fixture
def half_way() -> Client:
    """Return a browser that has the password of somebody with an app, and nothing else."""
    staff(app=True)
    browser = Client()
    answer = browser.post(LOGIN, {"login": "ann", "password": PASSWORD, "next": "/admin/auth/"})
    assert answer.headers["Location"] == CODE
    return browser


def test_the_password_alone_opens_nothing_of_somebody_with_an_app(half_way: Client) -> None:
    assert is_out(half_way)
    assert told("sign_in") == []


def test_a_code_opens_the_page_that_was_wanted_and_the_trail_says_how(half_way: Client) -> None:
    assert half_way.post(CODE, {"code": code_of()}).headers["Location"] == "/admin/auth/"
    assert told("sign_in") == [("sign_in", "with password and authenticator app", "")]


def test_a_code_of_the_half_minute_before_counts_too(half_way: Client) -> None:
    assert half_way.post(CODE, {"code": code_of(steps=-1)}).headers["Location"] == "/admin/auth/"


def test_a_wrong_code_is_told_and_recorded(half_way: Client) -> None:
    page = half_way.post(CODE, {"code": "000000"})
    assert "Incorrect code" in page.content.decode()
    assert told() == [("sign_in_failed", "", "wrong_code")]


def test_codes_are_not_guessed_for_long(half_way: Client) -> None:
    for _ in range(5):
        half_way.post(CODE, {"code": "000000"})
    page = half_way.post(CODE, {"code": code_of()})
    assert "Too many failed login attempts" in page.content.decode()


def test_a_code_counts_once_whichever_process_is_asked(half_way: Client) -> None:
    code = code_of()
    half_way.post(CODE, {"code": code})
    cache.clear()  # each process has a cache of its own
    second = Client()
    second.post(LOGIN, {"login": "ann", "password": PASSWORD})
    assert second.post(CODE, {"code": code}).status_code == 200
    assert ("sign_in_failed", "", "code_used_before") in told()


def test_a_recovery_code_signs_in_once(half_way: Client) -> None:
    row = Authenticator.objects.get(type="recovery_codes")
    code = RecoveryCodes(row).get_unused_codes()[0]
    assert half_way.post(CODE, {"code": code}).headers["Location"] == "/admin/auth/"
    assert told("sign_in") == [("sign_in", "with password and recovery code", "")]
    second = Client()
    second.post(LOGIN, {"login": "ann", "password": PASSWORD})
    assert second.post(CODE, {"code": code}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_setting_an_app_up_leads_to_the_recovery_codes() -> None:
    browser = come_in(staff())
    page = browser.get(ACTIVATE)
    assert '<svg class="qr"' in page.content.decode()
    answer = browser.post(ACTIVATE, {"code": code_of(secret_on(page))})
    codes = browser.get(answer.headers["Location"]).content.decode()
    assert codes.count("<li><code>") == 10
    added = [("factor_added", "authenticator app", ""), ("factor_added", "recovery codes", "")]
    assert sorted(told("factor_added")) == added


def test_the_key_of_an_app_stands_nowhere_but_sealed() -> None:
    browser = come_in(staff())
    secret = secret_on(browser.get(ACTIVATE))
    browser.post(ACTIVATE, {"code": code_of(secret)})
    assert tables_with(secret) == []
    row = Authenticator.objects.get(type="totp")
    assert FactorSecret.objects.get(pk=row.data["secret"]).secret.reveal() == secret


def test_recovery_codes_can_be_downloaded() -> None:
    browser = come_in(staff(app=True))
    file = browser.get("/accounts/2fa/recovery-codes/download/")
    assert file.headers["Content-Type"] == "text/plain"
    assert "codes of ann at testserver" in file.content.decode()


def test_whoever_signed_in_a_while_ago_is_asked_again_before_a_factor_changes() -> None:
    browser = come_in(staff())
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY][0]["at"] = time.time() - 600
    session.save()
    assert browser.get(ACTIVATE).headers["Location"].startswith("/accounts/reauthenticate/?next=")
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": ACTIVATE})
    assert browser.get(ACTIVATE).status_code == 200


def test_turning_the_app_off_takes_its_key_and_the_codes_along() -> None:
    browser = come_in(staff(app=True))
    browser.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.exists()
    assert not FactorSecret.objects.exists()
    assert {entry[1] for entry in told("factor_removed")} == {"authenticator app", "recovery codes"}
    assert "Authenticator app turned off" in browser.get(SECURITY).content.decode()


def test_the_qr_code_says_what_the_page_says() -> None:
    browser = come_in(staff())
    page = browser.get(ACTIVATE)
    assert f"secret={secret_on(page)}&issuer=Evergrant" in page.context["totp_url"].replace(
        "algorithm=SHA1&", ""
    )
    assert KEY not in page.content.decode()


def test_a_new_name_of_a_passkey_stands_in_the_trail_with_the_old_one() -> None:
    ann = staff()
    browser = come_in(ann)
    key = Authenticator.objects.create(user=ann, type="webauthn", data={"name": "Phone"})
    prove(browser, key)
    browser.post(f"/accounts/2fa/passkeys/{key.pk}/edit/", {"name": "Ann's phone"})
    assert told("factor_renamed") == [
        ("factor_renamed", "passkey 'Phone', now passkey \"Ann's phone\"", "")
    ]


def test_nobody_renames_the_passkey_of_another() -> None:
    key = Authenticator.objects.create(user=staff("ben"), type="webauthn", data={"name": "Phone"})
    answer = come_in(staff()).post(f"/accounts/2fa/passkeys/{key.pk}/edit/", {"name": "Mine"})
    assert answer.status_code == 404
    assert told("factor_renamed") == []
