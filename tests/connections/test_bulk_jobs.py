"""Work on many accounts: which, cancelled, resumed, under all limits."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from connections.actors import SYSTEM
from connections.admin.filters import AgeFilter, HealthFilter
from connections.bulk import running
from connections.bulk.collecting import collect_some
from connections.bulk.selecting import FACTS, filtered
from connections.bulk.starting import Asker
from connections.bulk.steering import ask_providers_again, cancel_job, resume_job
from connections.errors import JobHasEnded
from connections.models import (
    BulkItem,
    BulkJob,
    ConnectedAccount,
    Credentials,
    Entity,
    Revocation,
    Status,
)
from connections.models.bulk import JobState, Kind
from connections.operations import disable_account, enable_account
from connections.pruning import prune
from connections.timeline import APPS_KINDS, timeline
from connections.timeline import Kind as Told
from integrations.ids import id_at
from integrations.models import AuditEntry, AuthConfig
from integrations.pruning import Pruning
from tests.bulk import begin, crowd, fresh, outcomes, start, start_on, work
from tests.making import connect, initiate, store_grant

pytestmark = pytest.mark.django_db


# --- Which accounts ------------------------------------------------------------------------------


def test_a_job_revokes_every_account_it_is_about_and_tells(
    mel: User, auth_config: AuthConfig
) -> None:
    crowd(auth_config, 3)
    job = start(Kind.REVOKE, mel, status=Status.ACTIVE)
    work()
    job = fresh(job)
    assert (job.state, job.total, job.done, job.failed) == (JobState.DONE, 3, 3, 0)
    assert set(ConnectedAccount.objects.values_list("status", flat=True)) == {Status.REVOKED}
    assert not Credentials.objects.exists()
    assert Revocation.objects.count() == 3


def test_the_timeline_names_who_why_and_the_job(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    work()
    row = account.transitions.latest("id")
    assert (row.actor, row.cause) == ("operator:mel", f"Drill ({job.pk})")


@pytest.mark.parametrize(
    ("kind", "title", "words"),
    [
        (Kind.REFRESH, "Refresh asked for in bulk", ""),
        (Kind.LINK, "Reconnect link asked for in bulk", "Link made. · "),
        (Kind.MAIL, "Mail asked for in bulk: left alone", "The app has given no address"),
    ],
)
def test_the_timeline_tells_of_a_job_that_leaves_the_status(
    mel: User, account: ConnectedAccount, kind: Kind, title: str, words: str
) -> None:
    job = start_on(kind, mel, account)
    work()
    [entry] = [entry for entry in timeline(account) if entry.id.startswith("bi_")]
    assert (entry.title, entry.actor) == (title, "Operator mel")
    assert entry.detail.startswith(words)
    assert entry.detail.endswith(f"Drill ({job.pk})")
    assert entry.id not in {told.id for told in timeline(account, kinds=APPS_KINDS)}


def test_a_revocation_is_told_once_where_the_change_of_status_is_told(
    mel: User, account: ConnectedAccount
) -> None:
    start_on(Kind.REVOKE, mel, account)
    work()
    titles = [entry.title for entry in timeline(account)]
    assert titles.count("Revoked") == 1
    assert "Revoking asked for in bulk" not in titles
    assert [entry.title for entry in timeline(account, kinds={Told.STAFF})] == [
        "Revoking asked for in bulk"
    ]


def test_a_revocation_that_was_not_done_is_told(mel: User, account: ConnectedAccount) -> None:
    Credentials.objects.update(generation=7)
    start_on(Kind.REVOKE, mel, account)
    work()
    entry = timeline(account, 1)[0]
    assert (entry.title, entry.tone) == ("Revoking asked for in bulk: failed", "warn")


def test_the_jobs_of_an_account_are_found_by_an_index(account: ConnectedAccount) -> None:
    rows = BulkItem.objects.filter(account=account).order_by("-id")[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "bulk_item_of_account" in rows.explain()


def test_what_comes_to_match_later_is_not_touched(mel: User, auth_config: AuthConfig) -> None:
    first, second = crowd(auth_config, 2)
    disable_account(account=first, actor=SYSTEM)
    job = start(Kind.REVOKE, mel, status=Status.INACTIVE)
    disable_account(account=second, actor=SYSTEM)
    later = Entity.objects.create(project=auth_config.project, user_id="later")
    disable_account(account=connect(auth_config=auth_config, entity=later), actor=SYSTEM)
    work()
    items = BulkItem.objects.filter(job=job)
    assert list(items.values_list("account", flat=True)) == [first.pk]


def test_an_account_whose_status_changed_before_its_turn_is_left_alone(
    mel: User, auth_config: AuthConfig
) -> None:
    [account] = crowd(auth_config, 1)
    disable_account(account=account, actor=SYSTEM)
    job = start_on(Kind.REVOKE, mel, account)
    enable_account(account=account, actor=SYSTEM)
    work()
    assert outcomes(job) == ["skipped"]
    assert "it is active" in BulkItem.objects.get().words
    assert Credentials.objects.exists()


def test_a_grant_given_anew_since_is_not_revoked(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    ConnectedAccount.objects.update(granted_at=timezone.now() + timedelta(seconds=1))
    work()
    assert outcomes(job) == ["skipped"]


def test_a_long_selection_is_collected_in_batches_each_account_once(
    mel: User, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.bulk.collecting.BATCH", 2)
    accounts = crowd(auth_config, 5)
    job = start(Kind.LINK, mel, toolkit="sandbox")
    for _ in range(3):
        collect_some(fresh(job), projects=None, now=timezone.now())
    # Somebody who looked before the last batch collects nothing again.
    assert collect_some(job, projects=None, now=timezone.now()) == 0
    job = fresh(job)
    assert (job.total, job.collected_at is None) == (5, False)
    assert BulkItem.objects.filter(job=job).count() == len(accounts)


@pytest.mark.parametrize(
    "facts", [{"colour": "red"}, {"refreshing": "never"}, {"age": "2"}, {"ends": "7"}]
)
def test_a_filter_that_nobody_knows_selects_nothing(facts: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        filtered({"status": "ACTIVE"} | facts, at=timezone.now())


def test_every_value_of_a_filter_that_workers_know_is_one_of_the_lists() -> None:
    listed = HealthFilter.lookups(None, None, None)  # type: ignore[arg-type]
    assert FACTS["refreshing"].values == frozenset(value for value, _ in listed)
    assert FACTS["age"].values == frozenset([*AgeFilter._DAYS, "older"])


@pytest.mark.parametrize(("age", "there"), [("1", False), ("7", True), ("older", False)])
def test_filters_by_age_mean_what_the_list_means(
    account: ConnectedAccount, age: str, there: bool
) -> None:
    in_two_days = timezone.now() + timedelta(days=2)
    assert filtered({"age": age}, at=in_two_days).exists() is there


@pytest.mark.parametrize("name", ["failing", "doubt", "due", "fine"])
def test_filters_by_refreshing_mean_what_the_list_means(
    account: ConnectedAccount, name: str
) -> None:
    now = timezone.now()
    columns = {
        "failing": "refresh_failing_since",
        "doubt": "in_doubt_since",
        "due": "refresh_at",
    }
    if name in columns:
        ConnectedAccount.objects.update(**{columns[name]: now})
    assert filtered({"refreshing": name}, at=now).get() == account


# --- Cancelled and resumed -----------------------------------------------------------------------


def test_after_a_cancel_nothing_is_done_and_a_resume_does_the_rest_once(
    mel: User, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(auth_config, 4)
    job = start(Kind.LINK, mel, status=Status.ACTIVE)
    done: list[str] = []
    whole = running._do_whole

    def cancelling(item_id: str, of: BulkJob, authority: object) -> int:
        if len(done) == 2:
            cancel_job(job=fresh(job), now=timezone.now())
        done.append(item_id)
        return whole(item_id, of, authority)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "_do_whole", cancelling)
    work()
    assert (fresh(job).state, fresh(job).done) == (JobState.CANCELLED, 2)
    assert account_links() == 2
    resume_job(job=job, asker=Asker.of_staff(mel))
    monkeypatch.undo()
    work()
    assert (fresh(job).state, fresh(job).done) == (JobState.DONE, 4)
    assert account_links() == 4


def account_links() -> int:
    return BulkItem.objects.filter(link_url__isnull=False).count()


def test_a_job_that_is_done_is_neither_cancelled_nor_resumed(
    mel: User, account: ConnectedAccount
) -> None:
    job = start_on(Kind.LINK, mel, account)
    work()
    with pytest.raises(JobHasEnded):
        cancel_job(job=job, now=timezone.now())
    with pytest.raises(JobHasEnded):
        resume_job(job=job, asker=Asker.of_staff(mel))


def test_a_worker_that_is_told_to_stop_leaves_the_rest_free(
    mel: User, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(auth_config, 3)
    job = start(Kind.REVOKE, mel, status=Status.ACTIVE)
    stop = threading.Event()
    whole = running._do_whole

    def stopping(*args: object) -> int:
        stop.set()
        return whole(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "_do_whole", stopping)
    running.work_off(stop=stop)
    assert fresh(job).done == 1
    assert BulkItem.objects.filter(job=job).free().count() == 2


def test_one_accounts_surprise_stops_no_other(
    mel: User, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = crowd(auth_config, 2)
    job = start(Kind.REVOKE, mel, status=Status.ACTIVE)
    locked = type(ConnectedAccount.objects).locked

    def surprise(rows: object, account_id: str, **more: object) -> object:
        if account_id == first.pk:
            raise ZeroDivisionError
        return locked(rows, account_id, **more)

    monkeypatch.setattr(type(ConnectedAccount.objects), "locked", surprise)
    work()
    assert outcomes(job) == ["failed", "done"]
    assert BulkItem.objects.get(account=first).error_code == "internal_error"


# --- Small things --------------------------------------------------------------------------------


def test_credentials_that_do_not_open_are_told_and_nothing_is_changed(
    mel: User, account: ConnectedAccount
) -> None:
    Credentials.objects.update(generation=7)
    job = start_on(Kind.REVOKE, mel, account)
    work()
    assert BulkItem.objects.get(job=job).error_code == "credentials_do_not_open"
    account.refresh_from_db()
    assert account.status == Status.ACTIVE


def test_an_account_that_never_was_connected_has_nothing_to_revoke(
    mel: User, auth_config: AuthConfig, entity: Entity
) -> None:
    job = start_on(Kind.REVOKE, mel, initiate(auth_config=auth_config, entity=entity))
    work()
    assert outcomes(job) == ["skipped"]


def test_a_job_on_nothing_is_done_at_once(mel: User, auth_config: AuthConfig) -> None:
    job = start(Kind.REVOKE, mel, status=Status.EXPIRED)
    work()
    assert (fresh(job).state, fresh(job).total) == (JobState.DONE, 0)


def test_the_audit_trail_has_the_end_of_a_job(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    work()
    entry = AuditEntry.objects.get(action="bulk-end")
    assert (entry.subject_id, entry.project_id) == (job.pk, account.project_id)
    assert (entry.outcome, entry.note, entry.actor_name) == ("done", "Drill", "mel")


def test_no_provider_is_asked_again_that_is_not_waited_for(
    mel: User, account: ConnectedAccount
) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    work()
    assert ask_providers_again(job=job) == 1
    Revocation.objects.update(next_attempt_at=None, confirmed_at=timezone.now())
    with pytest.raises(JobHasEnded):
        ask_providers_again(job=job)


def test_old_items_go_before_their_job(
    mel: User, account: ConnectedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.pruning._pruning", Pruning())
    job = start_on(Kind.LINK, mel, account)
    work()
    old = timezone.now() - timedelta(days=500)
    BulkJob.objects.update(ended_at=old)
    BulkItem.objects.update(id=id_at("bi", old))
    assert prune(now=timezone.now())["bulk_items"] == 1
    assert fresh(job).done == 1


def test_incidents_go_first(mel: User, auth_config: AuthConfig) -> None:
    crowd(auth_config, 1)
    start(Kind.LINK, mel, status=Status.ACTIVE)
    incident = begin("auth_config", auth_config.pk, mel)  # type: ignore[arg-type]
    assert next(iter(BulkJob.objects.under_way())) == incident


def test_a_grant_that_was_stored_again_is_a_new_one(mel: User, account: ConnectedAccount) -> None:
    job = start_on(Kind.REVOKE, mel, account)
    store_grant(account, now=timezone.now(), reason="reconnected")  # type: ignore[arg-type]
    work()
    assert outcomes(job) == ["skipped"]
