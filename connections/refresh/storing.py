"""Stores issued tokens, many accounts in one transaction, whether just received or found again.

Storing an entry twice does no harm: an account whose newest generation is past the entry's has
been settled, by this entry or by a newer grant.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction

from connections import journal, vault
from connections.actors import WORKER
from connections.grants import shared_with_another
from connections.incidents import incident_that_ended
from connections.journal import Entry
from connections.lifecycle import HOLDS_CREDENTIALS
from connections.models import (
    ConnectedAccount,
    Credentials,
    Reason,
    RefreshOutcome,
    Status,
)
from connections.notices import tell
from connections.refresh import queries
from connections.refresh.locking import lock_accounts, lock_free_accounts
from connections.refresh.retry import FAILURES_WORTH_TELLING
from connections.schedule import RELEASED, next_warning
from integrations.schemes import TokenSet
from integrations.secrets.field import Sealed
from integrations.secrets.keyring import SealingError
from webhooks.models import EventType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


log = structlog.get_logger(__name__)

_FIELDS = [field.name for field in fields(Entry)]
STORED, SUPERSEDED = RefreshOutcome.STORED, RefreshOutcome.SUPERSEDED


def store_issued(
    entries: Sequence[Entry], *, now: datetime, wait: bool = True
) -> dict[str, RefreshOutcome]:
    """Store ``entries``, of different accounts; return each attempt's outcome by its id.

    The accounts' rows are locked and read again first: whoever changed one meanwhile is right.

    Args:
        wait: for a row that somebody else has locked. Where not, its entry has no outcome.
    """
    account_ids = [entry.account_id for entry in entries]
    with transaction.atomic():
        if wait:
            accounts = lock_accounts(account_ids)
        else:
            accounts, taken = lock_free_accounts(account_ids)
            entries = [entry for entry in entries if entry.account_id not in taken]
        outcomes = {}
        usable = []
        for entry in entries:
            account = accounts.get(entry.account_id)
            if account is None or account["grant_generation"] > entry.generation:
                outcomes[entry.attempt_id] = _settled(entry, account)
            elif account["status"] not in HOLDS_CREDENTIALS:
                outcomes[entry.attempt_id] = _discard(entry, now)
            else:
                usable.append(entry)
        outcomes |= _store(usable, accounts, now)
        transaction.on_commit(lambda: journal.settled(outcomes))
        return outcomes


def _store(
    entries: list[Entry], accounts: dict[str, dict[str, Any]], now: datetime
) -> dict[str, RefreshOutcome]:
    if not entries:
        return {}
    swapped = queries.swap_credentials(_credentials_row(entry) for entry in entries)
    stored = [entry for entry in entries if entry.account_id in swapped]
    streaks = _count_up(stored, accounts)
    queries.renew_accounts(
        [_account_row(entry, accounts[entry.account_id], streaks, now) for entry in stored],
        now=now,
    )
    new = [entry for entry in stored if streaks[entry.account_id] == entry.attempt_id]
    _write_attempts(new, STORED)
    _tell_recovered(
        pk
        for pk in swapped
        if accounts[pk]["status"] == Status.ACTIVE
        and accounts[pk]["refresh_failures"] >= FAILURES_WORTH_TELLING
    )
    lost = [entry for entry in entries if entry.account_id not in swapped]
    _write_attempts(lost, SUPERSEDED)
    return {e.attempt_id: STORED for e in stored} | {e.attempt_id: SUPERSEDED for e in lost}


def store_plain(entries: Sequence[Entry], *, now: datetime) -> set[str]:
    """Store those of ``entries``, just received, that nothing stands against; return whose.

    Nobody changed the account since it was claimed, and nothing failed before. One statement, so a
    transaction of its own. The others are for `store_issued`.
    """
    stored = queries.store_plain((_plain_row(entry, now) for entry in entries), now=now)
    settled = [entry.attempt_id for entry in entries if entry.account_id in stored]
    transaction.on_commit(lambda: journal.settled(settled))
    return stored


def _plain_row(entry: Entry, now: datetime) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _FIELDS} | {
        "payload": str.__str__(entry.payload),
        "next_warning_at": next_warning(grant_ends_at=entry.grant_ends_at, now=now),
    }


def _credentials_row(entry: Entry) -> dict[str, Any]:
    return {
        "account_id": entry.account_id,
        "generation": entry.generation,
        "payload": str.__str__(entry.payload),
        "refresh_token_digest": entry.refresh_token_digest,
        "obtained_at": entry.obtained_at,
    }


def _account_row(
    entry: Entry, account: dict[str, Any], streaks: dict[str, str], now: datetime
) -> dict[str, Any]:
    return {
        "attempt_id": entry.attempt_id,
        "account_id": entry.account_id,
        "generation": entry.generation,
        "started_at": entry.started_at,
        "obtained_at": entry.obtained_at,
        "expires_at": entry.expires_at,
        "refresh_at": entry.refresh_at,
        "probe_at": entry.probe_at,
        # Declared dead because this very answer was missing. Whether it lives, a probe tells.
        "to_be_proven": account["status_reason"] == Reason.ROTATION_LOST,
        "grant_ends_at": entry.grant_ends_at,
        "next_warning_at": next_warning(grant_ends_at=entry.grant_ends_at, now=now),
        "scopes": entry.scopes,
        "streak_id": streaks[entry.account_id],
    }


def _count_up(entries: list[Entry], accounts: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Count each entry up on the row of its run of successes; return the row's id by account.

    Where there is no such row, it is the entry's own attempt that begins one.
    """
    running = {accounts[entry.account_id]["streak_id"]: entry for entry in entries}
    running.pop("", None)
    lengthened = queries.lengthen_streaks(
        {
            "id": streak_id,
            "trigger": entry.trigger,
            "obtained_at": entry.obtained_at,
            "generation": entry.generation,
            "worker": entry.worker,
            "http_status": entry.http_status,
        }
        for streak_id, entry in running.items()
    )
    return {
        entry.account_id: streak_id
        if (streak_id := accounts[entry.account_id]["streak_id"]) in lengthened
        else entry.attempt_id
        for entry in entries
    }


