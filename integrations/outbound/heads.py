"""Status line and headers of an answer, from bytes to a `Head`. Pure functions.

What is odd but readable is read, as the answer may hold a token that is issued once only. But it
makes the head not `persistent`: where one oddity is, no next answer is expected on the connection.
"""

import re
from dataclasses import dataclass
from typing import Final

from integrations.outbound.errors import ResponseInterrupted, ResponseTooLarge
from integrations.outbound.headers import FIELD_NAME, Headers

MAX_FIELDS: Final = 100
MAX_LENGTH_DIGITS: Final = 18
# A peer that announces less may close the connection while the next request is on its way.
SHORTEST_KEEP_ALIVE: Final = 2

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TIMEOUT: Final = re.compile(r"timeout\s*=\s*\"?([0-9]{1,9})")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Head:
    """What comes before the body, and how the body ends.

    Attributes:
        length: of the body in bytes; None where it is chunked, or ends with the connection.
        persistent: the peer will take another request after this answer.
    """

    status: int
    headers: Headers
    length: int | None
    chunked: bool
    persistent: bool

    @property
    def is_interim(self) -> bool:
        """Whether the final answer is still to come (RFC 9110, 15.2)."""
        return self.status < 200


def parse_head(raw: bytes | bytearray, *, method: str) -> Head:
    """Return the head of an answer to a ``method`` request, without its final empty line.

    Raises:
        ResponseInterrupted: it is not HTTP/1, or its lengths contradict each other.
        ResponseTooLarge: the body's length has more digits than any length.
    """
    first, *lines = raw.decode("latin-1").split("\n")
    version, status = _read_status_line(first)
    if len(lines) > MAX_FIELDS:
        raise ResponseInterrupted
    fields, odd = _read_fields(lines)
    headers = Headers.joining(fields)
    codings = headers.elements("transfer-encoding")
    chunked = "chunked" in codings
    length = None if chunked else _read_length(headers)
    # Two framings are an attack or a mistake (RFC 9112, 6.3): nobody knows what comes after.
    framed = not (codings and "content-length" in headers)
    if status < 200 or status in {204, 304} or method == "HEAD":
        framed = framed and not codings and not length
        chunked, length = False, 0
    elif codings:
        framed = framed and codings == ["chunked"]
    else:
        framed = length is not None
    return Head(
        status=status,
        headers=headers,
        length=length,
        chunked=chunked,
        persistent=framed and not odd and version != "HTTP/1.0" and _wants_to_go_on(headers),
    )


def _read_status_line(line: str) -> tuple[str, int]:
    version, status, *_ = [*line.split(None, 2), "", ""]
    if not (version.startswith("HTTP/1.") and len(status) == 3 and _is_number(status)):
        raise ResponseInterrupted
    if status < "100" or status == "101":  # nobody asked for another protocol
        raise ResponseInterrupted
    return version, int(status)


def _read_fields(lines: list[str]) -> tuple[list[tuple[str, str]], bool]:
    """Return names and values, and whether one was odd (RFC 9112, 5)."""
    fields: list[tuple[str, str]] = []
    odd = False
    for line in lines:
        text = line.removesuffix("\r")
        name, colon, value = text.partition(":")
        if colon and FIELD_NAME.fullmatch(name) and not _CONTROL.search(value):
            fields.append((name, value.strip(" \t")))
        else:
            odd = True
            _mend(fields, text)
    return fields, odd


def _mend(fields: list[tuple[str, str]], text: str) -> None:
    """Add an odd line to ``fields`` where it can be read at all."""
    plain = _CONTROL.sub(" ", text)  # RFC 9112, 2.2, of a bare CR
    if plain[:1] in {" ", "\t"}:
        # A value over several lines (RFC 9112, 5.2).
        if fields:
            name, value = fields[-1]
            fields[-1] = (name, f"{value} {plain.strip()}".strip())
        return
    name, colon, value = plain.partition(":")
    name = name.rstrip(" \t")
    if colon and FIELD_NAME.fullmatch(name):
        fields.append((name, value.strip(" \t")))


def _read_length(headers: Headers) -> int | None:
    """Return Content-Length; None where there is none or it says nothing."""
    lengths = set(headers.elements("content-length"))
    if len(lengths) > 1:
        raise ResponseInterrupted
    text = next(iter(lengths), "")
    if not _is_number(text):
        return None
    if len(text) > MAX_LENGTH_DIGITS:
        raise ResponseTooLarge("as declared")
    return int(text)


def _wants_to_go_on(headers: Headers) -> bool:
    if "close" in headers.elements("connection"):
        return False
    announced = _TIMEOUT.search(headers.get("keep-alive", "").lower())
    return announced is None or int(announced[1]) >= SHORTEST_KEEP_ALIVE


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
