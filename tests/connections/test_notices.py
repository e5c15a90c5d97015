"""Who is written to when a grant died or is about to: whom, when, what, and never twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.actors import PERSON, SYSTEM
from connections.models import (
    ConnectedAccount,
    Entity,
    ExpiryNotice,
    NoticeCause,
    NoticeState,
    Reason,
)
from connections.noticing.recording import note_expiry
from connections.noticing.sending import PAUSES, send_due_notices
from connections.operations import reconnect_account, revoke_account
from integrations.models import Project
from tests.connections.noticing import ADDRESS, die, let_write, link_in, make_due, send, text_of
from tests.mail_server import MailServer
from tests.making import store_grant


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    with MailServer().serving() as server:
        for name, value in server.settings.items():
            setattr(settings, name, value)
        yield server


@pytest.fixture
def told(account: ConnectedAccount) -> ConnectedAccount:
    """An ACTIVE account whose person is to be told of its end."""
    let_write(account)
    return account


def warn(account: ConnectedAccount) -> None:
    """Let the account's grant end in a week, and note that its person is to be told."""
    now = timezone.now()
    ends_at = now + timedelta(days=7)
    ConnectedAccount.objects.filter(pk=account.pk).update(grant_ends_at=ends_at)
    note_expiry(account=account, cause=NoticeCause.ENDING, actor=SYSTEM, ends_at=ends_at, now=now)


