"""From sign-up to tokens at the sandbox provider."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.integrations.sandbox.oauth_client import OAuthClient, Person
from tests.sandbox_process import (
    CLIENT_ID,
    PASSWORD,
    Page,
    SandboxProcess,
    sign_up_and_consent,
)


def test_a_new_person_signs_up_consents_and_is_known_to_userinfo(client: OAuthClient) -> None:
    person = Person()
    claims = client.userinfo(client.connect(person)["access_token"]).json()
    assert claims["sub"]
    assert claims["email"] == person.email
    assert claims["name"] == claims["preferred_username"] == person.username


def test_tokens_live_for_a_minute_and_name_their_scopes(client: OAuthClient) -> None:
    answer = client.exchange(client.consent(Person()))
    assert answer.json()["expires_in"] == 60
    assert answer.json()["token_type"] == "Bearer"
    assert "notes:read" in answer.json()["scope"].split()
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_redirect_carries_state_and_issuer(client: OAuthClient) -> None:
    person = Person()
    location = sign_up_and_consent(
        person.session, client.authorize_url(), person.username, person.email
    )
    query = parse_qs(urlsplit(location).query)
    assert query["state"] == ["a state"]
    assert query["iss"] == [client.sandbox.url]


def test_denying_sends_access_denied_and_leaves_no_grant(client: OAuthClient) -> None:
    person = Person()
    location = sign_up_and_consent(
        person.session, client.authorize_url(), person.username, person.email, action="cancel"
    )
    assert parse_qs(urlsplit(location).query)["error"] == ["access_denied"]
    assert person.username not in [grant["username"] for grant in client.sandbox.grants()]


def test_an_unticked_scope_is_not_granted(client: OAuthClient) -> None:
    code = client.consent(Person(), without=("notes:read", "email"))
    assert set(client.exchange(code).json()["scope"].split()) == {
        "openid",
        "profile",
        "offline_access",
    }


def test_the_right_pkce_verifier_is_needed(client: OAuthClient) -> None:
    answer = client.exchange(client.consent(Person()), code_verifier="x" * 50)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_unknown_redirect_uri_ends_on_an_error_page(client: OAuthClient) -> None:
    person = Person()
    client.consent(person)
    url = client.authorize_url(redirect_uri="http://127.0.0.1:9/elsewhere")
    answer = person.session.get(url, allow_redirects=False, timeout=30)
    assert "Location" not in answer.headers
    assert "This request cannot go on" in answer.text


def test_a_redirect_uri_added_by_the_control_api_works_at_once(client: OAuthClient) -> None:
    uri = "http://127.0.0.1:9/connect/callback/ac_1"
    client.sandbox.add_redirect_uri(uri)
    code = client.consent(Person(), redirect_uri=uri)
    assert client.exchange(code, redirect_uri=uri).ok


@pytest.mark.parametrize("uri", ["/relative", "javascript:alert(1)", "http://a/#b", "http://*.a/"])
def test_an_unusable_redirect_uri_is_refused(sandbox: SandboxProcess, uri: str) -> None:
    url = f"{sandbox.url}/sandbox/clients/{CLIENT_ID}/redirect_uris"
    answer = requests.post(url, json={"redirect_uri": uri}, timeout=30)
    assert answer.status_code == 400


def test_a_wrong_client_secret_is_invalid_client(client: OAuthClient) -> None:
    client.auth = (CLIENT_ID, "wrong")
    answer = client.exchange(client.consent(Person()))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_secret_may_come_in_the_form(client: OAuthClient) -> None:
    code = client.consent(Person())
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": "http://127.0.0.1:9/callback",
        "code_verifier": client.verifier,
        "client_id": CLIENT_ID,
        "client_secret": client.sandbox.client_secret,
    }
    url = f"{client.sandbox.url}/identity/o/api/token"
    assert requests.post(url, data=form, timeout=30).ok


def test_the_id_token_verifies_with_the_published_key(client: OAuthClient) -> None:
    tokens = client.connect()
    url = client.sandbox.url
    metadata = requests.get(f"{url}/.well-known/openid-configuration", timeout=30).json()
    keys = jwt.PyJWKSet.from_dict(requests.get(metadata["jwks_uri"], timeout=30).json())
    claims = jwt.decode(
        tokens["id_token"], keys.keys[0], ["RS256"], audience=CLIENT_ID, issuer=metadata["issuer"]
    )
    assert claims["sub"] == client.userinfo(tokens["access_token"]).json()["sub"]


def test_a_code_that_is_used_twice_revokes_what_it_gave(client: OAuthClient) -> None:
    code = client.consent(Person())
    tokens = client.exchange(code).json()
    assert client.exchange(code).json()["error"] == "invalid_grant"
    assert not client.works(tokens)
    assert client.sandbox.calls()[-2]["outcome"] == "code_reuse_detected"


def test_an_access_token_runs_out(client: OAuthClient) -> None:
    client.sandbox.switches(access_token_seconds=1)
    tokens = client.connect()
    assert tokens["expires_in"] == 1
    time.sleep(1.1)  # the provider's clock is in another process
    assert not client.works(tokens)


def test_a_refresh_token_can_run_out_too(client: OAuthClient) -> None:
    client.sandbox.switches(refresh_token_seconds=1)
    tokens = client.connect()
    time.sleep(1.1)  # as above
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.sandbox.calls()[-1]["outcome"] == "invalid_grant"


def test_a_person_with_an_account_signs_in_and_goes_on_to_the_consent(client: OAuthClient) -> None:
    person = Person()
    client.consent(person)
    browser = requests.Session()
    page = Page(browser.get(client.authorize_url(), timeout=30))
    login = [*page.fields, ("login", person.email), ("password", PASSWORD)]
    page = Page(browser.post(page.action, data=login, timeout=30))
    assert "wants access to your account" in page.text
    assert person.username in page.text


def test_pages_load_nothing_from_elsewhere(sandbox: SandboxProcess) -> None:
    answer = requests.get(f"{sandbox.url}/account/login/", timeout=30)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "https://" not in answer.text
    assert requests.get(f"{sandbox.url}/static/acme/acme.css", timeout=30).ok
