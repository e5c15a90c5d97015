"""Probe now: asks the provider, and tells in words what it said and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from connections import causes
from connections.actors import operator
from connections.models import ConnectedAccount, Status
from connections.probing import Alive, Dead, probe_account
from integrations.admin.operations import Done
from integrations.moments import relative

if TYPE_CHECKING:
    from django.http import HttpRequest

    from connections.probing import Finding


def can_be_probed(account: ConnectedAccount) -> bool:
    """Whether there is something to ask, and a call that asks it."""
    if account.status != Status.ACTIVE:
        return False
    toolkit = account.known_toolkit
    return toolkit is not None and toolkit.identity is not None


def probe(account: ConnectedAccount, request: HttpRequest, _note: str) -> Done:
    """Ask the provider now. Raises as `probe_account`."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    finding = probe_account(account_id=account.pk, asked_by=operator(request.user))
    kit = account.auth_config.toolkit_name
    if isinstance(finding, Alive):
        whose = finding.identity.label or finding.identity.id
        named = f" and names {whose}" if whose else ""
        return Done(message=f"proven: {kit} accepts the token{named}.")
    if isinstance(finding, Dead):
        return Done(message=_refused(account, finding, kit), level=messages.ERROR)
    return Done(message=_unknown(finding, kit), level=messages.WARNING)


def _refused(account: ConnectedAccount, finding: Dead, kit: str) -> str:
    code = "" if finding.error_code == f"http_{finding.http_status}" else f"{finding.error_code}, "
    said = f"{kit} refused the access token ({code}HTTP {finding.http_status})."
    if finding.refreshable:
        return f"{said} It is refreshed now, to find out whether the grant itself still works."
    fresh = ConnectedAccount.objects.only("status", "probe_at").get(pk=account.pk)
    if fresh.status != Status.ACTIVE:
        return f"{said} It was the second time, so the account has expired."
    if fresh.probe_at is None:
        return said
    again = relative(fresh.probe_at, now=timezone.now())
    return f"{said} Nothing follows from one refusal: it is asked again {again}."


def _unknown(finding: Finding, kit: str) -> str:
    code = getattr(finding, "error_code", "")
    status = getattr(finding, "http_status", None)
    answer = f"{code}, HTTP {status}" if status and str(status) not in code else code
    meaning = causes.meaning(code, status)
    return f"{kit} gave no answer that tells ({answer}). {meaning} Nothing was changed.".replace(
        "  ", " "
    )
