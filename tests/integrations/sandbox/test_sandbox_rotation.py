"""Refreshing at the sandbox provider: strict, grace and no rotation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.integrations.sandbox.oauth_client import OAuthClient, Person

CALLERS = 8


def refresh_at_once(client: OAuthClient, refresh_token: str) -> list[int]:
    """Present one refresh token in many threads and return the statuses."""
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = pool.map(client.refresh, [refresh_token] * CALLERS)
        return [answer.status_code for answer in answers]


def test_a_refresh_gives_a_fresh_pair(client: OAuthClient) -> None:
    tokens = client.connect()
    fresh = client.refresh(tokens["refresh_token"]).json()
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert fresh["access_token"] != tokens["access_token"]
    assert fresh["scope"] == tokens["scope"]
    assert client.works(fresh)


def test_a_reused_token_revokes_the_family(client: OAuthClient) -> None:
    tokens = client.connect()
    fresh = client.refresh(tokens["refresh_token"]).json()
    reuse = client.refresh(tokens["refresh_token"])
    assert (reuse.status_code, reuse.json()["error"]) == (400, "invalid_grant")
    assert client.sandbox.calls()[-1]["outcome"] == "reuse_detected"
    assert not client.works(fresh)
    assert client.refresh(fresh["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_reuse_leaves_other_people_alone(client: OAuthClient) -> None:
    mine, other = client.connect(), client.connect()
    client.refresh(mine["refresh_token"])
    client.refresh(mine["refresh_token"])
    assert client.works(other)


def test_an_old_token_of_a_revoked_grant_does_not_touch_the_new_grant(client: OAuthClient) -> None:
    person = Person()
    old = client.connect(person)
    client.refresh(old["refresh_token"])
    client.sandbox.revoke_grants(person.username)
    new = client.connect(person)
    assert client.refresh(old["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.works(new)


def test_of_concurrent_refreshes_one_wins_and_the_family_dies(client: OAuthClient) -> None:
    tokens = client.connect()
    statuses = refresh_at_once(client, tokens["refresh_token"])
    assert sorted(statuses) == [200] + [400] * (CALLERS - 1)
    outcomes = [call["outcome"] for call in client.sandbox.calls()[-CALLERS:]]
    assert outcomes.count("issued") == 1
    assert outcomes.count("reuse_detected") == 1
    assert not client.works(tokens)


def test_of_concurrent_exchanges_of_one_code_one_wins(client: OAuthClient) -> None:
    code = client.consent(Person())
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(client.exchange, [code] * CALLERS))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * (CALLERS - 1)


def test_grace_gives_a_spent_token_a_fresh_pair_and_the_family_lives(client: OAuthClient) -> None:
    client.sandbox.switches(rotation="grace")
    tokens = client.connect()
    first = client.refresh(tokens["refresh_token"]).json()
    second = client.refresh(tokens["refresh_token"]).json()
    assert client.sandbox.calls()[-1]["outcome"] == "issued_in_grace"
    assert second["scope"] == tokens["scope"]
    assert client.works(first)
    assert client.works(second)
    assert client.refresh(first["refresh_token"]).ok
    assert client.refresh(second["refresh_token"]).ok


def test_grace_serves_all_concurrent_refreshes(client: OAuthClient) -> None:
    client.sandbox.switches(rotation="grace")
    tokens = client.connect()
    assert refresh_at_once(client, tokens["refresh_token"]) == [200] * CALLERS


def test_after_the_grace_a_spent_token_revokes_the_family(client: OAuthClient) -> None:
    client.sandbox.switches(rotation="grace")
    tokens = client.connect()
    fresh = client.refresh(tokens["refresh_token"]).json()
    client.sandbox.switches(grace_seconds=0)
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert not client.works(fresh)


def test_without_rotation_the_refresh_token_stays(client: OAuthClient) -> None:
    client.sandbox.switches(rotation="none")
    tokens = client.connect()
    for _ in range(2):
        answer = client.refresh(tokens["refresh_token"]).json()
        assert answer["refresh_token"] == tokens["refresh_token"]
        assert client.works(answer)


def test_an_omitted_refresh_token_means_that_the_old_one_stays(client: OAuthClient) -> None:
    tokens = client.connect()
    client.sandbox.switches(omit_refresh_token=True)
    for _ in range(2):
        answer = client.refresh(tokens["refresh_token"])
        assert answer.ok
        assert "refresh_token" not in answer.json()
        assert client.works(answer.json())


def test_omitting_refresh_tokens_does_not_revive_a_spent_one(client: OAuthClient) -> None:
    tokens = client.connect()
    client.refresh(tokens["refresh_token"])
    client.sandbox.switches(omit_refresh_token=True, rotation="grace")
    assert client.refresh(tokens["refresh_token"]).ok
    client.sandbox.switches(grace_seconds=0)
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
