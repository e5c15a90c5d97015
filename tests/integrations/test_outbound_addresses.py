"""Which URLs and addresses the door refuses, in every spelling."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from integrations import outbound
from integrations.outbound import Limits, Role, metering
from integrations.outbound.addresses import is_public
from tests.hostile_server import hostile_server

PUBLIC = "93.184.215.14"
REFUSED = (outbound.AddressRefused, outbound.InvalidUrl)

INTERNAL_ADDRESSES = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:93.184.215.14",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]

ODD_HOSTS = [
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0X7F.1",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.01",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "1.2.3.4.5",
    "256.0.0.1",
    "a.0x7f",
    "0",
    "0x",
    "%31%32%37.0.0.1",
    "127%2e0.0.1",
    "①②⑦.⓪.⓪.①",
    "\uff11\uff12\uff17.0.0.1",  # full-width 127
    "127。0。0。1",
    "localhost%00.example.com",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:1]",
    "[fe80::1%eth0]",
    "[fe80::1%25eth0]",
    "[::1%lo]",
    "[127.0.0.1]",
    "[v1.a]",
    "evil.example[::1]",
    "[::1]evil.example",
    "[::1",
    "::1",
]


@pytest.fixture
def allow(settings: Settings) -> Callable[[bool], None]:
    return lambda value: setattr(settings, "OUTBOUND_ALLOW_LOOPBACK", value)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that were about to be connected to; nothing leaves the machine."""
    tried: list[Any] = []

    def refuse(_sock: object, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(metering.MeteredSocket, "connect", refuse, raising=False)
    return tried


def get(url: str) -> outbound.Response:
    limits = Limits(deadline=2, max_response_bytes=1000)
    return outbound.send(role=Role.TOKEN, method="GET", url=url, limits=limits)


def literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("address", INTERNAL_ADDRESSES)
def test_an_internal_address_is_refused(
    address: str, allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(False)
    with pytest.raises(outbound.AddressRefused) as caught:
        get(f"https://{literal(address)}/")
    assert (caught.value.outcome_unknown, connected) == (False, [])


@pytest.mark.parametrize("address", INTERNAL_ADDRESSES)
def test_a_name_that_resolves_to_an_internal_address_too_is_refused(
    address: str, allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(False)
    with (
        outbound.use_resolver(lambda _host: [PUBLIC, address]),
        pytest.raises(outbound.AddressRefused),
    ):
        get("https://provider.example/")
    assert connected == []


@pytest.mark.parametrize(
    "address", [a for a in INTERNAL_ADDRESSES if a not in {"127.0.0.1", "127.255.255.254", "::1"}]
)
def test_allowing_loopback_allows_nothing_else(
    address: str, allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(True)
    for scheme in ("http", "https"):
        with pytest.raises(outbound.AddressRefused):
            get(f"{scheme}://{literal(address)}/")
    assert connected == []


@pytest.mark.parametrize("host", ODD_HOSTS)
@pytest.mark.parametrize("allowed", [False, True])
def test_an_odd_spelling_is_refused_before_anybody_is_asked(
    host: str, *, allowed: bool, allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(allowed)
    asked: list[str] = []

    def resolver(name: str) -> list[str]:
        asked.append(name)
        return [PUBLIC]

    with outbound.use_resolver(resolver), pytest.raises(REFUSED):
        get(f"https://{host}/")
    assert (asked, connected) == ([], [])


@examples(deadline=None)
@given(
    number=st.integers(0, 2**32 - 1),
    bases=st.lists(st.sampled_from(["{}", "0x{:x}", "0{:o}", "00{}"]), min_size=4, max_size=4),
    length=st.integers(1, 4),
)
def test_only_the_canonical_spelling_of_an_ipv4_address_is_one(
    number: int, bases: list[str], length: int
) -> None:
    """inet_aton takes one to four parts, each in three bases; the last fills what is left."""
    parts = [number >> shift & 255 for shift in (24, 16, 8)][: length - 1]
    parts.append(number & (1 << 8 * (5 - length)) - 1)
    host = ".".join(base.format(part) for base, part in zip(bases, parts, strict=False))
    if host == str(ipaddress.IPv4Address(number)):
        return
    with pytest.raises(REFUSED):
        outbound.vet_url(f"https://{host}/")


@examples(deadline=None)
@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_global_unicast_is_public(address: ipaddress.IPv6Address) -> None:
    if int(address) >> 125 != 1:
        assert not is_public(address)


@examples(deadline=None)
@given(st.ip_addresses())
def test_what_python_calls_not_global_is_not_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_a_public_address_is_connected_to_as_vetted(
    address: str, allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(False)
    with outbound.use_resolver(lambda _host: [address]), pytest.raises(outbound.ConnectFailed):
        get("https://provider.example:8443/")
    assert connected == [(address, 8443)]


def test_a_name_that_changes_its_address_never_reaches_loopback(
    allow: Callable[[bool], None], connected: list[Any]
) -> None:
    """Rebinding: whatever is asked, the first answer is public and all later ones are not."""
    allow(False)
    answers = iter([[PUBLIC]])
    with outbound.use_resolver(lambda _host: next(answers, ["127.0.0.1"])):
        with pytest.raises(outbound.ConnectFailed):
            get("https://rebind.example/")  # resolved once only
        with pytest.raises(outbound.AddressRefused):
            get("https://rebind.example/")
    assert connected == [(PUBLIC, 443)]


def test_a_name_that_was_vetted_when_configured_is_vetted_again(
    allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(False)
    answers = iter([[PUBLIC]])
    with outbound.use_resolver(lambda _host: next(answers, ["127.0.0.1"])):
        outbound.vet_url("https://rebind.example/")
        with pytest.raises(outbound.AddressRefused):
            get("https://rebind.example/")
    assert connected == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "provider.example",
        "//provider.example/",
        "ftp://provider.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "gopher://provider.example/",
        "https:provider.example",
        "https:///path",
        "https://",
        "https://?q",
        "https://:443/",
        "https://user@provider.example/",
        "https://user:pw@provider.example/",
        "https://@provider.example/",
        "https://provider.example:0/",
        "https://provider.example:65536/",
        "https://provider.example:-1/",
        "https://provider.example:8x/",
        "https://provider.example:\uff18/",
        "https://provider.example\\@127.0.0.1/",
        "https://provider.example/\\evil",
        "https://provider.example/a b",
        " https://provider.example/",
        "https://provider.example/\r\nX: y",
        "https://provider.example/\n",
        "https://provider.example/\x00",
        "https://pro\tvider.example/",
        "https://prövider.example/",
        "https://provider.example/ü",
        "https://provider..example/",
        "https://provider.example./",
        "https://.example/",
        "https://-a.example/",
        "https://a_b-.example/",
        "https://a!b.example/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://provider.example/" + "a" * 9000,
    ],
)
def test_an_odd_url_is_refused(
    url: str, allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(False)
    for operation in (get, outbound.vet_url):
        with (
            outbound.use_resolver(lambda _host: [PUBLIC]),
            pytest.raises(outbound.InvalidUrl) as caught,
        ):
            operation(url)
        assert (caught.value.code, connected) == ("invalid_url", [])


@examples(deadline=None, max_examples=50)  # each example starts threads
@given(st.text(max_size=40))
def test_no_url_makes_the_vetting_itself_fail(text: str) -> None:
    with (
        override_settings(OUTBOUND_ALLOW_LOOPBACK=False),
        outbound.use_resolver(lambda _host: ["127.0.0.1"]),
    ):
        for url in (text, f"https://{text}", f"https://{text}/", f"https://a.example:{text}/"):
            with pytest.raises(REFUSED):
                outbound.vet_url(url)


def test_plain_http_is_refused_even_to_loopback_unless_allowed(
    allow: Callable[[bool], None],
) -> None:
    allow(False)
    with hostile_server() as server:
        with pytest.raises(outbound.InvalidUrl):
            get(server.url("/json"))
        assert server.requests == []
        allow(True)
        assert get(server.url("/json")).status == 200


def test_plain_http_goes_nowhere_but_to_loopback(
    allow: Callable[[bool], None], connected: list[Any]
) -> None:
    allow(True)
    with outbound.use_resolver(lambda _host: [PUBLIC]), pytest.raises(outbound.AddressRefused):
        get("http://provider.example/")
    assert connected == []


def test_localhost_is_a_name_like_any_other(allow: Callable[[bool], None]) -> None:
    allow(True)
    with hostile_server() as server:
        assert get(f"http://LOCALHOST:{server.port}/json").status == 200
        allow(False)
        with pytest.raises(outbound.AddressRefused):
            get(f"https://localhost:{server.port}/json")


def test_a_url_whose_host_does_not_exist_is_refused_when_configured() -> None:
    def absent(_host: str) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "absent")

    with outbound.use_resolver(absent), pytest.raises(outbound.InvalidUrl):
        outbound.vet_url("https://tpyo.example/")


def test_a_broken_resolver_refuses_no_url_when_configured() -> None:
    asked: list[str] = []

    def broken(host: str) -> list[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with outbound.use_resolver(broken):
        outbound.vet_url("https://provider.example/")
    assert asked == ["provider.example"]
