"""The chaos provider rotates exactly as the bundled sandbox does: one set of tests for both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.chaos.calls import Call
from tests.chaos.families import GRACE, REUSE, STRICT
from tests.chaos.provider_process import ProviderProcess
from tests.chaos.serving import AUTHORIZE_PATH, PERSON_COOKIE
from tests.integrations.sandbox.oauth_client import CALLBACK, OAuthClient, Person
from tests.sandbox_process import SandboxProcess

ClientOf = Callable[[str], OAuthClient]


class ChaosClient(OAuthClient):
    """The same client at a chaos provider, where consent needs a cookie and no page."""

    def __init__(self, provider: ProviderProcess) -> None:
        self.provider = provider
        self.url = provider.url

    def consent(self, person: Person, *, without: tuple[str, ...] = (), **changed: str) -> str:
        """Return a code of ``person``."""
        query = urlencode({"redirect_uri": CALLBACK, "state": "a state"} | changed)
        answer = requests.get(
            f"{self.url}{AUTHORIZE_PATH}?{query}",
            cookies={PERSON_COOKIE: person.username},
            allow_redirects=False,
            timeout=30,
        )
        return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]

    def exchange(self, code: str, **changed: str) -> requests.Response:
        """Exchange ``code``."""
        return self.post("token", {"grant_type": "authorization_code", "code": code})

    def userinfo(self, access_token: str) -> requests.Response:
        """Ask whose token it is."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return requests.get(f"{self.url}/identity/o/api/userinfo", headers=headers, timeout=30)

    def post(self, endpoint: str, form: dict[str, str]) -> requests.Response:
        """POST ``form``."""
        return requests.post(f"{self.url}/identity/o/api/{endpoint}", data=form, timeout=30)


@pytest.fixture(scope="module")
def sandbox(database_url: str) -> Iterator[SandboxProcess]:
    process = SandboxProcess(database_url, schema="sandbox_chaos", redirect_uris=[CALLBACK])
    yield process.start()
    process.stop()


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ProviderProcess]]:
    folder: Path = tmp_path_factory.mktemp("providers")
    started = {
        name: ProviderProcess(name=name, folder=folder, lifetimes=[60.0], seed=1)
        for name in (STRICT, GRACE)
    }
    for provider in started.values():
        provider.start()
    yield started
    for provider in started.values():
        provider.stop()


@pytest.fixture(params=["chaos", "sandbox"])
def client_of(
    request: pytest.FixtureRequest,
    sandbox: SandboxProcess,
    providers: dict[str, ProviderProcess],
) -> ClientOf:
    """Return the maker of a client at a provider of that rotation."""

    def make(rotation: str) -> OAuthClient:
        if request.param == "chaos":
            return ChaosClient(providers[rotation])
        sandbox.reset()
        sandbox.switches(rotation=rotation)
        return OAuthClient(sandbox)

    return make


@pytest.mark.parametrize("rotation", [STRICT, GRACE])
def test_a_refresh_gives_a_fresh_pair_and_old_access_tokens_live_on(
    client_of: ClientOf, rotation: str
) -> None:
    client = client_of(rotation)
    tokens = client.connect()
    fresh = client.refresh(tokens["refresh_token"]).json()
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert client.works(fresh)
    assert client.works(tokens)


def test_strict_revokes_the_whole_family_for_a_token_that_comes_back(client_of: ClientOf) -> None:
    client = client_of(STRICT)
    tokens = client.connect()
    fresh = client.refresh(tokens["refresh_token"]).json()
    reuse = client.refresh(tokens["refresh_token"])
    assert (reuse.status_code, reuse.json()["error"]) == (400, "invalid_grant")
    assert not client.works(fresh)
    assert client.refresh(fresh["refresh_token"]).json()["error"] == "invalid_grant"


def test_grace_gives_a_token_that_comes_back_a_fresh_pair(client_of: ClientOf) -> None:
    client = client_of(GRACE)
    tokens = client.connect()
    first = client.refresh(tokens["refresh_token"]).json()
    second = client.refresh(tokens["refresh_token"]).json()
    assert client.works(first)
    assert client.works(second)
    assert client.refresh(first["refresh_token"]).ok
    assert client.refresh(second["refresh_token"]).ok


@pytest.mark.parametrize("rotation", [STRICT, GRACE])
def test_a_revoked_refresh_token_takes_its_family_along(client_of: ClientOf, rotation: str) -> None:
    client = client_of(rotation)
    tokens = client.connect()
    client.revoke(tokens["refresh_token"])
    assert not client.works(tokens)
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def calls_after(provider: ProviderProcess, before: int, *, count: int) -> list[Call]:
    """Return so many calls after the first ``before``; one is written down once it is over."""
    deadline = time.monotonic() + 10
    while len(calls := provider.calls()) < before + count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return calls[before:]


def test_the_book_tells_which_token_came_back_to_which_call(
    providers: dict[str, ProviderProcess],
) -> None:
    client = ChaosClient(providers[STRICT])
    before = len(providers[STRICT].calls())
    tokens = client.connect()
    for _ in range(2):
        client.refresh(tokens["refresh_token"])
    _, first, second = calls_after(providers[STRICT], before, count=3)
    assert (first.family, first.presented) == (second.family, second.presented)
    assert (first.issued, second.issued, second.outcome) == (2, 0, REUSE)


def test_a_cut_answer_was_worked_on_and_a_dropped_one_was_not(
    providers: dict[str, ProviderProcess],
) -> None:
    client = ChaosClient(providers[STRICT])
    for fault, issued in (("cut", 2), ("drop", 0)):
        before = len(providers[STRICT].calls())
        tokens = client.connect()
        providers[STRICT].turn_on({"kind": fault})
        with pytest.raises(requests.RequestException):
            client.refresh(tokens["refresh_token"])
        _, call = calls_after(providers[STRICT], before, count=2)
        assert call.issued == issued
