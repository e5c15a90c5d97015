"""Makes the call for a claim, outside any transaction, and has what came of it stored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog
from django.utils import timezone

from connections import journal, vault
from connections.models import RefreshOutcome
from connections.refresh.breakers import UNASKED, note_answers
from connections.refresh.endpoints import calls_former_home
from connections.refresh.gate import known_troubles
from connections.refresh.issued import seal
from connections.refresh.outcome import NO_REFRESH_TOKEN, store_refusal
from connections.refresh.storing import store_issued, store_plain
from integrations import clock
from integrations.database import DATABASE_AWAY, is_away, is_locked
from integrations.models.oauth_clients import is_former
from integrations.outbound import LIMITS, Role
from integrations.schemes import Granted, RefusalKind, Refused, scheme_of
from integrations.secrets.keyring import SealingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from connections.journal import Entry
    from connections.refresh.claim import Claim
    from integrations.models import AuthConfig
    from integrations.schemes import Verdict

log = structlog.get_logger(__name__)

# For how long answers are tried to be stored where something else than the database's absence
# prevents that: mostly within what a lease has left after the call.
PATIENCE_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 0.05
# By the attempt's id. None: it could not be stored, which was logged.
Outcomes: TypeAlias = "dict[str, RefreshOutcome | None]"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the provider said about a claim; with tokens, ``entry`` holds them sealed."""

    claim: Claim
    verdict: Verdict
    entry: Entry | None = None


def refresh_claimed(claim: Claim) -> None:
    """Refresh one claimed account and store what came of it.

    Raises:
        DATABASE_AWAY: the answer could not be stored now; new tokens stand in the journal.
    """
    waiting = [call_provider(claim)]
    tries_until = time.monotonic() + PATIENCE_SECONDS
    while waiting := store(waiting, troubled=known_troubles(), now=timezone.now()):
        if time.monotonic() > tries_until:
            log.error("refresh_not_stored", connected_account_id=claim.account_id, error="locked")
            return
        time.sleep(PAUSE_SECONDS)


def call_provider(claim: Claim) -> Answer:
    """Make the call, once; write new tokens to the journal at once.

    Touches no database and never raises: what happens is a verdict.
    """
    asked_at = timezone.now()
    try:
        verdict = _call(claim)
        if not isinstance(verdict, Granted):
            return Answer(claim=claim, verdict=verdict)
        entry = seal(claim=claim, granted=verdict, asked_at=asked_at, now=timezone.now())
        journal.append(entry)
        return Answer(claim=claim, verdict=verdict, entry=entry)
    except SealingError as error:
        # A wrong key is our trouble, not the grant's: no call, nothing written over, an alarm.
        code = type(error).__name__
        log.error(  # noqa: TRY400 - the type says it all
            "credentials_do_not_open", connected_account_id=claim.account_id, error=code
        )
        refusal = Refused(kind=RefusalKind.TRANSIENT, error_code="credentials_do_not_open")
    except Exception:
        # Nobody knows whether the request went out, so the refresh token may be spent.
        log.exception("refresh_crashed", connected_account_id=claim.account_id)
        refusal = Refused(
            kind=RefusalKind.TRANSIENT, error_code="internal_error", outcome_unknown=True
        )
    return Answer(claim=claim, verdict=refusal)


def _call(claim: Claim) -> Verdict:
    tokens = vault.open_grant(claim.credentials)
    if tokens.refresh_token is None:
        if claim.token_ended:
            return Refused(kind=RefusalKind.TERMINAL, error_code="", reason="token_expired")
        return Refused(kind=RefusalKind.TRANSIENT, error_code=NO_REFRESH_TOKEN)
    if claim.ends_at - clock.seconds() < LIMITS[Role.TOKEN].deadline:
        # This process stood still for so long that the lease could end amid the call.
        return Refused(kind=RefusalKind.TRANSIENT, error_code="lease_too_short")
    scheme = scheme_of(
        claim.auth_config,
        claim.parameters,
        client_id=claim.oauth_client_id,
        redirect_uri=claim.redirect_uri,
    )
    return scheme.refresh(refresh_token=tokens.refresh_token, ends_at=claim.ends_at)


