"""The API behind a real web server: bytes that the test client cannot send (faults.md 43)."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.evergrant_processes import EvergrantProcesses

PATH = b"/api/v1/auth_configs"


@pytest.fixture(scope="module")
def served(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EvergrantProcesses]:
    processes = EvergrantProcesses(database_url, tmp_path_factory.mktemp("served"))
    processes.manage("migrate", "--no-input")
    processes.start_web()
    yield processes
    processes.stop()


@pytest.fixture(scope="module")
def key(served: EvergrantProcesses) -> str:
    """A key of a project in the server's own database. Wrong ones: fewer than twenty in all."""
    made = served.manage(
        "shell",
        "--no-imports",
        "-c",
        "from integrations.models import *\n"
        "print(ApiKey(project=Project.objects.create(name='Acme'), name='x').issue())",
    )
    return made.split()[-1]


def send(served: EvergrantProcesses, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes; return status, headers and body of the answer."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        # It may answer before it has read everything.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        answer = b""
        while piece := _receive(connection):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    named = {name.lower(): value for name, value in headers.items()}
    return int(status.split(" ")[1]), named, body


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def get(
    served: EvergrantProcesses, headers: bytes, path: bytes = PATH
) -> tuple[int, dict[str, str], bytes]:
    request = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n\r\n"
    return send(served, request % (path, headers))


def test_the_right_key_is_let_in(served: EvergrantProcesses, key: str) -> None:
    status, _, body = get(served, b"x-api-key: " + key.encode())
    assert (status, json.loads(body)) == (200, {"items": [], "next_cursor": None})


@pytest.mark.fault(43)
@pytest.mark.parametrize(
    "value",
    [
        "eg_gr\u00fcn".encode(),
        "eg_gr\u00fcn".encode("latin-1"),
        "\u0417\u0434\u0440\u0430\u0432".encode(),
        b"eg_\xff\xfe",
        b"eg_ blank",
        b"eg_\ttab",
    ],
)
@pytest.mark.parametrize("header", [b"x-api-key: ", b"authorization: Bearer x"])
def test_a_key_in_other_letters_is_a_bad_request(
    served: EvergrantProcesses, header: bytes, value: bytes
) -> None:
    status, headers, body = get(served, header + value)
    error = json.loads(body)["error"]
    assert (status, error["code"]) == (400, "invalid_request")
    assert error["request_id"] == headers["x-request-id"]


@pytest.mark.fault(43)
@pytest.mark.parametrize(
    "value", [b"eg_\x00", b"eg_\rX: 1", b"eg_\r\n folded", b"eg_\x01", b"eg_\x7f"]
)
def test_a_key_that_breaks_the_line_never_reaches_us(
    served: EvergrantProcesses, value: bytes
) -> None:
    status, _, body = get(served, b"x-api-key: " + value)
    assert status == 400
    assert b"eg_" not in body


def test_a_line_break_in_a_key_cannot_add_a_header(served: EvergrantProcesses, key: str) -> None:
    status, headers, _ = get(served, b"x-api-key: eg_x\r\nx-request-id: from-the-key")
    assert (status, headers["x-request-id"]) == (401, "from-the-key"), "two lines, as sent"


@pytest.mark.parametrize("path", [b"/api/v1/auth_configs/%00", b"/api/v1/auth_configs/%FF"])
def test_an_odd_path_is_not_found(served: EvergrantProcesses, key: str, path: bytes) -> None:
    status, _, body = get(served, b"x-api-key: " + key.encode(), path)
    assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")


def post(key: str, length: int, body: bytes) -> bytes:
    head = (
        f"POST {PATH.decode()} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"x-api-key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.fault(43)
@pytest.mark.parametrize("size", [1_100_000, 20_000_000])
def test_a_giant_body_is_too_large(served: EvergrantProcesses, key: str, size: int) -> None:
    body = b'{"name": "' + b"x" * size + b'"}'
    status, _, answer = send(served, post(key, len(body), body))
    assert (status, json.loads(answer)["error"]["code"]) == (413, "request_too_large")


def test_a_body_without_a_length_is_not_taken_for_a_whole_one(
    served: EvergrantProcesses, key: str
) -> None:
    chunked = post(key, 0, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    status, _, _ = send(served, chunked + b"2\r\n{}\r\n0\r\n\r\n")
    assert status == 400


def test_nothing_that_was_refused_is_in_the_log(served: EvergrantProcesses) -> None:
    get(served, b"x-api-key: eg_canary\xff")
    get(served, b"authorization: Basic canary")
    get(served, b"x-api-key: eg_canary")
    assert "canary" not in served.log("web")
