"""Taking access away: by the client, by the person on her page, by the control API."""

from __future__ import annotations

import pytest
import requests

from tests.integrations.sandbox.oauth_client import OAuthClient, Person
from tests.sandbox_process import CLIENT_ID, Page


def usernames(client: OAuthClient) -> list[str]:
    """Return who has a living grant."""
    return [grant["username"] for grant in client.sandbox.grants()]


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "nonsense", ""])
def test_revoking_a_refresh_token_kills_the_whole_grant(client: OAuthClient, hint: str) -> None:
    person = Person()
    tokens = client.connect(person)
    fresh = client.refresh(tokens["refresh_token"]).json()
    assert client.revoke(fresh["refresh_token"], token_type_hint=hint).status_code == 200
    assert not client.works(fresh)
    assert not client.works(tokens)
    assert person.username not in usernames(client)


def test_revoking_a_spent_refresh_token_kills_the_grant_too(client: OAuthClient) -> None:
    tokens = client.connect()
    fresh = client.refresh(tokens["refresh_token"]).json()
    assert client.revoke(tokens["refresh_token"]).ok
    assert not client.works(fresh)


def test_revoking_an_access_token_takes_it_alone(client: OAuthClient) -> None:
    tokens = client.connect()
    assert client.revoke(tokens["access_token"]).ok
    assert not client.works(tokens)
    assert client.refresh(tokens["refresh_token"]).ok


def test_revoking_an_unknown_token_is_fine(client: OAuthClient) -> None:
    assert client.revoke("never issued").status_code == 200
    assert client.sandbox.calls()[-1]["outcome"] == "unknown_token"


def test_a_stranger_cannot_revoke(client: OAuthClient) -> None:
    tokens = client.connect()
    client.auth = (CLIENT_ID, "wrong")
    assert client.revoke(tokens["refresh_token"]).status_code == 401
    assert client.works(tokens)


def test_the_control_api_revokes_what_a_person_granted(client: OAuthClient) -> None:
    person = Person()
    mine, other = client.connect(person), client.connect()
    client.sandbox.revoke_grants(person.username)
    assert not client.works(mine)
    assert client.works(other)


def test_the_control_api_says_when_there_is_nothing_to_revoke(client: OAuthClient) -> None:
    url = f"{client.sandbox.url}/sandbox/grants/revoke"
    answer = requests.post(url, json={"username": "nobody"}, timeout=30)
    assert (answer.status_code, answer.json()) == (404, {"revoked": 0})


def test_the_page_says_what_was_granted_in_plain_words(client: OAuthClient) -> None:
    person = Person()
    client.exchange(client.consent(person, without=("email",)))
    page = Page(person.session.get(client.sandbox.url, timeout=30))
    assert "Evergrant demo" in page.text
    assert "Read your notes" in page.text
    assert "See your e-mail address" not in page.text
    assert "last used" in page.text


def test_removing_access_on_the_page_kills_the_grant(client: OAuthClient) -> None:
    person = Person()
    tokens = client.connect(person)
    page = Page(person.session.get(client.sandbox.url, timeout=30))
    page = Page(person.session.post(page.action, data=page.fields, timeout=30))
    assert "no longer has access" in page.text
    assert "No app has access" in page.text
    assert not client.works(tokens)
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_removing_access_needs_the_persons_own_form(client: OAuthClient) -> None:
    person = Person()
    tokens = client.connect(person)
    url = f"{client.sandbox.url}/apps/{CLIENT_ID}/remove"
    assert person.session.post(url, timeout=30).status_code == 403
    assert client.works(tokens)


def test_nobody_sees_the_grants_of_another(client: OAuthClient) -> None:
    client.connect()
    stranger = Person()
    client.consent(stranger)
    page = Page(stranger.session.get(client.sandbox.url, timeout=30))
    assert "No app has access" in page.text


def test_without_signing_in_the_page_leads_to_the_login(client: OAuthClient) -> None:
    page = Page(requests.get(client.sandbox.url, timeout=30))
    assert "/account/login/" in page.url
    assert "Create an account" in page.links
