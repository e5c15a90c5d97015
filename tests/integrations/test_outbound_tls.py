"""TLS: the certificate is checked against the name although an address is connected to."""

import dataclasses
import datetime as dt
import errno
import ipaddress
import select
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django.fixtures import Settings

from integrations import outbound
from integrations.outbound import Limits, Role, connecting, resuming
from integrations.outbound.keeping import KEEP
from integrations.outbound.metering import Meter, MeteredSocket
from integrations.outbound.resuming import VERIFIED_SECONDS
from integrations.outbound.targets import parse_target
from tests.hostile_server import HostileServer, _read_request, _reset, answer, hostile_server

NAME = "provider.test"


def make_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for NAME and 127.0.0.1, with its key, as one PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> Iterator[None]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with outbound.use_resolver(lambda _host: ["127.0.0.1"]):
        yield


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def names_asked() -> list[str | None]:
    return []


@pytest.fixture
def server(certificate: Path, names_asked: list[str | None]) -> Iterator[HostileServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _sock, name, _context: names_asked.append(name)
    with hostile_server(tls=context) as running:
        yield running


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = connecting.make_tls_context(certificate)
    monkeypatch.setattr(connecting, "tls_context", lambda: context)


def get(
    port: int, path: str, host: str = NAME, deadline: float = 5, *, repeatable: bool = False
) -> outbound.Response:
    return outbound.send(
        role=Role.TOKEN,
        method="GET",
        url=f"https://{host}:{port}{path}",
        limits=Limits(deadline=deadline, max_response_bytes=100_000),
        repeatable=repeatable,
    )


@pytest.mark.usefixtures("trusted")
def test_the_name_goes_into_sni_and_host(
    server: HostileServer, names_asked: list[str | None]
) -> None:
    assert get(server.port, "/json").status == 200
    assert names_asked == [NAME]
    assert f"\r\nHost: {NAME}:{server.port}\r\n".encode() in server.requests[0]


@pytest.mark.usefixtures("trusted")
def test_an_address_is_checked_against_the_certificate_too(server: HostileServer) -> None:
    assert get(server.port, "/json", host="127.0.0.1").status == 200


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_was_not_sent(server: HostileServer) -> None:
    with pytest.raises(outbound.ConnectFailed) as caught:
        get(server.port, "/json", host="other.test")
    assert (caught.value.code, caught.value.outcome_unknown) == ("tls_failed", False)
    assert server.requests == []


def test_a_self_signed_certificate_was_not_sent(server: HostileServer) -> None:
    with pytest.raises(outbound.ConnectFailed) as caught:
        get(server.port, "/json")
    assert (caught.value.code, caught.value.outcome_unknown) == ("tls_failed", False)
    assert server.requests == []


def _plain(server: HostileServer, sock: socket.socket) -> None:
    server.send(sock, b"HTTP/1.1 200 OK\r\n\r\n")


def test_a_server_that_speaks_no_tls_was_not_sent() -> None:
    with hostile_server(on_accept=_plain) as plain, pytest.raises(outbound.ConnectFailed) as caught:
        get(plain.port, "/json")
    assert caught.value.outcome_unknown is False


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("path", ["/hang", "/drip-head", "/drip-headers", "/drip-body"])
def test_the_deadline_holds_over_tls(server: HostileServer, path: str) -> None:
    started = time.monotonic()
    with pytest.raises(outbound.DeadlineExceeded) as caught:
        get(server.port, path, deadline=0.25)
    assert time.monotonic() - started < 2
    assert caught.value.outcome_unknown


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("path", ["/endless-body", "/endless-negative-chunk", "/gzip-bomb"])
def test_the_cap_holds_over_tls(server: HostileServer, path: str) -> None:
    with pytest.raises(outbound.ResponseTooLarge):
        get(server.port, path)


def _handshake_by_drops(server: HostileServer, sock: socket.socket) -> None:
    server.drip(sock, b"\x16\x03\x03\x40\x00\x02" + b"\0" * 500)  # one long ServerHello


def test_a_handshake_by_drops_ends_at_the_deadline_unsent() -> None:
    with hostile_server(on_accept=_handshake_by_drops) as slow:
        started = time.monotonic()
        with pytest.raises(outbound.DeadlineExceeded) as caught:
            get(slow.port, "/json", deadline=0.25)
    assert time.monotonic() - started < 2
    assert caught.value.outcome_unknown is False


def _read_slowly(server: HostileServer, sock: socket.socket) -> None:
    while not server.closing.wait(0.005):  # about 10 MB a second
        for _ in range(4):
            sock.recv(16_384)


@pytest.mark.usefixtures("trusted")
def test_a_peer_that_reads_slowly_is_left_at_the_deadline(
    server_context: ssl.SSLContext,
) -> None:
    with hostile_server(tls=server_context, on_accept=_read_slowly) as slow:
        started = time.monotonic()
        with pytest.raises(outbound.DeadlineExceeded):
            outbound.send(
                role=Role.WEBHOOK,
                method="POST",
                url=f"https://{NAME}:{slow.port}/",
                content=b"x" * 50_000_000,
                limits=Limits(deadline=0.3, max_response_bytes=100),
            )
    assert time.monotonic() - started < 2


def test_a_connection_that_is_gone_before_the_handshake_was_not_sent(trusted: None) -> None:
    """Python's ssl shakes no hands on it, and would write what follows in the clear."""
    with hostile_server(on_accept=_reset) as server:
        sock = MeteredSocket()
        sock.connect(("127.0.0.1", server.port))
        select.select([sock], [], [], 5)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET
        meter = Meter(seconds=5, max_body_bytes=1000)
        with sock, pytest.raises(ConnectionResetError):
            connecting._shake_hands(sock, parse_target(f"https://{NAME}:{server.port}/"), meter)


# --- Tickets, and connections that are kept ------------------------------------------------------


class Handshakes:
    """Notes of each connection whether it was resumed; answers request after request."""

    def __init__(self) -> None:
        self.resumed: list[bool] = []

    def __call__(self, server: HostileServer, sock: socket.socket) -> None:
        assert isinstance(sock, ssl.SSLSocket)
        self.resumed.append(bool(sock.session_reused))
        while True:
            server.requests.append(_read_request(sock))
            server.send(sock, answer(b"ok"))


@pytest.fixture
def handshakes() -> Handshakes:
    return Handshakes()


@pytest.fixture
def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def noting(
    server_context: ssl.SSLContext, handshakes: Handshakes, trusted: None
) -> Iterator[HostileServer]:
    KEEP.begin_anew()
    resuming._tickets.clear()
    with hostile_server(tls=server_context, on_accept=handshakes) as running:
        yield running
        KEEP.close_all()


def only_ticket() -> resuming.Ticket:
    [ticket] = resuming._tickets.values()
    return ticket


def test_a_second_connection_needs_no_second_proof(
    noting: HostileServer, handshakes: Handshakes
) -> None:
    for _ in range(3):
        assert get(noting.port, "/").body == b"ok"
    assert handshakes.resumed == [False, True, True]


def test_a_ticket_of_one_name_opens_no_other(noting: HostileServer, handshakes: Handshakes) -> None:
    """A resumed handshake brings no certificate that could be checked against the name."""
    get(noting.port, "/")
    with pytest.raises(outbound.ConnectFailed) as caught:
        get(noting.port, "/", host="other.test")
    assert (caught.value.code, len(noting.requests)) == ("tls_failed", 1)


def test_a_ticket_of_other_tls_settings_is_not_used(
    noting: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(noting.port, "/", repeatable=True)
    distrusting = connecting.make_tls_context(Path(certifi.where()))
    monkeypatch.setattr(connecting, "tls_context", lambda: distrusting)
    with pytest.raises(outbound.ConnectFailed):
        get(noting.port, "/", repeatable=True)  # nor is the connection that was kept
    assert len(noting.requests) == 1


def test_the_certificate_is_checked_again_when_a_ticket_is_old(noting: HostileServer) -> None:
    get(noting.port, "/")
    context, origin = next(iter(resuming._tickets))
    now = only_ticket().verified_at
    assert resuming.find_ticket(context, origin, now=now + VERIFIED_SECONDS - 1) is not None
    assert resuming.find_ticket(context, origin, now=now + VERIFIED_SECONDS + 1) is None


def test_resuming_does_not_put_the_check_of_the_certificate_off(noting: HostileServer) -> None:
    get(noting.port, "/")
    connection = connecting.open_connection(
        parse_target(f"https://{NAME}:{noting.port}/"),
        ["127.0.0.1"],
        Meter(seconds=5, max_body_bytes=1000),
    )
    connection.close()
    assert connection.verified_at == only_ticket().verified_at


def test_a_ticket_that_the_peer_does_not_take_is_replaced(
    noting: HostileServer, handshakes: Handshakes, certificate: Path
) -> None:
    get(noting.port, "/")
    [(key, own)] = resuming._tickets.items()
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(certificate)
    with hostile_server(tls=other) as another:
        get(another.port, "/json")
    foreign = next(ticket for ticket in resuming._tickets.values() if ticket is not own)
    resuming._tickets[key] = foreign
    assert get(noting.port, "/").body == b"ok"
    assert handshakes.resumed == [False, False]
    assert resuming._tickets[key] is not foreign
    assert resuming._tickets[key].verified_at > own.verified_at


def test_a_ticket_is_not_read_out_at_every_call(noting: HostileServer) -> None:
    get(noting.port, "/")
    ticket = only_ticket()
    get(noting.port, "/")
    assert only_ticket() is ticket
    resuming._tickets[next(iter(resuming._tickets))] = dataclasses.replace(
        ticket, verified_at=ticket.verified_at - VERIFIED_SECONDS - 1
    )
    get(noting.port, "/")
    assert only_ticket().verified_at > ticket.verified_at


def test_tls_1_2_is_spoken_without_tickets(
    noting: HostileServer, handshakes: Handshakes, server_context: ssl.SSLContext
) -> None:
    server_context.maximum_version = ssl.TLSVersion.TLSv1_2
    for _ in range(2):
        assert get(noting.port, "/").body == b"ok"
    assert (handshakes.resumed, resuming._tickets) == ([False, False], {})


def test_a_peer_without_tickets_is_spoken_to(
    noting: HostileServer, handshakes: Handshakes, server_context: ssl.SSLContext
) -> None:
    server_context.num_tickets = 0
    for _ in range(2):
        assert get(noting.port, "/").body == b"ok"
    assert (handshakes.resumed, resuming._tickets) == ([False, False], {})


def test_no_more_tickets_are_held_than_the_limit(
    noting: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "MAX_TICKETS", 1)
    get(noting.port, "/")
    get(noting.port, "/", host="127.0.0.1")
    assert [origin for _, origin in resuming._tickets] == [noting.origin]


def test_a_kept_connection_needs_no_handshake(
    noting: HostileServer, handshakes: Handshakes
) -> None:
    for _ in range(3):
        assert get(noting.port, "/", repeatable=True).body == b"ok"
    assert (handshakes.resumed, len(noting.requests)) == ([False], 3)


def test_a_kept_connection_is_for_its_own_name_only(noting: HostileServer) -> None:
    get(noting.port, "/", repeatable=True)
    with pytest.raises(outbound.ConnectFailed):
        get(noting.port, "/", host="other.test", repeatable=True)
    assert len(noting.requests) == 1
