"""Reads a token endpoint's answer (RFC 6749, section 5.1), trusting nothing in it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from integrations.catalog import as_text, is_scalar, value_at
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.catalog import Toolkit

# Longer lifetimes are as good as this one, and a timestamp must fit the database.
LONGEST_LIFETIME = timedelta(days=3650).total_seconds()
LONGEST_SCOPE = 500
UNSAFE_IN_HEADER = re.compile(r"[^\x20-\x7e]")


class MalformedToken(ValueError):
    """The provider's answer is not a token that can be used safely."""


@dataclass(frozen=True, kw_only=True)
class TokenSet:
    """Credentials as a provider issued them.

    ``expires_in`` is in seconds: None where the provider did not say; 0 where they are over at
    once; infinite where it said that they have no end. ``scopes`` is None where the provider did
    not say. ``refresh_token`` is None where it issued none. ``refresh_token_expires_in``, in
    seconds, is None where the provider did not say; it is for the moment of storing and not kept.
    ``connection_values`` are what the answer told for the toolkit's URLs; kept on the account.
    ``fields`` are the parts of a key that a person gave, by the names of its form.
    ``unusable`` tells why the access token may not be used; then it is empty and over at once.
    Empty: it may be used.
    """

    access_token: Secret
    refresh_token: Secret | None = None
    id_token: Secret | None = None
    expires_in: float | None = None
    refresh_token_expires_in: float | None = None
    scopes: list[str] | None = None
    token_type: str = "bearer"  # noqa: S105 - no token
    fields: Mapping[str, Secret] = field(default_factory=dict)
    connection_values: Mapping[str, str] = field(default_factory=dict)
    unusable: str = ""

    @classmethod
    def from_answer(
        cls, answer: dict[str, Any], toolkit: Toolkit, *, renewing: bool = False
    ) -> Self:
        """Return the tokens in ``answer``, read as ``toolkit`` says.

        Args:
            renewing: whether it is the answer to a refresh. At a provider that rotates, its
                refresh token is the one way left to the grant, so it is kept whatever is wrong
                beside it: an access token that may not be used is left out (``unusable``). The id
                token is not read at all: the identity is known, and nobody asks for it again.

        Raises:
            MalformedToken: there is nothing that can be used.
        """
        answer = toolkit.in_standard_places(answer)
        refresh_token = _token(answer, "refresh_token")
        access_token, unusable = Secret(""), ""
        try:
            access_token = _access_token(answer, toolkit)
        except MalformedToken as error:
            if not renewing or refresh_token is None:
                raise
            unusable = str(error)
        return cls(
            access_token=access_token,
            refresh_token=refresh_token,
            # Where a person is being identified by it, one that cannot be read is not ignored.
            id_token=None if renewing else _token(answer, "id_token"),
            expires_in=0.0 if unusable else _access_token_life(answer, toolkit),
            refresh_token_expires_in=_refresh_token_life(answer, toolkit),
            scopes=_scopes(answer.get("scope")),
            connection_values=_connection_values(answer, toolkit),
            unusable=unusable,
        )

    def carrying_over(self, refresh_token: Secret | None) -> Self:
        """Return these tokens with ``refresh_token`` where the provider issued no new one."""
        if self.refresh_token is not None:
            return self
        return replace(self, refresh_token=refresh_token)

    def expires_at(self, *, now: datetime, default_seconds: float | None) -> datetime | None:
        """Return when the access token ends, by the provider's word or the toolkit's habit.

        Args:
            default_seconds: the toolkit's habit; None where its tokens have no end.

        Returns:
            None where it has no end.
        """
        seconds = default_seconds if self.expires_in is None else self.expires_in
        if seconds is None or seconds == math.inf:
            return None
        return now + timedelta(seconds=seconds)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to call the service with."""
        return bool(self.unusable) or (not self.fields and not self.access_token.reveal())

    def parts(self) -> dict[str, str]:
        """Return everything that may go onto a request, by name, to put it there."""
        fields = {name: secret.reveal() for name, secret in self.fields.items()}
        return {"access_token": self.access_token.reveal(), **fields}

    def to_payload(self) -> Secret:
        """Return the tokens as one secret JSON text, for `from_payload`."""
        parts = {
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "token_type": self.token_type,
        }
        shown: dict[str, Any] = {
            name: part.reveal() if isinstance(part, Secret) else part
            for name, part in parts.items()
            if part is not None
        }
        if self.fields:
            shown["fields"] = {name: part.reveal() for name, part in self.fields.items()}
        return Secret(json.dumps(shown))

    @classmethod
    def from_payload(cls, payload: Secret) -> Self:
        """Return the tokens that `to_payload` wrote. Opens ``payload``: may raise SealBroken."""
        parts = json.loads(payload.reveal())
        refresh_token = parts.get("refresh_token")
        return cls(
            access_token=Secret(parts["access_token"]),
            refresh_token=Secret(refresh_token) if refresh_token else None,
            token_type=parts.get("token_type", "bearer"),
            fields={name: Secret(value) for name, value in parts.get("fields", {}).items()},
        )


def parse_lifetime(value: object) -> float | None:
    """Return ``expires_in`` in seconds, between 0 and ten years; None where it says nothing.

    Providers send numbers, numbers in quotes, nothing, and worse.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    except OverflowError:
        # An integer with hundreds of digits.
        seconds = math.inf if int(value) > 0 else 0.0
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_LIFETIME)


