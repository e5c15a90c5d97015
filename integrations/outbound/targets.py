"""URLs: which ones may be called at all, decided without asking the network.

One parser decides. What it returns is what is connected to and named in Host, so that no second
parser's reading of an odd URL matters. Everything that parsers are known to disagree on is
refused rather than repaired (WHATWG URL, 4.5 and RFC 3986 differ on all of it).
"""

import functools
import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from integrations.outbound.errors import AddressRefused, InvalidUrl

DEFAULT_PORTS: Final = {"https": 443, "http": 80}
MAX_URL_LENGTH: Final = 8192

_PRINTABLE_ASCII: Final = re.compile(r"[\x21-\x7e]+")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_BRACKETED: Final = re.compile(r"\[[^\[\]]+\](:[0-9]*)?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
# Path and query that every parser reads, and would write, in the same way.
_PLAIN: Final = re.compile(r"(?!.*/\.)[A-Za-z0-9._~!$&'()*+,;=:@/?-]*")


@dataclass(frozen=True, kw_only=True, repr=False)
class Target:
    """Where a call goes: host is a lower-case name or a canonical address without brackets."""

    scheme: str
    host: str
    port: int
    path: str  # with the query, without the fragment

    @functools.cached_property
    def origin(self) -> str:
        """``scheme://host:port``: all that messages and logs may say of a URL."""
        return f"{self.scheme}://{self._bracketed}:{self.port}"

    @functools.cached_property
    def authority(self) -> str:
        """What the Host header says: the host, and the port where it is not the default one."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self._bracketed}{port}"

    @property
    def url(self) -> str:
        """The whole URL, without a default port. It may carry secrets: keep it out of logs."""
        return f"{self.scheme}://{self.authority}{self.path}"

    @functools.cached_property
    def is_plain(self) -> bool:
        """Whether path and query need no escaping and have no dot segments."""
        return _PLAIN.fullmatch(self.path) is not None

    @functools.cached_property
    def address(self) -> str | None:
        """The host where it is an address itself, None where it is a name to resolve."""
        return self.host if ":" in self.host or _NUMBER.fullmatch(_last_label(self.host)) else None

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parse_target(url: str, *, keep: bool = False) -> Target:
    """Return where ``url`` goes.

    Args:
        keep: remember it, as the same URL will be called again. One with a query is not kept, as
            there may be a secret in it.

    Raises:
        InvalidUrl: not http(s), userinfo, a character or a port that does not belong in a URL,
            or http where OUTBOUND_ALLOW_LOOPBACK is off.
        AddressRefused: the host spells an address in another way than the canonical one.
    """
    http = settings.OUTBOUND_ALLOW_LOOPBACK is True
    if keep and "?" not in url and "#" not in url:
        return _parse_once(url, http)
    return _parse(url, http)


def _parse(url: str, http: bool) -> Target:  # noqa: FBT001 - a key of the cache
    if not _PRINTABLE_ASCII.fullmatch(url) or "\\" in url or len(url) > MAX_URL_LENGTH:
        raise InvalidUrl("printable ASCII without blanks and backslashes, at most 8192 characters")
    parts, port = _split(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidUrl("only https")
    if parts.scheme == "http" and not http:
        raise InvalidUrl("only https")
    if "@" in parts.netloc:
        raise InvalidUrl("no user name or password in it")
    query = f"?{parts.query}" if parts.query else ""
    return Target(
        scheme=parts.scheme,
        host=_canonical_host(parts),
        port=port,
        path=f"{parts.path or '/'}{query}",
    )


_parse_once = functools.lru_cache(maxsize=256)(_parse)


def _split(url: str) -> tuple[SplitResult, int]:
    """Split, with the port to connect to."""
    try:
        parts = urlsplit(url)
        port = DEFAULT_PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        raise InvalidUrl("host and port") from None
    if port == 0 and parts.scheme in DEFAULT_PORTS:
        raise InvalidUrl("port out of range")
    return parts, port


def _canonical_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc or "]" in parts.netloc:
        # urlsplit would take evil.example[::1] for ::1.
        return _canonical_ipv6(host if _BRACKETED.fullmatch(parts.netloc) else "")
    if _NUMBER.fullmatch(_last_label(host)):
        return _canonical_ipv4(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise InvalidUrl("host")
    return host


def _last_label(host: str) -> str:
    """A host whose last label is a number is an IPv4 address to some resolver (WHATWG URL, 3.5)."""
    return host.removesuffix(".").rpartition(".")[2]


def _canonical_ipv4(host: str) -> str:
    """Let 127.0.0.1 through, and none of 2130706433, 0177.0.0.1, 0x7f.1, 127.1, 127.0.0.1."""
    try:
        ipaddress.IPv4Address(host)  # takes four decimal numbers without leading zeros only
    except ValueError:
        raise AddressRefused("not in its canonical form") from None
    return host


def _canonical_ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise InvalidUrl("host") from None
    if address.scope_id is not None:
        raise AddressRefused("with a zone")
    return str(address)
