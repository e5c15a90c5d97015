"""TLS: the certificate is checked against the name although an address is connected to."""

import datetime as dt
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django.fixtures import Settings

from integrations import outbound
from integrations.outbound import Limits, Role, connecting
from tests.hostile_server import HostileServer, hostile_server

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


def get(port: int, path: str, host: str = NAME, deadline: float = 5) -> outbound.Response:
    return outbound.send(
        role=Role.TOKEN,
        method="GET",
        url=f"https://{host}:{port}{path}",
        limits=Limits(deadline=deadline, max_response_bytes=100_000),
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
