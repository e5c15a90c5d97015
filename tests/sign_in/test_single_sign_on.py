"""Signing in at an OpenID provider: a certified one, run from its published package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from integrations.models import AuditEntry
from tests.certified_server.person import sign_in_and_consent
from tests.certified_server.process import (
    CLIENT_ID,
    CLIENT_SECRET,
    CertifiedServer,
    certified_server,
)
from tests.sign_in.staff import CODE, LOGIN, SECURITY, code_of, is_out, staff, told

pytestmark = pytest.mark.django_db
START, CALLBACK = "/accounts/sso/", "/accounts/sso/callback/"
PEOPLE: dict[str, dict[str, Any]] = {
    "bea": {"email": "bea@other.example", "groups": ["support", "people"]},
    "mallory": {"email": "ann@example.com", "email_verified": False},
}


@pytest.fixture(scope="module")
def server() -> Iterator[CertifiedServer]:
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [f"http://testserver{CALLBACK}"],
        "token_endpoint_auth_method": "client_secret_post",
    }
    with certified_server(client, people=PEOPLE) as running:
        yield running


@pytest.fixture(autouse=True)
def _configured(server: CertifiedServer, settings: Settings) -> None:
    settings.SSO_ISSUER = server.url
    settings.SSO_CLIENT_ID = CLIENT_ID
    settings.SSO_CLIENT_SECRET = CLIENT_SECRET
    settings.SSO_NAME = "Acme ID"
    settings.SSO_SCOPES = ["openid", "email", "groups"]


def authorization(browser: Client, **form: str) -> str:
    """Press the button and return the request that the browser is sent to the provider with."""
    page = browser.post(START, form).content.decode()
    found = re.search(r'content="0; url=([^"]+)"', page)
    assert found is not None, page
    return unescape(found[1])


def come_by_sso(name: str, **form: str) -> tuple[Client, Any]:
    """Have ``name`` sign in at the provider; return her browser, and the answer it got here."""
    browser = Client()
    back = sign_in_and_consent(authorization(browser, **form), name=name)
    return browser, browser.get(back.removeprefix("http://testserver"))


def test_the_sign_in_page_offers_it_by_its_name() -> None:
    assert "Continue with Acme ID" in Client().get(LOGIN).content.decode()


def test_the_request_has_a_state_and_a_proof_key_and_nothing_of_the_address() -> None:
    form = {"process": "connect", "scope": "everything", "auth_params": "prompt=none"}
    asked = parse_qs(urlsplit(authorization(Client(), **form)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert set(asked["scope"][0].split()) == {"openid", "email", "groups"}
    assert asked["redirect_uri"] == [f"http://testserver{CALLBACK}"]
    assert asked["state"]
    assert "prompt" not in asked


def test_a_verified_address_finds_who_is_there_and_the_trail_says_how() -> None:
    ann = staff("ann")
    browser, answer = come_by_sso("ann", next="/admin/auth/user/")
    assert answer.headers["Location"] == "/admin/auth/user/"
    assert browser.get("/admin/auth/user/").status_code == 200
    assert SocialAccount.objects.get().user == ann
    entries = [("sso_person_linked", "ann@example.com", ""), ("sign_in", "with single sign-on", "")]
    assert told() == entries
    assert "As <bdi>ann@example.com</bdi>" in browser.get(SECURITY).content.decode()


def test_afterwards_the_identity_counts_and_no_address() -> None:
    staff("ann")
    come_by_sso("ann")
    User.objects.update(email="ann@moved.example")
    _browser, answer = come_by_sso("ann")
    assert answer.headers["Location"] == "/admin/"
    assert User.objects.count() == 1


def test_the_password_of_whoever_comes_so_stays() -> None:
    staff("ann")
    come_by_sso("ann")
    assert User.objects.get().has_usable_password()


def test_a_stranger_is_told_so_and_is_not_made_staff() -> None:
    _browser, answer = come_by_sso("eve")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Nobody with your e-mail address works here." in page
    assert not User.objects.exists()
    assert told() == [("sso_refused", "eve@example.com", "sso_nobody_known")]


def test_an_address_that_is_not_verified_matches_nobody() -> None:
    staff("ann")
    browser, answer = come_by_sso("mallory")
    assert (answer.status_code, told()[0][2]) == (403, "sso_email_unverified")
    assert is_out(browser)


def test_somebody_of_an_allowed_domain_is_added_with_the_roles_of_her_groups(
    settings: Settings,
) -> None:
    settings.SSO_ALLOWED_DOMAINS = ["other.example"]
    settings.SSO_ROLES = '{"support": ["Viewer"], "admins": ["Administrator"]}'
    browser, _answer = come_by_sso("bea")
    bea = User.objects.get()
    assert (bea.username, bea.is_staff, bea.is_superuser) == ("bea", True, False)
    assert [group.name for group in bea.groups.all()] == ["Viewer"]
    assert browser.get("/admin/connections/connectedaccount/").status_code == 200


def test_the_second_factor_is_asked_for_all_the_same() -> None:
    staff("ann", app=True)
    browser, answer = come_by_sso("ann")
    assert answer.headers["Location"] == CODE
    assert '"token"' not in json.dumps(dict(browser.session.items()))
    browser.post(CODE, {"code": code_of()})
    assert told("sign_in")[0][1] == "with single sign-on and authenticator app"


@pytest.mark.parametrize("counts", [True, False])
def test_it_counts_as_a_second_factor_where_that_is_set(settings: Settings, counts: bool) -> None:
    settings.REQUIRE_SECOND_FACTOR = True
    settings.SSO_IS_SECOND_FACTOR = counts
    staff("ann")
    browser, _answer = come_by_sso("ann")
    answer = browser.get("/admin/")
    assert (answer.status_code == 200) is counts
    assert counts or answer.headers["Location"] == SECURITY


def test_no_token_of_the_provider_is_kept() -> None:
    staff("ann")
    come_by_sso("ann")
    assert not SocialToken.objects.exists()
    assert set(SocialAccount.objects.get().extra_data) == {"sub", "email", "iss"}


def test_an_answer_that_nobody_asked_for_is_refused_and_not_recorded() -> None:
    answer = Client().get(CALLBACK, {"state": "x", "code": "y"})
    assert answer.status_code == 401
    assert "Sign-in failed" in answer.content.decode()
    assert not AuditEntry.objects.exists()


def test_an_answer_counts_once() -> None:
    staff("ann")
    browser = Client()
    back = sign_in_and_consent(authorization(browser), name="ann").removeprefix("http://testserver")
    assert [browser.get(back).status_code, Client().get(back).status_code] == [302, 401]
    browser.post("/accounts/logout/")
    assert browser.get(back).status_code == 401


def test_whoever_says_no_there_is_led_back() -> None:
    browser = Client()
    asked = parse_qs(urlsplit(authorization(browser)).query)
    answer = browser.get(CALLBACK, {"state": asked["state"][0], "error": "access_denied"})
    assert answer.headers["Location"] == "/accounts/sso/cancelled/"
    assert told() == [("sso_failed", "", "cancelled")]


def test_a_provider_that_is_away_is_told_and_recorded(settings: Settings) -> None:
    settings.SSO_ISSUER = "http://127.0.0.1:9"
    answer = Client().post(START)
    assert answer.status_code == 401
    assert "did not answer as it should" in answer.content.decode()
    assert told() == [("sso_failed", "", "connect_failed")]


def test_a_configuration_of_another_issuer_is_not_taken(settings: Settings) -> None:
    settings.SSO_ISSUER = settings.SSO_ISSUER.replace("127.0.0.1", "localhost")
    assert Client().post(START).status_code == 401
    assert told() == [("sso_failed", "", "another_issuer")]


def test_without_an_issuer_there_is_no_single_sign_on(settings: Settings) -> None:
    settings.SSO_ISSUER = ""
    assert "Continue with" not in Client().get(LOGIN).content.decode()
    assert {Client().post(START).status_code, Client().get(CALLBACK).status_code} == {404}


def test_it_begins_with_a_post_and_the_pages_token() -> None:
    browser = Client(enforce_csrf_checks=True)
    assert (browser.get(START).status_code, browser.post(START).status_code) == (405, 403)
