"""Reconnect links made in bulk: secrets that are given away once, and the report without them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from connections.bulk.reporting import forget_links
from connections.models import (
    BulkItem,
    BulkJob,
    ConnectedAccount,
    ConnectLink,
    Entity,
    ExpiryNotice,
    NoticeCause,
)
from connections.models.bulk import Kind
from connections.operations import delete_account
from integrations.models import AuditEntry, AuthConfig
from integrations.tokens import digest
from tests.bulk import crowd, fresh, outcomes, start, start_on, work
from tests.console.staff import every_permission, member, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(mel: User, auth_config: AuthConfig) -> BulkJob:
    """A job that has made two links."""
    crowd(auth_config, 2)
    started = start(Kind.LINK, mel, status="ACTIVE")
    work()
    return fresh(started)


def page(job: BulkJob, name: str = "change") -> str:
    return f"/admin/connections/bulkjob/{job.pk}/{name}/"


def table(answer: object) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_each_account_gets_one_link_that_lives_a_day(job: BulkJob) -> None:
    links = ConnectLink.objects.filter(created_by="operator:mel")
    assert links.count() == 2
    assert all(link.expires_at - timezone.now() > timedelta(hours=23) for link in links)


def test_the_links_are_downloaded_once(mel: User, job: BulkJob) -> None:
    browser = signed_in(mel)
    answer = browser.post(page(job, "links"))
    assert "no-store" in answer["Cache-Control"]
    rows = table(answer)
    digests = {digest(row["link"].rpartition("/")[2]) for row in rows}
    assert set(ConnectLink.objects.values_list("token_digest", flat=True)) == digests
    assert not BulkItem.objects.filter(link_url__isnull=False).exists()
    again = browser.post(page(job, "links"), follow=True)
    assert "There is no link to download" in again.content.decode()
    assert AuditEntry.objects.filter(action="bulk-links").count() == 1
    assert fresh(job).links_taken_by == "operator:mel"


def test_the_links_stand_sealed_in_the_database(job: BulkJob) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT link_url FROM connections_bulkitem")
        texts = [text for (text,) in cursor.fetchall()]
    assert len(texts) == 2
    assert not any("/connect/" in text for text in texts)


def test_links_are_forgotten_when_they_end(job: BulkJob) -> None:
    assert forget_links(now=timezone.now()) == 0
    assert forget_links(now=timezone.now() + timedelta(hours=25)) == 2
    assert not BulkItem.objects.filter(link_url__isnull=False).exists()


def test_a_link_that_has_ended_is_not_downloaded(mel: User, job: BulkJob) -> None:
    BulkItem.objects.update(link_ends_at=timezone.now() - timedelta(seconds=1))
    again = signed_in(mel).post(page(job, "links"), follow=True)
    assert "There is no link to download" in again.content.decode()


def test_only_who_may_send_links_takes_them(auth_config: AuthConfig, job: BulkJob) -> None:
    others = tuple(n for n in every_permission() if n != "connections.link_connectedaccount")
    browser = signed_in(member(auth_config.project, permissions=others, username="else"))
    assert "Download links" not in browser.get(page(job)).content.decode()
    assert browser.post(page(job, "links")).status_code == 403
    assert BulkItem.objects.filter(link_url__isnull=False).count() == 2


def test_links_need_a_post_and_a_csrf_token(mel: User, job: BulkJob) -> None:
    assert signed_in(mel).get(page(job, "links")).status_code == 405
    assert signed_in(mel, csrf=True).post(page(job, "links")).status_code == 403
    assert BulkItem.objects.filter(link_url__isnull=False).count() == 2


def test_neither_page_nor_report_holds_a_link(mel: User, job: BulkJob) -> None:
    browser = signed_in(mel)
    shown = browser.get(page(job)).content.decode()
    rows = table(browser.get(page(job, "report")))
    assert "/connect/" not in shown
    assert "/connect/" not in str(rows)
    assert [row["outcome"] for row in rows] == ["Done", "Done"]
    assert {row["link_id"] for row in rows} == set(ConnectLink.objects.values_list("pk", flat=True))


def test_a_report_runs_no_formula(mel: User, auth_config: AuthConfig) -> None:
    [account] = crowd(auth_config, 1)
    Entity.objects.update(user_id='=HYPERLINK("http://evil/")')
    ConnectedAccount.objects.update(identity_label="@SUM(1)", alias="")
    job = start_on(Kind.LINK, mel, account)
    work()
    [row] = table(signed_in(mel).get(page(job, "report")))
    assert row["user"] == '\'=HYPERLINK("http://evil/")'
    assert row["identity"] == "'@SUM(1)"


def test_who_sees_no_accounts_reads_no_report(auth_config: AuthConfig, job: BulkJob) -> None:
    seeing = ("connections.view_bulkjob",)
    browser = signed_in(member(auth_config.project, permissions=seeing, username="else"))
    assert "Download report" not in browser.get(page(job)).content.decode()
    assert browser.get(page(job, "report")).status_code == 403


def test_another_projects_report_is_not_there(job: BulkJob, mel: User) -> None:
    stranger: Client = signed_in(member(permissions=every_permission(), username="eve"))
    for name in ("change", "report", "links"):
        assert stranger.post(page(job, name)).status_code == 404


def test_an_account_that_was_deleted_meanwhile_gets_no_link(
    mel: User, account: ConnectedAccount
) -> None:
    job = start_on(Kind.LINK, mel, account)
    delete_account(account=account, actor="operator:ann")  # type: ignore[arg-type]
    work()
    assert outcomes(job) == ["skipped"]
    assert not ConnectLink.objects.filter(created_by="operator:mel").exists()


def test_a_config_that_is_disabled_is_told(
    mel: User, account: ConnectedAccount, auth_config: AuthConfig
) -> None:
    AuthConfig.objects.update(enabled=False)
    start_on(Kind.LINK, mel, account)
    work()
    assert BulkItem.objects.get().error_code == "auth_config_disabled"


def test_mails_go_to_whom_they_can(mel: User, auth_config: AuthConfig) -> None:
    crowd(auth_config, 2)
    Entity.objects.filter(pk=Entity.objects.earliest("pk").pk).update(email="a@home.example")
    job = start(Kind.MAIL, mel, status="ACTIVE")
    work()
    assert sorted(outcomes(job)) == ["done", "skipped"]
    notice = ExpiryNotice.objects.get()
    assert (notice.cause, notice.created_by) == (NoticeCause.ASKED, "operator:mel")
