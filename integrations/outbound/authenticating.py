"""What requests does for the door: auth objects, and URLs that need escaping."""

from collections.abc import Mapping

import requests
import requests.auth

from integrations.outbound.errors import InvalidRequest
from integrations.outbound.headers import Headers
from integrations.outbound.targets import Target, parse_target


def authenticate(
    auth: requests.auth.AuthBase,
    *,
    method: str,
    target: Target,
    headers: Headers,
    data: Mapping[str, str] | bytes | None,
) -> tuple[Target, Headers, bytes | None]:
    """Let ``auth`` add to headers, body and query; return target, headers and body.

    Without a Session nothing comes from the environment: no netrc, no proxy, no cookies. Hooks that
    ``auth`` registers are not run.

    Raises:
        InvalidRequest: requests does not take it, or it would go elsewhere.
        InvalidUrl, AddressRefused
    """
    request = requests.Request(method, target.url, dict(headers), data=data, auth=auth)
    try:
        prepared = request.prepare()
    except requests.exceptions.RequestException:
        raise InvalidRequest from None
    # requests sets lengths, which are the door's to set; what the caller may not set was refused.
    changed = Headers((name, _text(value)) for name, value in prepared.headers.items())
    changed = changed.without_reserved()
    changed.check()
    return _same_origin(target, prepared.url), changed, _bytes(prepared.body)


def escape(target: Target) -> Target:
    """Return ``target`` with path and query as requests writes them: escaped, no dot segments.

    Raises:
        InvalidRequest, InvalidUrl, AddressRefused
    """
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(target.url, None)
    except requests.exceptions.RequestException:
        raise InvalidRequest from None
    return _same_origin(target, prepared.url)


def _same_origin(target: Target, url: str | None) -> Target:
    """Read the URL again: it may have got another query, but may not send the call elsewhere."""
    final = parse_target(url or "")
    if final.origin != target.origin:
        raise InvalidRequest("its authentication changed where it goes")
    return final


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: object) -> bytes | None:
    match body:
        case None | bytes():
            return body
        case str():
            return body.encode()
    raise TypeError("the body must be bytes once it is prepared")