def _settled(entry: Entry, account: dict[str, Any] | None) -> RefreshOutcome:
    """Tell what became of an entry that is not to be stored any more."""
    if account is None:
        return RefreshOutcome.DISCARDED
    stored = Credentials.objects.filter(pk=entry.account_id).values_list("generation", "payload")
    for generation, payload in stored:
        if payload == entry.payload:
            # Its own commit went through, and nobody heard of it.
            return STORED
        if generation == entry.generation + 1 or account["lease_id"] == entry.attempt_id:
            _write_attempts([entry], SUPERSEDED)
    mine = ConnectedAccount.objects.filter(pk=entry.account_id, lease_id=entry.attempt_id)
    mine.update(**RELEASED)
    return SUPERSEDED


def _discard(entry: Entry, now: datetime) -> RefreshOutcome:
    """Have the provider end tokens of an account that was revoked or deleted meanwhile."""
    account = ConnectedAccount.objects.locked(entry.account_id)
    shared = account.status == Status.DELETED and shared_with_another(account, account.identity_id)
    if not shared:
        _revoke(entry, account, now)
    ConnectedAccount.objects.filter(pk=account.pk).update(
        grant_generation=entry.generation + 1, **RELEASED
    )
    _write_attempts([entry], RefreshOutcome.DISCARDED)
    return RefreshOutcome.DISCARDED


def _revoke(entry: Entry, account: ConnectedAccount, now: datetime) -> None:
    try:
        tokens = _tokens(entry)
    except SealingError as error:
        # Its key is gone. Nobody can use these tokens, and nobody can have them ended.
        code = type(error).__name__
        log.error(  # noqa: TRY400 - the type says it all
            "issued_tokens_not_revoked", connected_account_id=account.pk, error=code
        )
    else:
        incident_id = incident_that_ended(account.pk, since=entry.started_at)
        vault.queue_revocation(
            account=account, tokens=tokens, actor=WORKER, incident_id=incident_id, now=now
        )


def _tokens(entry: Entry) -> TokenSet:
    sealed = Credentials(
        account_id=entry.account_id,
        project_id=entry.project_id,
        generation=entry.generation + 1,
        payload=Sealed(entry.payload),
    )
    return vault.open_grant(sealed)


def _tell_recovered(account_ids: Iterable[str]) -> None:
    for account_id in account_ids:
        account = ConnectedAccount.objects.locked(account_id)
        tell(account=account, type=EventType.REFRESH_RECOVERED, now=account.updated_at)


def _write_attempts(entries: Sequence[Entry], outcome: RefreshOutcome) -> None:
    if not entries:
        return
    rows = [
        {
            "id": entry.attempt_id,
            "project_id": entry.project_id,
            "account_id": entry.account_id,
            "trigger": entry.trigger,
            "worker": entry.worker,
            "generation": entry.generation,
            "started_at": entry.started_at,
            "obtained_at": entry.obtained_at,
            "http_status": entry.http_status,
        }
        for entry in entries
    ]
    queries.write_attempts(rows, outcome=outcome)
