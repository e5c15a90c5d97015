"""What a token endpoint may answer a connect or a refresh with (faults.md 36 to 39)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connections import vault
from connections.models import ConnectedAccount, Credentials, Reason, Status, Trigger
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from integrations.models import AuthConfig
from tests.api.calling import Caller, key_of
from tests.connections.visitor import Visitor, portal_of
from tests.console.pages import address
from tests.faults.rotating import RotatingProvider
from tests.hostile_server import bomb
from tests.making import link_to
from tests.person import Person
from tests.provider import TOKEN_PATH, Answer, tokens

pytestmark = pytest.mark.django_db

GZIP = {"Content-Encoding": "gzip"}
# What the sandbox's file says of a token whose life was not told, and the longest life there is.
HABIT, LONGEST = timedelta(seconds=60), timedelta(days=3650)


def connect(auth_config: AuthConfig) -> ConnectedAccount:
    """Return the account as a whole trip leaves it."""
    person = Person(link_to(auth_config))
    person.set_out()
    person.come_back(code="c")
    return ConnectedAccount.objects.get()


def refresh(account: ConnectedAccount) -> ConnectedAccount:
    """Return the account as a refresh leaves it."""
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now())
    refresh_claimed(claim)
    return ConnectedAccount.objects.get(pk=account.pk)


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(raw=b"<html>hello</html>"), id="HTML"),
        pytest.param(Answer(raw=b" " * 2_000_000), id="too much"),
        pytest.param(Answer(raw=bomb(50_000_000), headers=GZIP), id="gzip bomb"),
        pytest.param(Answer(status=302, headers={"Location": "/elsewhere"}), id="redirect"),
        pytest.param(
            Answer(status=307, headers={"Location": "/elsewhere"}), id="and with the form"
        ),
    ],
)
def test_an_answer_without_a_token_ends_no_grant_and_leads_nowhere(
    due_account: ConnectedAccount, provider: RotatingProvider, answer: Answer
) -> None:
    provider.answer_tokens(answer)
    account = refresh(due_account)
    assert (account.status, account.refresh_failures) == (Status.ACTIVE, 1)
    assert provider.targets == [TOKEN_PATH]
    grant = vault.open_grant(Credentials.objects.get())
    assert grant.refresh_token is not None
    assert grant.refresh_token.reveal() == "refresh-1"


@pytest.mark.fault(37)
@pytest.mark.parametrize(
    ("told", "life"),
    [
        (None, HABIT),
        ("3600", timedelta(hours=1)),
        (-1, timedelta(0)),
        (1e308, LONGEST),
        (float("nan"), HABIT),
        (True, HABIT),
    ],
)
def test_a_life_told_in_any_way_ends_at_a_moment(
    auth_config: AuthConfig, provider: RotatingProvider, told: object, life: timedelta
) -> None:
    provider.answer_tokens(tokens(expires_in=told))
    account = connect(auth_config)
    assert account.status == Status.ACTIVE
    assert account.expires_at is not None
    assert abs(account.expires_at - timezone.now() - life) < timedelta(seconds=20)


@pytest.fixture
def narrow(auth_config: AuthConfig, provider: RotatingProvider) -> ConnectedAccount:
    """An account that was granted less than it was asked for."""
    provider.answer_tokens(tokens(scope="openid email"))
    return connect(auth_config)


@pytest.mark.fault(38)
def test_fewer_scopes_than_asked_for_are_stored_as_granted(narrow: ConnectedAccount) -> None:
    assert narrow.status == Status.ACTIVE
    assert narrow.scopes_requested == ["openid", "profile", "email", "notes:read"]
    assert narrow.scopes_granted == ["openid", "email"]


@pytest.mark.fault(38)
def test_the_app_is_told_what_was_not_granted(narrow: ConnectedAccount) -> None:
    app = Caller(key_of(narrow.project, "read"))
    told: dict[str, Any] = app("GET", f"/connected_accounts/{narrow.pk}").json()
    assert told["scopes_granted"] == ["openid", "email"]
    assert told["missing_scopes"] == ["profile", "notes:read"]


@pytest.mark.fault(38)
def test_an_operator_sees_what_was_not_granted(
    narrow: ConnectedAccount, admin_client: Client
) -> None:
    page = admin_client.get(address(ConnectedAccount, "change", narrow.pk)).content.decode()
    _, _, granted = page.partition(">Granted<")
    granted, _, missing = granted.partition("Asked for, not granted")
    shown = [name in granted for name in ("openid", "email", "notes:read", "profile")]
    assert shown == [True, True, False, False]
    assert "notes:read" in missing


@pytest.mark.fault(38)
def test_the_person_is_told_that_permissions_lack(narrow: ConnectedAccount) -> None:
    page = Visitor(portal_of(narrow.entity)).enter().page()
    assert "It lacks permissions that Acme Agents needs by now." in page


UNUSABLE = [
    pytest.param({"access_token": "a\r\nX-Evil: 1"}, id="CR and LF"),
    pytest.param({"access_token": "a\x00b"}, id="NUL"),
    pytest.param({"token_type": "mac"}, id="unknown type"),
]


@pytest.mark.fault(39)
@pytest.mark.parametrize("spoiled", [*UNUSABLE, {"refresh_token": "r\nX-Evil: 1"}])
def test_a_token_that_cannot_be_used_connects_nothing(
    auth_config: AuthConfig, provider: RotatingProvider, spoiled: dict[str, Any]
) -> None:
    provider.answer_tokens(tokens(**spoiled))
    account = connect(auth_config)
    assert (account.status, account.status_reason) == (Status.FAILED, Reason.EXCHANGE_FAILED)
    assert not Credentials.objects.exists()
    assert provider.targets == [TOKEN_PATH], "and opens nothing"


@pytest.mark.fault(39)
@pytest.mark.parametrize("spoiled", UNUSABLE)
def test_a_refreshed_token_that_cannot_be_used_is_not_kept(
    due_account: ConnectedAccount, provider: RotatingProvider, spoiled: dict[str, Any]
) -> None:
    """The refresh token beside it is kept: it may be the one way left to the grant."""
    provider.answer_tokens(tokens(**spoiled))
    assert refresh(due_account).status == Status.ACTIVE
    grant = vault.open_grant(Credentials.objects.get())
    assert grant.access_token.reveal() == ""
    assert grant.refresh_token is not None
    assert grant.refresh_token.reveal() == "refresh-2"
