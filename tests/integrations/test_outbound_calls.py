"""What the door sends, and what it hands back."""

import copy
import http.client
import json
import pickle
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests.auth
from pytest_django.fixtures import Settings

from integrations import outbound
from integrations.outbound import PreparedCall, Response, Role
from integrations.outbound.connecting import open_connection
from integrations.outbound.metering import Meter
from integrations.outbound.targets import parse_target
from tests.hostile_server import JSON, HostileServer, answer, hostile_server


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        yield running


def get(server: HostileServer, path: str = "/json", **kwargs: object) -> Response:
    return outbound.send(role=Role.IDENTITY, method="GET", url=server.url(path), **kwargs)  # type: ignore[arg-type]


def post(server: HostileServer, **kwargs: object) -> bytes:
    outbound.send(role=Role.TOKEN, method="POST", url=server.url("/json"), **kwargs)  # type: ignore[arg-type]
    return server.requests[-1]


def test_an_answer_carries_status_headers_body_and_time(server: HostileServer) -> None:
    response = get(server)
    assert (response.status, response.body, response.json()) == (200, JSON, json.loads(JSON))
    assert response.headers["CONTENT-type"] == "application/json"
    assert 0 < response.elapsed < 5


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/gzip", JSON),
        ("/gzip-two-members", b"one two"),
        ("/gzip-padded", JSON),
        ("/odd-coding", JSON),
        ("/chunked", b"hello world"),
        ("/until-close", b"all of it"),
        ("/204", b""),
        ("/odd-header", b"ok"),
    ],
)
def test_every_proper_framing_of_a_body_is_read(
    server: HostileServer, path: str, body: bytes
) -> None:
    assert get(server, path).body == body


def test_a_folded_header_is_joined(server: HostileServer) -> None:
    assert get(server, "/odd-header").headers["X-Folded"] == "a b"


def test_a_form_is_encoded(server: HostileServer) -> None:
    request = post(server, form={"grant_type": "refresh_token", "refresh_token": "a&b=ü"})
    assert request.endswith(b"\r\n\r\ngrant_type=refresh_token&refresh_token=a%26b%3D%C3%BC")
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in request


def test_json_is_encoded(server: HostileServer) -> None:
    request = post(server, json={"a": [1, None]})
    assert request.endswith(b'\r\n\r\n{"a":[1,null]}')
    assert b"Content-Type: application/json\r\n" in request


def test_content_is_sent_as_it_is(server: HostileServer) -> None:
    request = post(server, content=b'{"id": 1}', headers={"webhook-id": "msg_1"})
    assert request.endswith(b'\r\n\r\n{"id": 1}')
    assert b"webhook-id: msg_1\r\n" in request


def test_two_bodies_are_a_mistake_of_the_caller(server: HostileServer) -> None:
    with pytest.raises(TypeError, match="one body at most"):
        post(server, form={"a": "b"}, content=b"c")


def test_the_door_names_itself_and_what_it_can_decode(server: HostileServer) -> None:
    get(server)
    assert b"\r\nUser-Agent: Evergrant/" in server.requests[0]
    assert b"\r\nAccept-Encoding: gzip\r\n" in server.requests[0]
    assert server.requests[0].lower().count(b"\r\nhost:") == 1


def test_auth_may_add_headers(server: HostileServer) -> None:
    request = post(server, form={"a": "b"}, auth=requests.auth.HTTPBasicAuth("id", "secret"))
    assert b"\r\nAuthorization: Basic aWQ6c2VjcmV0\r\n" in request


class _InBody(requests.auth.AuthBase):
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.body = f"{r.body}&client_secret=s"  # type: ignore[str-bytes-safe]
        return r


def test_auth_may_add_to_the_body(server: HostileServer) -> None:
    request = post(server, form={"a": "b"}, auth=_InBody())
    assert request.endswith(b"\r\n\r\na=b&client_secret=s")
    assert b"\r\nContent-Length: 19\r\n" in request


class _Elsewhere(requests.auth.AuthBase):
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.url = "https://elsewhere.example/"
        return r


def test_auth_may_not_send_the_call_elsewhere(server: HostileServer) -> None:
    with pytest.raises(outbound.InvalidRequest):
        post(server, auth=_Elsewhere())
    assert server.requests == []


@pytest.mark.fault(36)
def test_a_redirect_is_an_answer(server: HostileServer) -> None:
    assert get(server, "/redirect").status == 302
    assert len(server.requests) == 1


