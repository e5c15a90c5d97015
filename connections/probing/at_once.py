"""Asks about one account now, because an operator wants to know."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from connections.errors import AccountUnusable, NothingToProbe, ProbedJustNow, ProviderSpared
from connections.models import ConnectedAccount, Status
from connections.probing.asking import probe
from connections.probing.claim import LIFE_WORTH_ASKING, claim_one
from connections.probing.endpoint import gate
from connections.probing.outcome import finish
from connections.probing.retry import CONFIRMATION

if TYPE_CHECKING:
    from datetime import datetime

    from connections.actors import Actor
    from connections.probing.finding import Finding

# Somebody else may have the row for a moment when the answer is stored.
_TRIES: Final = 20
_PAUSE_SECONDS: Final = 0.1


def probe_account(*, account_id: str, asked_by: Actor) -> Finding:
    """Ask the provider whether the account's access token works, and store what it says.

    What follows is what follows from any probe: one refusal expires nobody.

    Raises:
        AccountUnusable: it is not ACTIVE.
        NothingToProbe: the toolkit has no call for it, or the access token is over.
        ProbedJustNow: it was asked about within the time after which a refusal is confirmed, or
            somebody is at it: two refusals in a row would be no two answers.
        ProviderSpared: the provider fails or asks for patience, so it is not called.
    """
    now = timezone.now()
    account = ConnectedAccount.objects.select_related("auth_config__managed_app").get(pk=account_id)
    _check(account, now)
    if not gate.admits(account.auth_config_id, now=now):
        raise ProviderSpared
    claimed = claim_one(account_id=account_id, now=now)
    if claimed is None:
        gate.give_back(account.auth_config_id)
        raise ProbedJustNow(retry_after=1)
    finding = probe(replace(claimed, asked_by=asked_by))
    for _ in range(_TRIES):
        if not finish([finding], now=timezone.now()):
            break
        time.sleep(_PAUSE_SECONDS)
    return finding


def _check(account: ConnectedAccount, now: datetime) -> None:
    if account.status != Status.ACTIVE:
        raise AccountUnusable(status=account.status, reason_code=account.status_reason)
    toolkit = account.known_toolkit
    if toolkit is None or toolkit.identity is None:
        raise NothingToProbe
    if not account.lives_for(LIFE_WORTH_ASKING.total_seconds(), now=now):
        message = "The access token is over. Refresh it: that proves the grant as well."
        raise NothingToProbe(message)
    if account.probed_at is not None and account.probed_at > now - CONFIRMATION:
        left = account.probed_at + CONFIRMATION - now
        raise ProbedJustNow(retry_after=int(left.total_seconds()) + 1)
