"""From what a caller asks for to the call as it will be sent."""

import json as jsonlib
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import requests.auth

from integrations.outbound.authenticating import authenticate, escape
from integrations.outbound.errors import InvalidRequest
from integrations.outbound.headers import Headers
from integrations.outbound.limits import LIMITS, Limits, Role
from integrations.outbound.messages import PreparedCall
from integrations.outbound.targets import parse_target

VERSION: Final = "0.1.0"
USER_AGENT: Final = f"Evergrant/{VERSION}"

_METHOD: Final = re.compile(r"(?!CONNECT$|TRACE$)[A-Z]{1,16}")
_DEFAULTS: Final = (("User-Agent", USER_AGENT), ("Accept", "*/*"))
_FORM: Final = ("Content-Type", "application/x-www-form-urlencoded")
_JSON: Final = ("Content-Type", "application/json")


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
    repeatable: bool,
) -> PreparedCall:
    """Return the call, checked as far as that goes without the network.

    Raises:
        InvalidRequest, InvalidUrl, AddressRefused
        TypeError: more than one of ``form``, ``json`` and ``content``.
    """
    # The path of a token endpoint is no secret; that of a webhook may be one.
    target = parse_target(url, keep=role is Role.TOKEN)
    if not _METHOD.fullmatch(method):
        raise InvalidRequest("method")
    if (form is not None) + (json is not None) + (content is not None) > 1:
        raise TypeError("one body at most: form, json or content")
    sent = _caller_headers(headers or {}, form=bool(form), json=json is not None)
    body = _encode(form, json, content)
    if auth is not None:
        target, sent, body = authenticate(
            auth, method=method, target=target, headers=sent, data=form or body
        )
    return PreparedCall(
        role=role,
        method=method,
        target=target if target.is_plain else escape(target),
        headers=_final_headers(sent, repeatable=repeatable),
        body=body,
        limits=limits or LIMITS[role],
        repeatable=repeatable,
    )


def _caller_headers(headers: Mapping[str, str], *, form: bool, json: bool) -> Headers:
    """Say what the body is. Refuse header injection (CR, LF), and headers that only we may set."""
    body = [_FORM] * form + [_JSON] * json
    sent = Headers([*body, *headers.items()])
    sent.check()
    if sent.has_reserved:
        raise InvalidRequest("a header that only the door may set")
    return sent


def _encode(
    form: Mapping[str, str] | None, json: object | None, content: bytes | None
) -> bytes | None:
    if form:
        return urlencode(form).encode()
    if json is None:
        return content
    try:
        return jsonlib.dumps(json, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        raise InvalidRequest("JSON body") from None


def _final_headers(sent: Headers, *, repeatable: bool) -> Headers:
    """Set what is the door's to set. HTTP/1.1 connections go on unless somebody says close."""
    fields = [*_DEFAULTS, *sent.items(), ("Accept-Encoding", "gzip")]
    if not repeatable:
        fields.append(("Connection", "close"))
    return Headers(fields)