def _refuse_unread(server: HostileServer, sock: socket.socket) -> None:
    server.send(sock, answer(b"too much", status="413 Content Too Large"))


def test_an_answer_before_the_request_was_read_counts() -> None:
    with hostile_server(on_accept=_refuse_unread) as server:
        response = outbound.send(
            role=Role.WEBHOOK, method="POST", url=server.url("/"), content=b"x" * 20_000_000
        )
    assert (response.status, response.body) == (413, b"too much")


def test_a_closed_connection_does_not_open_itself_again(server: HostileServer) -> None:
    meter = Meter(seconds=5, max_body_bytes=1000)
    connection = open_connection(parse_target(server.url("/json")), ["127.0.0.1"], meter)
    connection.close()
    with pytest.raises(http.client.NotConnected):
        connection.request("POST", "/json")
    assert server.requests == []


def test_a_digest_challenge_does_not_send_the_request_again(server: HostileServer) -> None:
    auth = requests.auth.HTTPDigestAuth("id", "secret")
    assert get(server, "/digest", auth=auth).status == 401
    assert len(server.requests) == 1


def test_cookies_are_forgotten(server: HostileServer) -> None:
    get(server, "/cookie")
    get(server)
    assert b"cookie" not in server.requests[1].lower()


def test_proxies_of_the_environment_are_ignored(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert get(server).status == 200


def test_netrc_is_ignored(
    server: HostileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    get(server)
    assert b"authorization" not in server.requests[0].lower()


def test_ipv6_loopback_is_spoken_to() -> None:
    with hostile_server(family=socket.AF_INET6) as server:
        assert get(server).status == 200
        assert f"\r\nHost: [::1]:{server.port}\r\n".encode() in server.requests[0]


@pytest.mark.parametrize(
    "value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", " a", "a ", "ā", "a\x7f"]
)
def test_a_header_value_that_would_break_out_is_refused(server: HostileServer, value: str) -> None:
    with pytest.raises(outbound.InvalidRequest) as caught:
        get(server, headers={"X-Token": value})
    assert (caught.value.outcome_unknown, server.requests) == (False, [])


@pytest.mark.parametrize(
    "name",
    ["Host", "content-length", "Transfer-Encoding", "Connection", "X Y", "X:Y", "", "X\r\nY"],
)
def test_a_header_name_that_is_odd_or_the_doors_own_is_refused(
    server: HostileServer, name: str
) -> None:
    with pytest.raises(outbound.InvalidRequest):
        get(server, headers={name: "1"})


@pytest.mark.parametrize("method", ["get", "GET / HTTP/1.1\r\nX: y", "CONNECT", "TRACE", ""])
def test_an_odd_method_is_refused(server: HostileServer, method: str) -> None:
    with pytest.raises(outbound.InvalidRequest):
        outbound.send(role=Role.TOKEN, method=method, url=server.url("/json"))


def test_a_value_that_json_cannot_say_is_refused(server: HostileServer) -> None:
    with pytest.raises(outbound.InvalidRequest):
        post(server, json={"expires_in": float("nan")})


@pytest.mark.parametrize("path", ["/html", "/nested", "/204", "/brotli"])
def test_a_body_that_is_not_json_is_told_apart(server: HostileServer, path: str) -> None:
    with pytest.raises(outbound.MalformedBody) as caught:
        get(server, path).json()
    assert caught.value.outcome_unknown
    assert caught.value.code == "malformed_body"


def test_a_transport_can_be_put_in_the_place_of_the_network() -> None:
    calls: list[PreparedCall] = []

    def fake(call: PreparedCall) -> Response:
        calls.append(call)
        return Response(status=418, headers={"X-A": "b"}, body=b"", elapsed=0.0)

    with outbound.use_transport(fake):
        response = outbound.send(
            role=Role.TOKEN, method="POST", url="https://provider.example/t?q", form={"a": "b"}
        )
    assert (response.status, response.headers["x-a"]) == (418, "b")
    assert (calls[0].url, calls[0].body) == ("https://provider.example/t?q", b"a=b")


def test_every_role_has_its_limits() -> None:
    assert set(outbound.LIMITS) == set(Role)
    assert [role.value for role in Role] == [
        "token",
        "identity",
        "revocation",
        "webhook",
        "discovery",
    ]


def test_an_error_survives_pickle_and_copy() -> None:
    error = outbound.ConnectFailed("TLS", code="tls_failed", outcome_unknown=False)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert (str(twin), twin.code, twin.status) == (str(error), "tls_failed", None)