def test_a_person_is_told_that_her_grant_died(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    assert send() == 1
    [mail] = mail_server.taken
    assert mail["To"] == ADDRESS
    assert mail["Subject"] == "Reconnect your Acme Notes account to Acme Agents"
    for kind in ("plain", "html"):
        assert "The access was withdrawn at Acme Notes." in text_of(mail, kind)
        assert "alice@example.com" in text_of(mail, kind)
        assert link_in(mail) in text_of(mail, kind)
    assert ExpiryNotice.objects.get().state == NoticeState.SENT


def test_the_mail_bears_the_projects_name_and_leaves_a_way_out(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    send()
    [mail] = mail_server.taken
    assert mail["From"].startswith("Acme Agents <")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"{link_in(mail)}/stop>" in mail["List-Unsubscribe"]


def test_the_mail_has_the_projects_colour_and_the_persons_language(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    Project.objects.update(accent_color="#7a1fa2")
    Entity.objects.update(language="de-AT")
    die(told)
    send()
    html = text_of(mail_server.taken[0], "html")
    assert "background: #7a1fa2" in html
    assert '<html lang="de" dir="ltr">' in html


def test_a_person_who_sets_out_in_a_language_is_written_to_in_it(
    account: ConnectedAccount, client: Client
) -> None:
    url = reconnect_account(account=account, actor=SYSTEM).url
    client.post(urlsplit(url).path, headers={"Accept-Language": "ja"})
    assert Entity.objects.get().language == "ja"


def test_a_projects_name_adds_no_header(told: ConnectedAccount, mail_server: MailServer) -> None:
    Project.objects.update(name="Acme\r\nBcc: eve@example.com")
    told.refresh_from_db()
    die(told)
    send()
    [mail] = mail_server.taken
    assert mail["Bcc"] is None


def test_markup_in_an_identity_is_text(told: ConnectedAccount, mail_server: MailServer) -> None:
    ConnectedAccount.objects.update(identity_label="<img src=x>")
    die(told)
    send()
    html = text_of(mail_server.taken[0], "html")
    assert "&lt;img src=x&gt;" in html
    assert "<img src=x>" not in html


def test_a_cause_is_told_once_however_often_it_is_noted(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    for _ in range(2):
        warn(told)
        send()
    assert len(mail_server.taken) == 1
    assert "will soon be disconnected" in mail_server.taken[0]["Subject"]


def test_a_new_grant_that_dies_is_told_anew(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    send()
    store_grant(told, now=timezone.now(), reason=Reason.RECONNECTED, number=2)
    die(told)
    assert send() == 1
    assert len(mail_server.taken) == 2


@pytest.mark.parametrize("why", ["project", "address", "refused"])
def test_nobody_is_written_to_who_is_not_to_be(
    told: ConnectedAccount, mail_server: MailServer, why: str
) -> None:
    if why == "project":
        Project.objects.update(sends_expiry_notices=False)
    elif why == "address":
        Entity.objects.update(email="")
    else:
        Entity.objects.update(notices_refused_at=timezone.now())
    die(ConnectedAccount.objects.select_related("project", "entity").get())
    assert not ExpiryNotice.objects.exists()


def test_what_the_app_itself_ended_is_not_told(told: ConnectedAccount) -> None:
    revoke_account(account=told, actor=PERSON)
    assert not ExpiryNotice.objects.exists()


def test_a_person_who_was_quicker_gets_no_mail(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    store_grant(told, now=timezone.now(), reason=Reason.RECONNECTED, number=2)
    assert send() == 0
    assert ExpiryNotice.objects.get().state == NoticeState.DROPPED
    assert not mail_server.taken


@pytest.mark.parametrize("renewed", [timedelta(days=90), None])
def test_a_grant_that_was_renewed_meanwhile_is_not_said_to_end(
    told: ConnectedAccount, mail_server: MailServer, renewed: timedelta | None
) -> None:
    warn(told)
    ends_at = renewed and timezone.now() + renewed
    ConnectedAccount.objects.update(grant_ends_at=ends_at)
    assert send() == 0
    notice = ExpiryNotice.objects.get()
    assert (notice.state, notice.explanation) == (NoticeState.DROPPED, "the grant was renewed")
    assert not mail_server.taken


def test_a_grant_whose_end_moved_by_minutes_is_said_to_end(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    warn(told)
    soon = timezone.now() + timedelta(days=7, minutes=30)
    ConnectedAccount.objects.update(grant_ends_at=soon)
    assert send() == 1


def test_a_person_who_refuses_meanwhile_gets_no_mail(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    Entity.objects.update(notices_refused_at=timezone.now())
    assert send() == 0
    assert not mail_server.taken


def test_a_refusal_for_now_is_tried_again_and_then_given_up(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    mail_server.to_recipient = "450 later"
    die(told)
    for _ in PAUSES:
        send()
        assert ExpiryNotice.objects.get().state == NoticeState.WAITING
    send()
    notice = ExpiryNotice.objects.get()
    assert (notice.state, notice.next_attempt_at) == (NoticeState.FAILED, None)
    assert notice.explanation == "the address was refused (450)"


def test_after_a_refusal_the_mail_arrives_and_its_link_works(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    mail_server.to_mail = "451 later"
    die(told)
    send()
    mail_server.to_mail = "250 ok"
    assert send() == 1
    token = link_in(mail_server.taken[0]).rsplit("/", 1)[1]
    assert ExpiryNotice.objects.with_token(token).exists()


def test_a_bounce_at_the_door_stops_no_other_mail(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    mail_server.to_recipient = "550 no such user"
    send()
    assert ExpiryNotice.objects.get().state == NoticeState.FAILED
    mail_server.to_recipient = "250 ok"
    store_grant(told, now=timezone.now(), reason=Reason.RECONNECTED, number=2)
    die(told)
    assert send() == 1


def test_a_mail_server_that_is_away_is_waited_for(
    told: ConnectedAccount, settings: Settings
) -> None:
    with MailServer().serving() as server:
        for name, value in server.settings.items():
            setattr(settings, name, value)
    die(told)
    send()
    notice = ExpiryNotice.objects.get()
    assert notice.state == NoticeState.WAITING
    assert "not reached" in notice.explanation


def test_an_unanswered_mail_is_not_sent_twice(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    mail_server.hangs_up = True
    die(told)
    send()
    mail_server.hangs_up = False
    assert send() == 0
    assert ExpiryNotice.objects.get().state == NoticeState.UNKNOWN


def test_a_killed_senders_mail_is_not_sent_twice(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    ExpiryNotice.objects.update(state=NoticeState.SENDING, attempt_count=1)
    assert send() == 0
    assert ExpiryNotice.objects.get().state == NoticeState.UNKNOWN
    assert not mail_server.taken


def test_a_mail_that_cannot_be_written_stops_no_other(
    told: ConnectedAccount, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    die(told)
    monkeypatch.setattr("connections.noticing.message.colors_of", None)
    send()
    notice = ExpiryNotice.objects.get()
    assert (notice.state, notice.explanation) == (
        NoticeState.WAITING,
        "the mail could not be written",
    )
    monkeypatch.undo()
    assert send() == 1


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_one_mail(told: ConnectedAccount, mail_server: MailServer) -> None:
    die(told)
    make_due()

    def run(_number: int) -> int:
        try:
            return send_due_notices(seconds=30)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 1
    assert len(mail_server.taken) == 1


def test_without_a_mail_server_it_waits_and_says_why(
    told: ConnectedAccount, settings: Settings
) -> None:
    settings.SENDS_MAIL = False
    die(told)
    send()
    notice = ExpiryNotice.objects.get()
    assert (notice.state, notice.explanation) == (
        NoticeState.WAITING,
        "no mail server is configured",
    )


def test_the_mail_waits_a_little_for_the_app_to_be_quicker(
    told: ConnectedAccount, mail_server: MailServer
) -> None:
    die(told)
    assert send_due_notices(seconds=30) == 0
    assert not mail_server.taken