def _access_token(answer: dict[str, Any], toolkit: Toolkit) -> Secret:
    """Return the access token where it is of a type that can be used. Raises MalformedToken."""
    token_type = answer.get("token_type")
    if token_type is None or token_type == "":
        token_type = toolkit.token_types[0]
    known = {name.lower() for name in toolkit.token_types}
    if not isinstance(token_type, str) or token_type.lower() not in known:
        message = "The provider issued a token of a type that cannot be used."
        raise MalformedToken(message)
    access_token = _token(answer, "access_token")
    if access_token is None:
        message = "The provider's answer holds no access token."
        raise MalformedToken(message)
    return access_token


def _access_token_life(answer: dict[str, Any], toolkit: Toolkit) -> float | None:
    seconds = parse_lifetime(answer.get("expires_in"))
    return math.inf if seconds == 0 and toolkit.expires_in_zero_means_never else seconds


def _refresh_token_life(answer: dict[str, Any], toolkit: Toolkit) -> float | None:
    # 0 is not over at once, which would make no sense to issue: it is how some say "no end".
    return parse_lifetime(value_at(answer, toolkit.refresh_token.lifetime_field)) or None


def _token(answer: dict[str, Any], name: str) -> Secret | None:
    value = answer.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or UNSAFE_IN_HEADER.search(value):
        # A line break in a token would let the provider write our headers.
        message = f"The provider's {name} holds characters that no header may carry."
        raise MalformedToken(message)
    return Secret(value)


def _connection_values(answer: dict[str, Any], toolkit: Toolkit) -> dict[str, str]:
    told = {
        name: value_at(answer, parameter.path or "")
        for name, parameter in toolkit.connection_parameters.items()
        if parameter.source == "token_response"
    }
    return {name: as_text(value) for name, value in told.items() if is_scalar(value)}


def _scopes(value: object) -> list[str] | None:
    if isinstance(value, str):
        return [scope for scope in re.split(r"[\s,]+", value) if _is_scope(scope)]
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value):
        return [scope for scope in value if _is_scope(scope)]
    return None


def _is_scope(text: str) -> bool:
    # RFC 6749, 3.3, and what the column takes: a scope must not keep a token from being stored.
    return 0 < len(text) <= LONGEST_SCOPE and not UNSAFE_IN_HEADER.search(text)
