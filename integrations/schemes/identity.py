"""Asks the provider whose account a token opens: the identity, and the proof that it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations import outbound

if TYPE_CHECKING:
    from integrations.catalog import Identity
    from integrations.secrets import Secret

LONGEST = 255


class ProbeRejected(Exception):
    """The provider does not accept the token."""

    def __init__(self, http_status: int) -> None:
        self.http_status = http_status
        super().__init__(f"The identity call answered {http_status}.")


class IdentityUnavailable(Exception):
    """The provider could not be asked, or its answer did not say whose account it is."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"The identity call brought no answer: {code}.")


@dataclass(frozen=True, kw_only=True)
class UpstreamIdentity:
    """The provider's stable id of the account, and what a person recognises it by."""

    id: str
    label: str


def identify(*, access_token: Secret, identity: Identity) -> UpstreamIdentity:
    """Make the toolkit's identity call.

    Raises:
        ProbeRejected: the provider refused the token.
        IdentityUnavailable: an outage, or an answer without the id.
    """
    try:
        response = outbound.send(
            role=outbound.Role.IDENTITY,
            method=identity.method,
            url=identity.url,
            headers={
                "Authorization": f"Bearer {access_token.reveal()}",
                "Accept": "application/json",
            },
        )
        if response.status in identity.dead_statuses:
            raise ProbeRejected(response.status)
        if response.status != 200:
            raise IdentityUnavailable(f"http_{response.status}")
        answer = response.json()
    except outbound.OutboundError as error:
        raise IdentityUnavailable(error.code) from None
    found = _text_at(answer, identity.id_path)
    if not found:
        raise IdentityUnavailable("identity_missing")
    labels = (_text_at(answer, path) for path in identity.label_paths)
    return UpstreamIdentity(id=found, label=next((label for label in labels if label), found))


def _text_at(answer: Any, path: str) -> str:
    for step in path.split("."):
        if not isinstance(answer, dict) or step not in answer:
            return ""
        answer = answer[step]
    if isinstance(answer, bool) or not isinstance(answer, str | int):
        return ""
    # Neither NUL nor half a character goes into a text column.
    return str(answer).replace("\x00", "").encode("utf-8", "ignore").decode()[:LONGEST]