def store(answers: Sequence[Answer], *, troubled: Iterable[str], now: datetime) -> list[Answer]:
    """Store what the provider said, new tokens together; log how each ended.

    Args:
        troubled: names of the breakers that a success may have to close.

    Returns:
        Those whose accounts somebody else has locked: they are to be stored again soon.

    Raises:
        DATABASE_AWAY: some may not be stored; storing them all again does no harm.
    """
    granted = [answer for answer in answers if isinstance(answer.verdict, Granted)]
    refused = [answer for answer in answers if not isinstance(answer.verdict, Granted)]
    outcomes = _store_tokens([answer.entry for answer in granted if answer.entry], now)
    # Before the refusals are weighed: what a refusal is worth depends on who was accepted, also
    # where nobody was refused so far.
    _note(_among(granted, outcomes), troubled, now, beside=refused)
    for answer in refused:
        outcomes |= _store_refusal(answer, now)
    _note(_among(refused, outcomes), troubled, now)
    for answer in _among(answers, outcomes):
        _log(answer, outcomes[answer.claim.attempt_id])
    return [answer for answer in answers if answer.claim.attempt_id not in outcomes]


def _among(answers: Iterable[Answer], outcomes: Outcomes) -> list[Answer]:
    return [answer for answer in answers if answer.claim.attempt_id in outcomes]


def _store_tokens(entries: list[Entry], now: datetime) -> Outcomes:
    if not entries:
        return {}
    outcomes: Outcomes = {}
    try:
        plain = store_plain(entries, now=now)
        outcomes |= {
            entry.attempt_id: RefreshOutcome.STORED
            for entry in entries
            if entry.account_id in plain
        }
        entries = [entry for entry in entries if entry.account_id not in plain]
        return outcomes | (store_issued(entries, now=now, wait=False) if entries else {})
    except Exception as error:
        _raise_if_away(error)
        log.exception("refreshes_not_stored_together", count=len(entries))
    # One account's surprise must not stop the others.
    tries_until = time.monotonic() + PATIENCE_SECONDS
    for entry in entries:
        if time.monotonic() < tries_until:
            outcomes |= _store_alone(entry, now)
    return outcomes


def _store_alone(entry: Entry, now: datetime) -> Outcomes:
    try:
        return {**store_issued([entry], now=now, wait=False)}
    except Exception as error:
        _raise_if_away(error)
        # Its lease runs out, and whoever claims it next finds the journal's entry.
        log.exception("refresh_not_stored", connected_account_id=entry.account_id)
        return {entry.attempt_id: None}


def _store_refusal(answer: Answer, now: datetime) -> Outcomes:
    claim, refusal = answer.claim, answer.verdict
    if isinstance(refusal, Granted):
        return {}
    try:
        return {claim.attempt_id: store_refusal(claim=claim, refusal=refusal, now=now)}
    except Exception as error:
        _raise_if_away(error)
        if is_locked(error):
            return {}
        log.exception("refresh_not_stored", connected_account_id=claim.account_id)
        return {claim.attempt_id: None}


def _raise_if_away(error: Exception) -> None:
    """Raise ``error`` again where storing anything else would be in vain as well."""
    if isinstance(error, DATABASE_AWAY) and is_away(error):
        # The commit that makes new tokens durable does not follow at once: make the journal so.
        journal.sync()
        raise error


def _note(
    answers: Sequence[Answer],
    troubled: Iterable[str],
    now: datetime,
    *,
    beside: Iterable[Answer] = (),
) -> None:
    note_answers(_verdicts(answers), troubled=troubled, beside=_verdicts(beside), now=now)
    for answer in answers:
        if isinstance(answer.verdict, Granted) and answer.claim.auth_config.is_refused:
            _take_back_alarm(answer.claim)


def _verdicts(answers: Iterable[Answer]) -> list[tuple[AuthConfig, Verdict]]:
    return [(answer.claim.auth_config, _heard_here(answer)) for answer in answers]


def _heard_here(answer: Answer) -> Verdict:
    """Return what an answer says of the endpoint that the breakers stand for."""
    claim = answer.claim
    if calls_former_home(claim.auth_config, claim.oauth_client_id):
        return UNASKED
    return answer.verdict


def _take_back_alarm(claim: Claim) -> None:
    if is_former(claim.auth_config, claim.oauth_client_id):
        claim.auth_config.mark_former_working()
    else:
        claim.auth_config.mark_working()


def _log(answer: Answer, outcome: RefreshOutcome | None) -> None:
    log.info(
        "refresh",
        connected_account_id=answer.claim.account_id,
        toolkit=answer.claim.toolkit,
        trigger=answer.claim.trigger,
        outcome=outcome,
        error_code="" if isinstance(answer.verdict, Granted) else answer.verdict.error_code,
    )
