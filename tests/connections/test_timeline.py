"""The history of one account as one list."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from connections.actors import SYSTEM
from connections.models import ConnectedAccount, RefreshAttempt, RefreshOutcome, Transition
from connections.operations import disable_account, revoke_account
from connections.timeline import APPS_KINDS, Kind, timeline
from webhooks.endpoints import create_endpoint


def attempt(account: ConnectedAccount, **facts: object) -> RefreshAttempt:
    now = timezone.now()
    return RefreshAttempt.objects.create(
        project=account.project,
        account=account,
        trigger="schedule",
        worker="w",
        **{
            "generation": 1,
            "started_at": now,
            "finished_at": now,
            "outcome": RefreshOutcome.STORED,
        }
        | facts,
    )


def test_everything_comes_newest_first(account: ConnectedAccount) -> None:
    attempt(account)
    revoke_account(account=account, actor=SYSTEM)
    titles = [entry.title for entry in timeline(account, kinds=APPS_KINDS)]
    assert titles == ["Revoked", "Revoking at the provider", "Refreshed", "Connected", "Invited"]


def test_a_refused_refresh_says_what_the_provider_answered(account: ConnectedAccount) -> None:
    attempt(account, outcome=RefreshOutcome.TERMINAL, error_code="invalid_grant", http_status=400)
    entry = timeline(account, 1)[0]
    assert (entry.kind, entry.tone, entry.code) == (Kind.REFRESH, "bad", "terminal")
    assert "answer invalid_grant · HTTP 400" in entry.detail


def test_an_attempt_without_an_end_is_told_as_such(account: ConnectedAccount) -> None:
    attempt(account, finished_at=None, outcome=RefreshOutcome.IN_DOUBT)
    entry = timeline(account, 1)[0]
    assert entry.title == "Refresh cut short: its worker was killed"
    assert entry.tone == "warn"
    assert "may have answered" in entry.detail


def test_a_lost_answer_is_told_as_such(account: ConnectedAccount) -> None:
    attempt(account, outcome=RefreshOutcome.IN_DOUBT, error_code="timeout")
    entry = timeline(account, 1)[0]
    assert (entry.title, entry.tone) == ("The provider's answer to a refresh was lost", "warn")


def test_a_row_of_successes_is_one_entry(account: ConnectedAccount) -> None:
    end = timezone.now() - timedelta(minutes=3)
    begin = end - timedelta(hours=5)
    attempt(account, count=11, started_at=begin, finished_at=end, generation=12)
    entry = timeline(account, 1)[0]
    assert entry.title == "Refreshed 11 times"
    assert entry.detail == "Due · about every 30 min · generation 12"
    assert (entry.since, entry.at, entry.count) == (begin, end, 11)


def test_a_change_whose_event_is_forgotten_is_still_told(account: ConnectedAccount) -> None:
    Transition.objects.update(event=None)
    assert [entry.title for entry in timeline(account)] == ["Connected", "Invited"]
    assert {(entry.event_id, entry.event_type) for entry in timeline(account)} == {("", "")}


def test_a_change_tells_how_far_its_event_got(account: ConnectedAccount) -> None:
    endpoint = create_endpoint(project=account.project, url="http://127.0.0.1:9/hook").endpoint
    disable_account(account=account, actor=SYSTEM)
    entry = timeline(account, 1)[0]
    assert entry.event_type == "connected_account.deactivated"
    told = [(d.endpoint_url, d.status) for d in entry.deliveries]
    assert told == [(endpoint.url, "pending")]


def test_the_cursor_continues_where_a_page_ended(account: ConnectedAccount) -> None:
    for _ in range(3):
        attempt(account)
    whole = timeline(account)
    assert [*whole[:2], *timeline(account, before=whole[1].cursor)] == whole
