"""Takes in a key that a person typed in: proven by the service, then stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from connections.connect.completing import prove, store
from connections.connect.holding import hold, wants_verification
from connections.connect.starting import ATTEMPT_LIFETIME, bind
from connections.errors import KeyRefused, ProviderUnavailable, TooManyTries
from connections.models import ConnectAttempt, Reason
from integrations.schemes import (
    Granted,
    IdentityUnavailable,
    ProbeRejected,
    RefusalKind,
    from_person,
    key_client,
)
from integrations.tokens import digest, new_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.connect.holding import Held
    from connections.connect.outcome import Outcome
    from connections.models import ConnectLink
    from integrations.schemes import KeyClient, Refused, TokenSet

# A link is no place to find out which of many keys works.
MOST_TRIES: Final = 20
_REFUSED: Final = frozenset({400, 401, 403, 404, 422})


def take_key(
    *, token: str, browser: str, given: Mapping[str, str], now: datetime
) -> Outcome | Held:
    """Connect the link's account with the key in ``given``, once the service has taken it.

    A key that is refused changes nothing but the attempt's row: the person may correct it. Where
    the project says itself who its users are, the key is held and shown to nobody before.

    Args:
        browser: the random text in this browser's cookie.
        given: the fields of the form, and the toolkit's connection parameters, by name.

    Raises:
        LinkUnknown, LinkExpired, LinkUsed, LinkRefused: as `start_attempt`.
        AuthConfigDisabled, ManagedAppDisabled: it was switched off.
        InvalidInput: a field is missing or cannot be right.
        KeyRefused: the service does not take it.
        ProviderUnavailable: the service could not be asked.
        TooManyTries: the link was tried too often.
    """
    with transaction.atomic():
        link = bind(token=token, browser=browser, now=now)
        attempt = _attempt(link, browser=browser, given=given, now=now)
    if wants_verification(attempt):
        client = key_client(attempt.auth_config, attempt.parameters)
        return hold(attempt=attempt, brought=client.check(_values(client, given)), now=now)
    return connect_key(attempt=attempt, given=given, now=now)


def connect_key(*, attempt: ConnectAttempt, given: Mapping[str, str], now: datetime) -> Outcome:
    """Prove the key in ``given`` and store it.

    Raises:
        InvalidInput, KeyRefused, ProviderUnavailable: as `take_key`.
    """
    try:
        tokens = _obtain(attempt, given)
        proven = prove(attempt=attempt, tokens=tokens, redirect={})
    except ProbeRejected as error:
        _note(attempt, Reason.PROBE_REJECTED)
        raise KeyRefused(error_code=error.error_code) from None
    except IdentityUnavailable as error:
        _note(attempt, Reason.EXCHANGE_FAILED)
        # A key that may not even tell whose it is was refused, whatever else it may.
        refused = error.http_status in _REFUSED
        raise (KeyRefused if refused else ProviderUnavailable)(error_code=error.code) from None
    return store(attempt=attempt, tokens=tokens, proven=proven, asked_at=now)


def _attempt(
    link: ConnectLink, *, browser: str, given: Mapping[str, str], now: datetime
) -> ConnectAttempt:
    auth_config = link.account.auth_config
    if link.attempts.count() >= MOST_TRIES:
        raise TooManyTries(link)
    attempt = ConnectAttempt(
        project_id=link.project_id,
        link=link,
        auth_config=auth_config,
        # Nobody comes back with a state from anywhere.
        state_digest=digest(new_token()),
        browser_digest=digest(browser),
        scopes=auth_config.requested_scopes,
        parameters=from_person(auth_config.catalog_entry, given),
        expires_at=now + ATTEMPT_LIFETIME,
        consumed_at=now,
    )
    attempt.save(force_insert=True)
    return attempt


def _obtain(attempt: ConnectAttempt, given: Mapping[str, str]) -> TokenSet:
    client = key_client(attempt.auth_config, attempt.parameters)
    verdict = client.obtain(_values(client, given))
    if isinstance(verdict, Granted):
        return verdict.tokens
    return _refused(verdict)


def _values(client: KeyClient, given: Mapping[str, str]) -> dict[str, str]:
    return {field.name: given.get(field.name, "") for field in client.form.fields}


def _refused(refusal: Refused) -> TokenSet:
    """Say whether the key or the service is to blame, as the identity call would."""
    if refusal.kind is RefusalKind.TERMINAL:
        raise ProbeRejected(refusal.http_status or 400, refusal.error_code)
    raise IdentityUnavailable(refusal.error_code, http_status=refusal.http_status)


def _note(attempt: ConnectAttempt, reason: Reason) -> None:
    attempt.outcome = reason
    attempt.save(update_fields=["outcome"])
