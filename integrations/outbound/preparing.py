"""From what a caller asks for to the call as it will be sent."""

import json as jsonlib
import re
from collections.abc import Mapping
from typing import Final

import requests
import requests.auth
from requests.structures import CaseInsensitiveDict

from integrations.outbound.errors import InvalidRequest
from integrations.outbound.limits import LIMITS, Limits, Role
from integrations.outbound.messages import PreparedCall
from integrations.outbound.targets import Target, parse_target

VERSION: Final = "0.1.0"
USER_AGENT: Final = f"Evergrant/{VERSION}"

_METHOD: Final = re.compile(r"(?!CONNECT$|TRACE$)[A-Z]{1,16}")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_HEADER_VALUE: Final = re.compile(
    r"([\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
)
# Where the message goes and where it ends is the door's to say.
_RESERVED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def prepare(
    *,
    role: Role,
    method: str,
    url: str,
    headers: Mapping[str, str] | None,
    form: Mapping[str, str] | None,
    json: object | None,
    content: bytes | None,
    auth: requests.auth.AuthBase | None,
    limits: Limits | None,
) -> PreparedCall:
    """Return the call, checked as far as that goes without the network.

    Raises:
        InvalidRequest, InvalidUrl, AddressRefused
        TypeError: more than one of ``form``, ``json`` and ``content``.
    """
    target = parse_target(url)
    if not _METHOD.fullmatch(method):
        raise InvalidRequest("method")
    sent = CaseInsensitiveDict(headers or {})
    _check_caller_headers(sent)
    if sum(part is not None for part in (form, json, content)) > 1:
        raise TypeError("one body at most: form, json or content")
    if json is not None:
        content = _encode_json(json)
        sent.setdefault("Content-Type", "application/json")
    data = form if content is None else content
    request = _prepare_by_requests(requests.Request(method, url, sent, data=data, auth=auth))
    return PreparedCall(
        role=role,
        method=method,
        target=_same_origin(target, request.url),
        headers=_final_headers(request.headers),
        body=_body_bytes(request.body),
        limits=limits or LIMITS[role],
    )


def _prepare_by_requests(request: requests.Request) -> requests.PreparedRequest:
    """Let requests encode the body and apply the auth.

    Without a Session nothing comes from the environment: no netrc, no proxy, no cookies.
    """
    try:
        return request.prepare()
    except requests.exceptions.RequestException:
        raise InvalidRequest from None


def _encode_json(value: object) -> bytes:
    try:
        return jsonlib.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        raise InvalidRequest("JSON body") from None


def _check_caller_headers(headers: Mapping[str, str]) -> None:
    """Refuse header injection (CR, LF) and headers that are the door's own."""
    _check_headers(headers)
    if not _RESERVED.isdisjoint(name.lower() for name in headers):
        raise InvalidRequest("a header that only the door may set")


def _check_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise InvalidRequest("header")


def _final_headers(prepared: Mapping[str, str | bytes]) -> CaseInsensitiveDict[str]:
    """Check again, as ``auth`` may have added some, and set what is the door's to set."""
    headers = CaseInsensitiveDict(
        {
            name: value.decode("latin-1") if isinstance(value, bytes) else value
            for name, value in prepared.items()
            if name.lower() not in _RESERVED
        }
    )
    _check_headers(headers)
    headers.setdefault("User-Agent", USER_AGENT)
    headers.setdefault("Accept", "*/*")
    headers["Accept-Encoding"] = "gzip"
    headers["Connection"] = "close"
    return headers


def _same_origin(target: Target, url: str | None) -> Target:
    """Read the URL again: ``auth`` may add to the query, but not send the call elsewhere."""
    final = parse_target(url or "")
    if final.origin != target.origin:
        raise InvalidRequest("its authentication changed where it goes")
    return final


def _body_bytes(body: object) -> bytes | None:
    match body:
        case None | bytes():
            return body
        case str():
            return body.encode()
    raise TypeError("the body must be bytes once it is prepared")
