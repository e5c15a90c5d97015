"""What is read of an answer that is correct, odd, or no answer at all."""

import http.client
import io
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from integrations import outbound
from integrations.outbound import Limits, Response, Role
from integrations.outbound.headers import Headers
from integrations.outbound.heads import Head, parse_head
from tests.hostile_server import OK_HEAD, HostileServer, _read_request, answer, hostile_server

OK = "HTTP/1.1 200 OK\r\n"


def head(text: str, method: str = "POST") -> Head:
    return parse_head(text.encode("latin-1"), method=method)


# --- Status line ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("HTTP/1.1 200 OK", 200),
        ("HTTP/1.1 200", 200),
        ("HTTP/1.1 200 ", 200),
        ("HTTP/1.0 404 Not Found", 404),
        ("HTTP/1.1 599 Größe", 599),
    ],
)
def test_a_status_line_is_read(line: str, status: int) -> None:
    assert head(f"{line}\r").status == status
    assert head(line).status == status


@pytest.mark.parametrize(
    "line",
    [
        "",
        "HTTP/1.1",
        "HTTP/1.1 OK",
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 099 OK",
        "HTTP/1.1 +20 OK",
        "HTTP/1.1 ²00 OK",
        "HTTP/1.1 101 Switching Protocols",
        "HTTP/2 200 OK",
        "ICY 200 OK",
        "200 OK",
    ],
)
def test_what_is_no_status_line_of_http_1_is_refused(line: str) -> None:
    with pytest.raises(outbound.ResponseInterrupted):
        head(line)


# --- Fields --------------------------------------------------------------------------------------


def test_fields_are_found_in_whatever_case() -> None:
    headers = head(f"{OK}Content-TYPE: \t text/html \t\r\nX-A:b\r\nX-Empty:\r").headers
    assert (headers["content-type"], headers["x-a"], headers["X-EMPTY"]) == ("text/html", "b", "")
    assert dict(headers) == {"Content-TYPE": "text/html", "X-A": "b", "X-Empty": ""}
    assert "x-b" not in headers


def test_repeated_fields_are_joined() -> None:
    assert head(f"{OK}Set-Cookie: a=1\r\nset-cookie: b=2\r").headers["Set-Cookie"] == "a=1, b=2"


def test_headers_do_not_show_themselves() -> None:
    assert "canary" not in repr(Headers({"Authorization": "canary"}))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("X-Folded: a\r\n \t b\r\n\tc", "X-Folded", "a b c"),
        ("X-Bare: a\rContent-Length: 5", "X-Bare", "a Content-Length: 5"),
        ("X-Nul: a\0b", "X-Nul", "a b"),
        ("X-Space \t: a", "X-Space", "a"),
        ("no colon\r\nX-After: a", "X-After", "a"),
        ("X Y: b\r\nX-After: a", "X-After", "a"),
        (": b\r\nX-After: a", "X-After", "a"),
        (" leading\r\nX-After: a", "X-After", "a"),
    ],
)
def test_an_odd_field_is_read_as_far_as_it_goes(line: str, name: str, value: str) -> None:
    read = head(f"{OK}{line}\r\nContent-Length: 2\r")
    assert dict(read.headers) == {name: value, "Content-Length": "2"}
    assert (read.length, read.persistent) == (2, False)


def test_more_than_a_hundred_fields_are_refused() -> None:
    lines = "".join(f"X-{number}: a\r\n" for number in range(100))
    assert len(head(OK + lines.removesuffix("\n")).headers) == 100
    with pytest.raises(outbound.ResponseInterrupted):
        head(f"{OK}{lines}X-100: a\r")


# --- How the body ends ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "length", "chunked", "persistent"),
    [
        ("Content-Length: 5", 5, False, True),
        ("Content-Length: 0", 0, False, True),
        ("Content-Length: 5, 5", 5, False, True),
        ("Content-Length: 5\r\nContent-Length: 5", 5, False, True),
        ("Transfer-Encoding: Chunked", None, True, True),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", None, True, False),
        ("Content-Length: 5, 6\r\nTransfer-Encoding: chunked", None, True, False),
        ("Transfer-Encoding: gzip, chunked", None, True, False),
        ("Transfer-Encoding: identity\r\nContent-Length: 5", 5, False, False),
        ("Content-Length: five", None, False, False),
        ("Content-Length: -5", None, False, False),
        ("Content-Length:", None, False, False),
        ("X-A: b", None, False, False),
    ],
)
def test_the_framing_is_told(
    fields: str, length: int | None, chunked: bool, persistent: bool
) -> None:
    read = head(f"{OK}{fields}\r")
    assert (read.length, read.chunked, read.persistent) == (length, chunked, persistent)


@pytest.mark.parametrize(
    ("line", "method"),
    [("HTTP/1.1 204 No", "POST"), ("HTTP/1.1 304 Same", "GET"), ("HTTP/1.1 200 OK", "HEAD")],
)
def test_an_answer_that_has_no_body_has_none(line: str, method: str) -> None:
    for field in ("Content-Length: 5", "Transfer-Encoding: chunked"):
        read = head(f"{line}\r\n{field}\r", method)
        assert (read.length, read.chunked, read.persistent) == (0, False, False)


def test_lengths_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(outbound.ResponseInterrupted):
        head(f"{OK}Content-Length: 5\r\nContent-Length: 6\r")


