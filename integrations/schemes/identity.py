"""Asks the provider whose account a token opens: the identity, and the proof that it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from authlib.common.urls import add_params_to_uri

from integrations import outbound
from integrations.catalog import fill_url, first_fitting, is_outage, value_at
from integrations.schemes.error_codes import repeats, shown_code
from integrations.schemes.retry_after import retry_after_seconds

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from integrations.catalog import Identity, Rule
    from integrations.schemes.token_response import TokenSet

LONGEST = 255


class ProbeRejected(Exception):
    """The provider does not accept the token.

    It says so of the access token. Where there is a refresh token, the grant may still live.

    Attributes:
        http_status: of the answer; 200 at providers that refuse in a success.
        error_code: the provider's own code; empty where it sent none.
    """

    def __init__(self, http_status: int, error_code: str = "") -> None:
        self.http_status = http_status
        self.error_code = error_code
        told = f": {error_code}" if error_code else ""
        super().__init__(f"The identity call answered {http_status}{told}.")


class IdentityUnavailable(Exception):
    """The provider could not be asked, or its answer did not say whose account it is.

    Attributes:
        code: what went wrong, in the provider's word or ours.
        http_status: of the answer; None where there was none.
        retry_after: in how many seconds it wants to be asked again; None where it did not say.
    """

    def __init__(
        self, code: str, *, http_status: int | None = None, retry_after: float | None = None
    ) -> None:
        self.code = code
        self.http_status = http_status
        self.retry_after = retry_after
        super().__init__(f"The identity call brought no answer: {code}.")


@dataclass(frozen=True, kw_only=True)
class UpstreamIdentity:
    """The provider's stable id of the account, and what a person recognises it by.

    Both are empty where the answer only proves that the credentials work.
    """

    id: str
    label: str


def identify(
    *,
    auth: outbound.AuthBase,
    tokens: TokenSet,
    identity: Identity,
    now: datetime | None = None,
) -> UpstreamIdentity:
    """Make the toolkit's identity call. An answer means that the credentials work.

    Args:
        auth: what puts ``tokens`` onto the call.
        now: for a Retry-After date in an answer without a Date header.

    Raises:
        ProbeRejected: the provider refused the token.
        IdentityUnavailable: an outage, a rate limit, a lack of permission, an answer without the
            id. It says nothing about the token.
    """
    if tokens.is_empty:
        # See TokenSet.unusable: a refusal of nothing would pass for a refusal of the grant.
        raise IdentityUnavailable("no_access_token")
    try:
        response = outbound.send(
            role=outbound.Role.IDENTITY,
            method=identity.method,
            url=_url(identity, tokens),
            headers={"Accept": "application/json", **identity.headers},
            json=identity.body,
            auth=auth,
            repeatable=True,
        )
    except outbound.OutboundError as error:
        raise IdentityUnavailable(error.code) from None
    return read_identity(response, identity, sent=tokens.parts().values(), now=now)


def _url(identity: Identity, tokens: TokenSet) -> str:
    """Return the call's address; some name the account by a part of the key."""
    parts = {name: secret.reveal() for name, secret in tokens.fields.items()}
    return str(add_params_to_uri(fill_url(identity.url, parts), list(identity.query.items())))


def read_identity(
    response: outbound.Response,
    identity: Identity,
    *,
    sent: Collection[str],
    now: datetime | None = None,
) -> UpstreamIdentity:
    """Return whose account ``response`` says it is. A pure function. Raises as `identify`.

    Args:
        sent: the secrets that were sent, which no error code may repeat.
    """
    status = response.status
    try:
        body = response.json()
    except outbound.MalformedBody as error:
        body, code = None, error.code if status == 200 else ""
    else:
        code = "identity_missing" if status == 200 else ""
    if not is_outage(status):
        if first_fitting(identity.alive, status=status, body=body, shape=identity):
            return UpstreamIdentity(id="", label="")
        _refuse_dead(status, body, identity, sent)
    if 200 <= status < 300 and not identity.is_refusal(body):
        found = _id(body, identity)
        # A page in front of the service answers 200 too, in HTML.
        if found or (identity.id_path is None and body is not None):
            labels = (_text_at(body, path) for path in identity.label_paths)
            return UpstreamIdentity(id=found, label=next(filter(None, labels), found))
    code = _code(body, identity, sent) or code or f"http_{status}"
    wait = retry_after_seconds(response, now=now)
    raise IdentityUnavailable(code, http_status=status, retry_after=wait)


def _refuse_dead(status: int, body: Any, identity: Identity, sent: Collection[str]) -> None:
    if first_fitting(identity.not_dead, status=status, body=body, shape=identity):
        return
    rule = first_fitting(identity.dead, status=status, body=body, shape=identity)
    if rule or status in identity.dead_statuses:
        raise ProbeRejected(status, _code(body, identity, sent, rule))


def _code(body: Any, identity: Identity, sent: Collection[str], rule: Rule | None = None) -> str:
    code = shown_code(body=body, shape=identity, rule=rule)
    return "" if repeats(code, sent) else code


def _id(body: Any, identity: Identity) -> str:
    parts = [_text_at(body, path) for path in identity.id_path or ()]
    return "/".join(parts)[:LONGEST] if all(parts) else ""


def _text_at(answer: Any, path: str) -> str:
    found = value_at(answer, path)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    # Neither NUL nor half a character goes into a text column.
    return str(found).replace("\x00", "").encode("utf-8", "ignore").decode()[:LONGEST]
