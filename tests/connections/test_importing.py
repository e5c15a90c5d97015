"""What an import stores, and how the first refresh or probe proves it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import DatabaseError, OperationalError
from django.utils import timezone

from connections import vault
from connections.actors import SYSTEM
from connections.importing import storing
from connections.importing.planning import SPREAD_SECONDS
from connections.lifecycle import move
from connections.models import (
    ConnectedAccount,
    Credentials,
    Entity,
    Reason,
    Status,
    Transition,
    Trigger,
)
from connections.operations import delete_account, link_account
from connections.refresh import get_credentials
from connections.refresh.claim import claim_due
from connections.refresh.work import refresh_claimed
from connections.timeline import timeline
from integrations.secrets import Secret
from tests.connections.importing import Importer, row
from tests.connections.proving import probe_all
from tests.making import connect
from tests.other_toolkits import use_toolkit
from tests.provider import Answer, ScriptedProvider
from webhooks.models import Event

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SPREAD = timedelta(seconds=SPREAD_SECONDS)


def only(importer: Importer) -> ConnectedAccount:
    [account] = importer.accounts()
    return account


def prove(importer: Importer) -> ConnectedAccount:
    """Refresh the one account that was imported, as a worker does once it is due."""
    [claim] = claim_due(limit=1, trigger=Trigger.SCHEDULE, now=timezone.now() + SPREAD)
    refresh_claimed(claim)
    return only(importer)


def test_a_row_becomes_an_active_account_that_nobody_has_proven(importer: Importer) -> None:
    done = importer.rows(row(tenant_id="acme", alias="work", scopes="a b", expires_in=3600))
    account = only(importer)
    assert done.report == [{"row": 1, "result": "ok", "connected_account_id": account.pk}]
    assert (account.status, account.status_reason) == (Status.ACTIVE, Reason.IMPORTED)
    assert (account.entity.user_id, account.entity.tenant_id) == ("user-1", "acme")
    assert (account.alias, account.identity_id, account.identity_label) == ("work", "1", "1")
    assert account.scopes_granted == ["a", "b"]
    assert (account.last_verified_at, account.refreshed_at) == (None, None)
    assert account.oauth_client_id == importer.auth_config.client_id


def test_its_tokens_are_sealed_in_its_row(importer: Importer) -> None:
    importer.rows(row())
    tokens = vault.open_grant(Credentials.objects.get(account=only(importer)))
    assert tokens.access_token.reveal() == "access-1"
    assert tokens.refresh_token is not None
    assert tokens.refresh_token.reveal() == "refresh-1"


def test_its_history_and_its_events_say_that_it_was_imported(importer: Importer) -> None:
    importer.rows(row())
    steps = Transition.objects.order_by("pk").values_list("from_status", "to_status", "reason")
    assert list(steps) == [("", "INITIATED", "imported"), ("INITIATED", "ACTIVE", "imported")]
    types = Event.objects.order_by("sequence").values_list("type", flat=True)
    assert list(types) == ["connected_account.initiated", "connected_account.activated"]
    newest, oldest = timeline(only(importer), limit=2)
    assert (newest.title, oldest.title) == ("Imported", "Taken over")
    assert newest.detail == "An existing grant was imported: line 1 of rows.jsonl"


def test_the_first_refreshes_are_due_soon_and_spread(importer: Importer) -> None:
    before = timezone.now()
    importer.rows(*(row(number, expires_in=7200) for number in range(1, 9)))
    due = [account.refresh_at for account in importer.accounts()]
    assert all(moment and before < moment < timezone.now() + SPREAD for moment in due)
    assert max(filter(None, due)) - min(filter(None, due)) > SPREAD / 20
    assert {account.probe_at for account in importer.accounts()} == {None}


def test_a_token_is_refreshed_before_it_ends(importer: Importer) -> None:
    importer.rows(*(row(number, expires_in=30) for number in range(1, 6)))
    assert all(
        each.refresh_at and each.expires_at and each.refresh_at <= each.expires_at
        for each in importer.accounts()
    )


def test_a_token_of_unknown_age_counts_as_over(importer: Importer) -> None:
    importer.rows(row())
    account = only(importer)
    assert account.expires_at is not None
    assert account.expires_at <= timezone.now()


def test_the_first_refresh_proves_it(importer: Importer) -> None:
    importer.rows({"user_id": "alice", "refresh_token": "refresh-1"})
    account = prove(importer)
    assert (account.status, account.status_reason) == (Status.ACTIVE, Reason.IMPORTED)
    assert account.last_verified_at is not None


def test_a_refused_first_refresh_expires_it(importer: Importer, provider: ScriptedProvider) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    importer.rows(row())
    account = prove(importer)
    assert (account.status, account.status_reason) == (Status.EXPIRED, Reason.GRANT_REVOKED)
    assert Event.objects.filter(type="connected_account.expired").exists()


def test_whoever_asks_for_a_longer_life_than_is_left_gets_a_new_token(
    importer: Importer, provider: ScriptedProvider
) -> None:
    importer.rows(row(expires_in=300))
    account = only(importer)
    assert get_credentials(account_id=account.pk, minimum_seconds=60).generation == 1
    assert get_credentials(account_id=account.pk, minimum_seconds=1800).generation == 2
    # From then on it is known how long the provider's tokens live: for a minute.
    assert get_credentials(account_id=account.pk, minimum_seconds=1800).generation == 2
    assert len(provider.token_calls()) == 1


def test_a_token_that_nothing_renews_is_probed_soon(importer: Importer) -> None:
    importer.rows(row(refresh_token="", expires_in=864_000, identity_id="7"))
    account = only(importer)
    assert account.refresh_at == account.expires_at
    assert account.probe_at is not None
    probe_all(now=account.probe_at)
    account.refresh_from_db()
    assert account.last_verified_at is not None


def test_the_end_of_the_grant_is_counted_from_the_consent(importer: Importer) -> None:
    importer.rows(row(granted_at="2026-01-02T03:04:05+01:00"))
    assert only(importer).granted_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)


def test_running_it_again_skips_every_row(importer: Importer) -> None:
    first = importer.rows(row(1), row(2, identity_id=""))
    again = importer.rows(row(1), row(2, identity_id=""))
    assert again.results == [("skipped", "already_there")] * 2
    assert [line["connected_account_id"] for line in again.report] == [
        line["connected_account_id"] for line in first.report
    ]
    assert (len(importer.accounts()), again.error) == (2, "")


@pytest.mark.parametrize("same", [{"refresh_token": "rotated"}, {"identity_id": ""}, {}])
def test_a_grant_is_recognised_where_several_are_allowed(
    importer: Importer, same: dict[str, str]
) -> None:
    importer.rows(row())
    again = importer.rows(row() | same, allow_multiple=True)
    assert again.results == [("skipped", "already_there")]


def test_a_token_without_a_refresh_token_is_recognised_too(importer: Importer) -> None:
    given = row(identity_id="", refresh_token="", expires_in=3600)
    importer.rows(given)
    assert importer.rows(given, allow_multiple=True).results == [("skipped", "already_there")]


def test_a_user_with_an_account_is_skipped_unless_several_are_allowed(importer: Importer) -> None:
    alice = Entity.objects.create(project=importer.project, user_id="user-1")
    account = connect(auth_config=importer.auth_config, entity=alice)
    done = importer.rows(row(refresh_token="other"))
    assert done.report[0]["connected_account_id"] == account.pk
    assert done.results == [("skipped", "account_exists")]
    assert importer.rows(row(refresh_token="other"), allow_multiple=True).results == [("ok", "")]


def test_an_invitation_that_nobody_followed_is_no_account(importer: Importer) -> None:
    link_account(
        project=importer.project, user_id="user-1", auth_config=importer.auth_config, actor=SYSTEM
    )
    assert importer.rows(row()).results == [("ok", "")]


def test_a_deleted_account_is_no_account(importer: Importer) -> None:
    importer.rows(row())
    delete_account(account=only(importer), actor=SYSTEM)
    assert importer.rows(row()).results == [("ok", "")]


@pytest.mark.parametrize("dry_run", [True, False])
def test_one_refresh_token_goes_to_one_user(importer: Importer, dry_run: bool) -> None:
    rows = (row(1), row(2, refresh_token="refresh-1"))
    assert importer.rows(*rows, dry_run=dry_run).results == [("ok", ""), ("refused", "grant_taken")]
    assert importer.rows(*rows, dry_run=dry_run).results[1] == ("refused", "grant_taken")


ODD_ROWS = (
    row(1, alias="a"),
    row(1, alias="b", refresh_token="x", identity_id="9"),
    row(1, alias="a"),
    row(1, alias="a", refresh_token="y", identity_id="10"),
    row(2, access_token="a\r\nb"),
    {"user_id": "nobody"},
    row(3),
)


@pytest.mark.parametrize("allow_multiple", [True, False])
def test_a_dry_run_reports_the_same_and_changes_nothing(
    importer: Importer, allow_multiple: bool
) -> None:
    tried = importer.rows(*ODD_ROWS, dry_run=True, allow_multiple=allow_multiple)
    assert [Entity.objects.count(), Event.objects.count(), len(importer.accounts())] == [0, 0, 0]
    done = importer.rows(*ODD_ROWS, allow_multiple=allow_multiple)
    assert tried.results == done.results
    assert {result for result, _ in done.results} == {"ok", "skipped", "refused"}
    assert "would be imported" in tried.printed
    assert tried.error == done.error != ""


def test_a_row_that_fails_leaves_nothing(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**given: object) -> None:
        if Entity.objects.filter(user_id="user-2").exists():
            raise DatabaseError("refresh-2")

    monkeypatch.setattr(storing, "move", fail)
    done = importer.rows(row(2))
    assert done.results == [("refused", "database_refused")]
    assert "refresh-2" not in str(done)
    assert [each.objects.count() for each in (Entity, ConnectedAccount, Credentials, Event)] == [
        0
    ] * 4


def test_an_outage_of_the_database_ends_it_and_says_so(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**given: object) -> None:
        raise OperationalError("refresh-1")

    monkeypatch.setattr(storing, "move", fail)
    done = importer.rows(row(1), row(2))
    assert (done.report, done.error) == ([], "The database went away: run it again to go on.")


def test_a_signal_ends_it_after_the_row(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def signalled(**given: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        move(**given)

    monkeypatch.setattr(storing, "move", signalled)
    done = importer.rows(row(1), row(2))
    assert (done.results, done.error) == ([("ok", "")], "Stopped: run it again to go on.")


def test_others_are_imported_past_a_row_that_is_refused(importer: Importer) -> None:
    done = importer.rows(row(1), {"user_id": "x"}, row(3))
    assert [result for result, _ in done.results] == ["ok", "refused", "ok"]
    assert done.error == "1 rows were refused."
    assert "2 imported, 0 skipped, 1 refused." in done.printed


KILL = """
import os, signal, sys, django
django.setup()
from django.core.management import call_command
from connections.importing import storing
move, calls = storing.move, []
def last(**given):
    calls.append(1)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    move(**given)