def test_a_length_beyond_any_length_is_too_large() -> None:
    with pytest.raises(outbound.ResponseTooLarge):
        head(f"{OK}Content-Length: {'9' * 5000}\r")


# --- Beside the parser of the standard library ---------------------------------------------------

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)


@examples(deadline=None)
@given(
    status=st.integers(200, 599),
    fields=st.lists(st.tuples(NAMES, VALUES), max_size=20),
    end=st.sampled_from(["\r\n", "\n"]),
)
def test_a_correct_head_says_what_the_standard_library_reads(
    status: int, fields: list[tuple[str, str]], end: str
) -> None:
    framing = {"content-length", "transfer-encoding"}
    fields = [field for field in fields if field[0].lower() not in framing]
    raw = f"HTTP/1.1 {status} Reason" + "".join(f"{end}{name}: {text}" for name, text in fields)
    expected = http.client.parse_headers(
        io.BytesIO("".join(f"{name}: {text}\r\n" for name, text in fields).encode() + b"\r\n")
    )
    read = head(raw)
    assert read.status == status
    for name in expected:
        assert read.headers[name] == ", ".join(expected.get_all(name, []))
    assert len(read.headers) == len({name.lower() for name in expected})


# --- Whole answers, over a socket ----------------------------------------------------------------


@pytest.fixture(autouse=True)
def _loopback(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW_LOOPBACK = True


class Saying:
    """Answers every request with `data`, piece by piece."""

    def __init__(self) -> None:
        self.data = b""
        self.piece = 1 << 30

    def __call__(self, server: HostileServer, sock: object) -> None:
        _read_request(sock)  # type: ignore[arg-type]
        for start in range(0, len(self.data), self.piece):
            server.send(sock, self.data[start : start + self.piece])  # type: ignore[arg-type]


@pytest.fixture
def saying() -> Saying:
    return Saying()


@pytest.fixture
def server(saying: Saying) -> Iterator[HostileServer]:
    with hostile_server(on_accept=saying) as running:
        yield running


def call(server: HostileServer, cap: int = 100_000, **kwargs: object) -> Response:
    limits = Limits(deadline=10, max_response_bytes=cap)
    return outbound.send(
        role=Role.TOKEN,
        method="POST",
        url=server.url("/"),
        limits=limits,
        **kwargs,  # type: ignore[arg-type]
    )


CHUNKED = OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("piece", [1, 2, 7, 1 << 30])
@pytest.mark.parametrize(
    ("data", "body"),
    [
        (answer(b"hello"), b"hello"),
        (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\n\nhel\r\n\r\nlo", b"hel\r\n\r\nlo"),
        (OK_HEAD + b"\r\nhello", b"hello"),
        (CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
        (CHUNKED + b"0000003 \nhel\n2\nlo\n0\n\n", b"hello"),
        (CHUNKED + b"A\r\n0123456789\r\n0\r\nX-Trailer: 1\r\n\r\n", b"0123456789"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n", b"hello"),  # some leave out the last line
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"hello"), b"hello"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer(b"hello"), b"hello"),
        (answer(b"hello") + b"more", b"hello"),
    ],
)
def test_an_answer_is_read_however_it_is_cut_into_pieces(
    server: HostileServer, saying: Saying, data: bytes, body: bytes, piece: int
) -> None:
    saying.data, saying.piece = data, piece
    assert call(server).body == body


@pytest.mark.parametrize(
    "data",
    [
        OK_HEAD + b"Content-Type: te",
        OK_HEAD + b"Content-Length: 0\r\n",
        OK_HEAD,
        CHUNKED,
        CHUNKED + b"5",
        CHUNKED + b"5\r\nhello",
        CHUNKED + b"5\r\nhelloworld\r\n0\r\n\r\n",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"\r\n\r\n" + answer(b"hello"),
    ],
)
def test_an_answer_without_its_end_is_an_unknown_outcome(
    server: HostileServer, saying: Saying, data: bytes
) -> None:
    saying.data = data
    with pytest.raises(outbound.ResponseInterrupted) as caught:
        call(server)
    assert caught.value.outcome_unknown


def test_a_failure_after_the_head_tells_the_status(server: HostileServer, saying: Saying) -> None:
    saying.data = b"HTTP/1.1 503 Away\r\nContent-Length: 50\r\n\r\nhello"
    with pytest.raises(outbound.ResponseInterrupted) as caught:
        call(server)
    assert caught.value.status == 503


@pytest.mark.parametrize("size", [b"-5", b"F" * 16, b"186A1"])
def test_a_chunk_beyond_the_cap_is_too_large(
    server: HostileServer, saying: Saying, size: bytes
) -> None:
    saying.data = CHUNKED + size + b"\r\n" + b"x" * 200_000
    with pytest.raises(outbound.ResponseTooLarge):
        call(server)


def test_a_head_without_end_is_too_large(server: HostileServer, saying: Saying) -> None:
    saying.data = OK_HEAD + b"X: y\r\n" * 20_000
    with pytest.raises(outbound.ResponseTooLarge):
        call(server)


@examples(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=60).map(lambda tail: OK_HEAD + tail),
        st.binary(max_size=60).map(lambda tail: CHUNKED + tail),
    )
)
def test_whatever_comes_is_an_answer_or_an_error_of_ours(
    server: HostileServer, saying: Saying, data: bytes
) -> None:
    saying.data = data
    try:
        expected = call(server, repeatable=True).status >= 200
    except outbound.OutboundError as error:
        expected = error.outcome_unknown
    assert expected
