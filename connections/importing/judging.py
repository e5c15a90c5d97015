"""Says whether a grant is there already, or may not be beside what is there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Q

from connections import vault
from connections.importing.rows import RowRefused
from connections.models import ConnectedAccount, Reason, Status
from integrations.catalog import is_same_place
from integrations.secrets.keyring import SealingError
from integrations.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connections.importing.checking import Grant
    from integrations.schemes import TokenSet

_NEVER_CONNECTED = Q(status__in=[Status.INITIATED, Status.FAILED]) | Q(
    status_reason=Reason.LINK_EXPIRED
)


@dataclass(frozen=True, kw_only=True)
class Present:
    """An account of the same entity at the same toolkit.

    ``account_id`` is empty where a dry run would have made it, ``fingerprint`` where there are no
    credentials. ``connected``: it holds or held a grant.
    """

    account_id: str
    auth_config_id: str
    alias: str
    identity_id: str
    parameters: Mapping[str, str]
    fingerprint: str
    connected: bool


@dataclass(frozen=True, kw_only=True)
class Skip:
    """Why a row is passed over, and the account that is there instead."""

    code: str
    problem: str
    account_id: str


def judge(grant: Grant, present: Iterable[Present], *, allow_multiple: bool) -> Skip | None:
    """Return why ``grant`` is to be passed over; None: it is to be stored.

    A grant is there already where an account of its auth config has its identity, in the same
    company, site or shop, or its very tokens: so an import that was stopped can be run again.

    Raises:
        RowRefused: its alias is taken.
    """
    present = list(present)
    connected = [each for each in present if each.connected]
    for each in connected:
        if each.auth_config_id == grant.auth_config.pk and _is_same(grant, each):
            return Skip(
                code="already_there",
                problem="This grant is there already.",
                account_id=each.account_id,
            )
    if connected and not allow_multiple:
        return Skip(
            code="account_exists",
            problem="The user has an account at this toolkit. See --allow-multiple.",
            account_id=connected[0].account_id,
        )
    if grant.alias and any(each.alias == grant.alias for each in present):
        raise RowRefused("alias_taken", "Another account of the user has this alias.")
    return None


def accounts_of(grant: Grant) -> list[Present]:
    """Return the accounts that the grant's user has at its toolkit, the oldest first."""
    accounts = ConnectedAccount.objects.in_project(grant.project).living()
    found = accounts.filter(
        entity__project=grant.project,
        entity__user_id=grant.user_id,
        toolkit=grant.auth_config.toolkit,
    )
    fresh = set(found.filter(_NEVER_CONNECTED).values_list("pk", flat=True))
    rows = found.select_related("credentials").order_by("pk")
    return [_present(each, connected=each.pk not in fresh) for each in rows]


def fingerprint(tokens: TokenSet) -> str:
    """Return what tells credentials from others: of the refresh token, else of all of them."""
    return vault.refresh_token_digest(tokens) or digest(tokens.to_payload().reveal())


@dataclass(kw_only=True)
class Seen:
    """What the rows of this run were so far. Holds digests, no tokens."""

    owners: dict[str, str] = field(default_factory=dict)
    made: dict[tuple[str, str], list[Present]] = field(default_factory=lambda: defaultdict(list))

    def note_owner(self, grant: Grant) -> None:
        """Refuse a refresh token that an earlier row has for another user.

        Two accounts that renew one grant end it at a provider that rotates.
        """
        name = vault.refresh_token_digest(grant.tokens)
        if name and self.owners.setdefault(name, grant.user_id) != grant.user_id:
            problem = "An earlier row has this refresh token for another user."
            raise RowRefused("grant_taken", problem)

    def note_made(self, grant: Grant) -> None:
        """Remember what a dry run would have stored."""
        present = Present(
            account_id="",
            auth_config_id=grant.auth_config.pk,
            alias=grant.alias,
            identity_id=grant.identity_id,
            parameters=grant.parameters,
            fingerprint=fingerprint(grant.tokens),
            connected=True,
        )
        self.made[grant.user_id, grant.auth_config.toolkit].append(present)

    def made_for(self, grant: Grant) -> list[Present]:
        """Return what a dry run would have stored for the grant's user at its toolkit."""
        return self.made.get((grant.user_id, grant.auth_config.toolkit), [])


def _is_same(grant: Grant, present: Present) -> bool:
    if present.fingerprint == fingerprint(grant.tokens):
        return True
    if not grant.identity_id or grant.identity_id != present.identity_id:
        return False
    known = grant.auth_config.catalog_entry.connection_parameters
    return is_same_place(known, grant.parameters, present.parameters)


def _present(account: ConnectedAccount, *, connected: bool) -> Present:
    return Present(
        account_id=account.pk,
        auth_config_id=account.auth_config_id,
        alias=account.alias,
        identity_id=account.identity_id,
        parameters=account.parameters,
        fingerprint=_stored_fingerprint(account),
        connected=connected,
    )


def _stored_fingerprint(account: ConnectedAccount) -> str:
    credentials = getattr(account, "credentials", None)
    if credentials is None:
        return ""
    try:
        return credentials.refresh_token_digest or fingerprint(vault.open_grant(credentials))
    except SealingError:
        # It does not open any more, so nobody can tell.
        return ""