storing.move = last
call_command("import_accounts", *sys.argv[1:])
"""


@pytest.mark.django_db(transaction=True)
def test_killed_half_way_and_run_again(importer: Importer) -> None:
    rows = [row(number) for number in range(1, 6)]
    importer.rows(*rows, dry_run=True)
    given = [str(importer.folder / "rows.jsonl"), "--project", importer.project.pk]
    given += ["--auth-config", importer.auth_config.pk]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(
        path=f"/{settings.DATABASES['default']['NAME']}"
    )
    environment = os.environ | {"DATABASE_URL": url.geturl()}
    command = [sys.executable, "-c", KILL, *given]
    killed = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL
    assert len(importer.accounts()) == Entity.objects.count() == Credentials.objects.count() == 2
    again = importer.rows(*rows)
    assert [result for result, _ in again.results] == ["skipped"] * 2 + ["ok"] * 3
    assert len(importer.accounts()) == 5


@pytest.mark.parametrize("seconds", [None, 86_400])
def test_a_token_that_renews_itself_is_kept_as_what_renews_it(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, seconds: int | None
) -> None:
    trade = {"url": "{base_url}/renew", "parameters": {"token": "{access_token}"}}
    urls = {"authorization_url": "{base_url}/a", "token_url": "{base_url}/t"}
    use_toolkit(monkeypatch, **urls, self_renewal=trade)
    row = {"user_id": "u", "access_token": "long", "expires_in": seconds}
    importer.rows({name: value for name, value in row.items() if value})
    tokens = vault.open_grant(Credentials.objects.get())
    assert tokens.refresh_token == tokens.access_token == Secret("long")
