"""For how long the addresses of a name are remembered, and what is vetted anew nevertheless."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django.fixtures import Settings

from integrations import outbound
from integrations.outbound import Role, lookups, resolving, targets
from integrations.outbound.metering import Meter, OutOfTime
from integrations.outbound.resolving import REMEMBERED_SECONDS, recall, remember
from tests.hostile_server import HostileServer, hostile_server


class Resolver:
    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        return self.addresses


@pytest.fixture(autouse=True)
def resolver(settings: Settings) -> Iterator[Resolver]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    answering = Resolver("127.0.0.1")
    with outbound.use_resolver(answering):
        yield answering


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


def get(port: int, *, scheme: str = "http", path: str = "/json", role: Role = Role.TOKEN) -> int:
    url = f"{scheme}://provider.test:{port}{path}"
    return outbound.send(role=role, method="GET", url=url).status


def test_a_second_call_does_not_ask_again(server: HostileServer, resolver: Resolver) -> None:
    assert [get(server.port), get(server.port)] == [200, 200]
    assert resolver.asked == ["provider.test"]


def test_what_is_remembered_is_vetted_at_every_call(
    server: HostileServer, resolver: Resolver, settings: Settings
) -> None:
    get(server.port)
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    with pytest.raises(outbound.AddressRefused):
        get(server.port, scheme="https")
    assert resolver.asked == ["provider.test"]


def test_an_address_that_takes_no_connection_is_forgotten(
    server: HostileServer, resolver: Resolver
) -> None:
    get(server.port)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for _ in range(2):
        with pytest.raises(outbound.ConnectFailed):
            get(port)
    assert resolver.asked == ["provider.test"] * 2  # of three calls, the second found it there


def test_addresses_are_remembered_for_seconds_only() -> None:
    remember("provider.test", ["192.0.2.1"], now=100)
    assert recall("provider.test", now=100 + REMEMBERED_SECONDS - 1) == ("192.0.2.1",)
    assert recall("provider.test", now=100 + REMEMBERED_SECONDS) is None
    assert recall("provider.test", now=100) is None


def test_using_what_is_remembered_does_not_make_it_younger() -> None:
    remember("provider.test", ["192.0.2.1"], now=100)
    remember("provider.test", ["192.0.2.1"], now=104)
    assert recall("provider.test", now=100 + REMEMBERED_SECONDS) is None


def test_the_memory_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "MAX_REMEMBERED", 2)
    for number in range(5):
        remember(f"{number}.test", ["192.0.2.1"], now=100)
    assert len(resolving._remembered) <= 2


def test_a_url_that_is_configured_is_asked_for_each_time(
    server: HostileServer, resolver: Resolver
) -> None:
    get(server.port)
    outbound.vet_url("https://provider.test/")
    assert len(resolver.asked) == 2


# --- lookups that hang ---------------------------------------------------------------------------


class Hanging:
    """A resolver that answers for one host, and for others when it is let go."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.release = threading.Event()

    def __call__(self, host: str) -> list[str]:
        self.asked[host] += 1
        if host != "provider.test":
            self.release.wait(30)
        return ["127.0.0.1"]


@pytest.fixture
def hanging(resolver: Resolver) -> Iterator[Hanging]:
    hangs = Hanging()
    with outbound.use_resolver(hangs):
        yield hangs
        hangs.release.set()


def meter(seconds: float = 10) -> Meter:
    return Meter(seconds=seconds, max_body_bytes=0)


def test_a_host_whose_lookup_hangs_leaves_the_others_alone(
    server: HostileServer, hanging: Hanging
) -> None:
    for _ in range(lookups.MAX_LOOKUPS + 1):
        with pytest.raises(OutOfTime):
            resolving.resolve("dead.test", meter=meter(0.001))
    assert get(server.port) == 200
    assert hanging.asked == {"dead.test": 1, "provider.test": 1}


def test_all_who_wait_for_one_lookup_get_its_answer(hanging: Hanging) -> None:
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(resolving.resolve, "slow.test", meter=meter()) for _ in range(8)]
        with pytest.raises(OutOfTime):  # a deadline of one's own holds among them
            resolving.resolve("slow.test", meter=meter(0.05))
        hanging.release.set()
        assert [caller.result() for caller in waiting] == [["127.0.0.1"]] * 8
    assert hanging.asked["slow.test"] == 1


def test_all_who_wait_for_one_lookup_get_its_failure() -> None:
    def fail(_host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    with outbound.use_resolver(fail):
        for _ in range(2):
            with pytest.raises(outbound.ConnectFailed) as caught:
                resolving.resolve("failing.test", meter=meter())
            assert caught.value.code == "dns_failed"


def test_a_lookup_that_is_stuck_is_followed_by_one_more(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "STUCK_SECONDS", -1)
    for _ in range(5):
        with pytest.raises(OutOfTime):
            resolving.resolve("dead.test", meter=meter(0.001))
    assert hanging.asked["dead.test"] == lookups.MAX_LOOKUPS_OF_HOST


def test_a_caller_that_waits_for_a_slot_gets_the_first_that_is_free(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MAX_LOOKUPS", 1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(resolving.resolve, "slow.test", meter=meter())
        while not hanging.asked:
            time.sleep(0.001)
        with pytest.raises(OutOfTime):
            resolving.resolve("provider.test", meter=meter(0.01))
        second = pool.submit(resolving.resolve, "provider.test", meter=meter())
        hanging.release.set()
        assert first.result() == second.result() == ["127.0.0.1"]


# --- URLs that are remembered --------------------------------------------------------------------


def kept() -> int:
    return targets._parse_once.cache_info().currsize


def test_the_url_of_a_token_endpoint_is_read_once(server: HostileServer) -> None:
    targets._parse_once.cache_clear()
    get(server.port)
    get(server.port)
    assert (kept(), targets._parse_once.cache_info().hits) == (1, 1)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.WEBHOOK, "/json"),
        (Role.IDENTITY, "/json"),
        (Role.TOKEN, "/json?key=secret"),
        (Role.TOKEN, "/json#secret"),
    ],
)
def test_a_url_that_may_hold_a_secret_is_not_kept(
    server: HostileServer, role: Role, path: str
) -> None:
    targets._parse_once.cache_clear()
    assert get(server.port, path=path, role=role) == 200
    assert kept() == 0


def test_a_kept_url_is_refused_when_http_is_no_longer_allowed(
    server: HostileServer, settings: Settings
) -> None:
    get(server.port)
    settings.OUTBOUND_ALLOW_LOOPBACK = False
    with pytest.raises(outbound.InvalidUrl):
        get(server.port)
