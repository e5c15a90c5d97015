"""Takes in the provider's answer: once, from the browser that set out, on the right path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from django.db import transaction
from django.db.models import Exists, OuterRef

from connections.connect.exchanging import brings_code, exchange
from connections.connect.holding import hold, wants_verification
from connections.connect.starting import check_not_refused
from connections.errors import AnswerLost, AttemptAnswered, AttemptExpired, AttemptRefused
from connections.models import ConnectAttempt, ConnectLink
from connections.taking import check_takes_connections
from integrations.database import DATABASE_AWAY
from integrations.schemes import is_genuine
from integrations.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connections.connect.holding import Held
    from connections.connect.outcome import Outcome


def take_answer(
    *, holder_id: str, answer: Mapping[str, str], browser: str, now: datetime
) -> Outcome | Held:
    """Handle the provider's redirect (RFC 6749, 4.1.2).

    Where the project says itself who its users are, the answer is held and nothing is exchanged.

    Args:
        holder_id: who holds the client that the provider answers to, by the path: an auth config,
            or the managed app of many.
        answer: the redirect's query: ``state`` and ``code`` or ``error``, perhaps ``iss``.
        browser: the random text in this browser's cookie; empty where it has none.

    Raises:
        AttemptAnswered: the state is unknown, or was answered already; of an answer that this
            browser brought before, it knows the attempt.
        AttemptExpired: it comes too late.
        LinkRefused, LinkExpired: what she set out from was ended meanwhile.
        AttemptRefused: it belongs to another browser, client or issuer (RFC 9207), or is not
            signed as its provider signs.
        AuthConfigDisabled, ManagedAppDisabled: it was switched off meanwhile.
        AnswerLost: the database went away while the code, which works once, was used. Where it
            went away before, its own error passes: the same answer may come again.
    """
    attempt = _attempt(answer.get("state", ""))
    ours = attempt.auth_config.client_holder_id == holder_id
    if attempt.browser_digest != digest(browser) or not ours:
        raise AttemptRefused
    check_takes_connections(attempt.auth_config)
    if not _is_from_expected_issuer(attempt, answer.get("iss", "")):
        raise AttemptRefused
    if not is_genuine(attempt.auth_config, answer, parameters=attempt.parameters):
        raise AttemptRefused
    if wants_verification(attempt) and brings_code(attempt, answer):
        with transaction.atomic():
            _consume(attempt, now)
            return hold(attempt=attempt, brought=_without_state(answer), now=now)
    _consume(attempt, now)
    try:
        return exchange(attempt=attempt, answer=answer, now=now)
    except DATABASE_AWAY as error:
        raise AnswerLost(attempt.link) from error


def _attempt(state: str) -> ConnectAttempt:
    account = "link__account"
    related = (
        "auth_config__managed_app",
        f"{account}__entity",
        f"{account}__auth_config__managed_app",
        f"{account}__project",
    )
    attempts = ConnectAttempt.objects.select_related(*related)
    attempt = attempts.filter(state_digest=digest(state)).first()
    if attempt is None:
        raise AttemptAnswered
    return attempt


def _is_from_expected_issuer(attempt: ConnectAttempt, issuer: str) -> bool:
    """Whether the answer names the issuer that was asked (RFC 9207, 2.4).

    Where the provider is known to name it always, an answer that does not is somebody else's.
    """
    if not attempt.expected_issuer:
        return True
    if not issuer:
        return not attempt.auth_config.catalog_entry.issuer_in_response
    return issuer == attempt.expected_issuer


def _consume(attempt: ConnectAttempt, now: datetime) -> None:
    """Mark the attempt answered: of two answers at once one gets through.

    What tells them apart is asked of the row itself. A condition on a joined table would make the
    update look its rows up in a subquery, which is not asked again once the other has committed.
    """
    usable = ConnectLink.objects.filter(completed_at__isnull=True, refused_at__isnull=True)
    unanswered = ConnectAttempt.objects.filter(
        Exists(usable.filter(pk=OuterRef("link_id"))),
        pk=attempt.pk,
        consumed_at__isnull=True,
        expires_at__gt=now,
    )
    if not unanswered.update(consumed_at=now):
        _explain(attempt)


def _explain(attempt: ConnectAttempt) -> NoReturn:
    """Say why the attempt takes no answer. Raises as `take_answer`."""
    attempt.refresh_from_db(fields=["consumed_at"])
    link = attempt.link
    link.refresh_from_db(fields=["completed_at", "refused_at", "expires_at"])
    check_not_refused(link)
    if attempt.consumed_at is None and link.completed_at is None:
        raise AttemptExpired(link)
    raise AttemptAnswered(attempt)


def _without_state(answer: Mapping[str, str]) -> dict[str, str]:
    """Return what is still needed: the state has done its work and is stored as a digest only."""
    return {name: value for name, value in answer.items() if name != "state"}
