"""Where somebody is signed in: listed, and ended for good."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.test import Client

from config.sign_in.activity import INTERVAL
from integrations.browsers import describe_browser
from integrations.models import AuditEntry
from tests.console.staff import signed_in
from tests.sign_in.staff import SECURITY, come_in, is_out, staff, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return staff()


@pytest.fixture
def here(ann: User) -> Client:
    return come_in(ann)


@pytest.fixture
def elsewhere(ann: User) -> Client:
    return come_in(ann)


def number_of(browser: Client) -> int:
    key = browser.session.session_key
    return int(UserSession.objects.get(session_key=key).pk)


def test_the_own_sessions_are_listed_with_this_one_marked(here: Client, elsewhere: Client) -> None:
    page = here.get(SECURITY).content.decode()
    assert page.count("Firefox on Linux</strong>") == 1
    assert page.count("This one") == 1
    assert "127.0.0.1" in page


def test_a_session_that_is_ended_elsewhere_opens_nothing_any_more(
    here: Client, elsewhere: Client
) -> None:
    assert not is_out(elsewhere)
    here.post(f"/accounts/security/sessions/{number_of(elsewhere)}/end/")
    assert is_out(elsewhere)
    assert not is_out(here)
    assert told("session_ended") == [("session_ended", "Firefox on Linux", "")]


def test_all_others_are_ended_at_once(here: Client, elsewhere: Client, ann: User) -> None:
    third = come_in(ann)
    here.post("/accounts/security/sessions/end-others/")
    assert [is_out(browser) for browser in (here, elsewhere, third)] == [False, True, True]
    assert told("session_ended") == [("session_ended", "all others (2)", "")]


def test_somebody_elses_session_is_missing(here: Client) -> None:
    other = come_in(staff("eve"))
    answer = here.post(f"/accounts/security/sessions/{number_of(other)}/end/")
    assert answer.status_code == 404
    assert not is_out(other)


def test_ending_needs_a_post_and_a_token_of_the_page(ann: User) -> None:
    browser = signed_in(ann, csrf=True)
    page = "/accounts/security/sessions/end-others/"
    assert (browser.get(page).status_code, browser.post(page).status_code) == (405, 403)


def test_signing_out_everywhere_reaches_sessions_that_are_in_no_list(
    admin_user: User, ann: User, here: Client
) -> None:
    unlisted = signed_in(ann)
    superuser = signed_in(admin_user)
    superuser.post(f"/admin/auth/user/{ann.pk}/do/sign_out_everywhere/", {"note": "left us"})
    assert [is_out(browser) for browser in (here, unlisted, superuser)] == [True, True, False]
    assert ("sign_out_everywhere", "left us", "") in told()


def test_a_superuser_sees_where_somebody_is_signed_in(
    admin_user: User, ann: User, here: Client
) -> None:
    page = signed_in(admin_user).get(f"/admin/auth/user/{ann.pk}/change/").content.decode()
    assert "Firefox on Linux" in page
    assert "No second factor" in page


@pytest.mark.parametrize("operation", ["sign_out_everywhere", "second_factor_reset"])
def test_nobody_else_ends_anothers_access(ann: User, here: Client, operation: str) -> None:
    other = come_in(staff("eve", superuser=False))
    assert other.post(f"/admin/auth/user/{ann.pk}/do/{operation}/").status_code == 403
    assert not is_out(here)


def test_an_operation_without_the_pages_token_is_refused(admin_user: User, ann: User) -> None:
    browser = signed_in(admin_user, csrf=True)
    page = f"/admin/auth/user/{ann.pk}/do/sign_out_everywhere/"
    assert browser.post(page).status_code == 403
    assert not AuditEntry.objects.filter(action="sign_out_everywhere").exists()


def test_a_changed_password_ends_the_other_sessions(here: Client, elsewhere: Client) -> None:
    form = {"oldpassword": "a long password", "password1": "quite another", "password2": ""}
    answer = here.post("/accounts/password/change/", form | {"password2": "quite another"})
    assert answer.headers["Location"] == SECURITY
    assert [is_out(browser) for browser in (here, elsewhere)] == [False, True]


def test_the_last_use_is_noted_now_and_then(here: Client) -> None:
    row = UserSession.objects.get()
    here.get("/admin/")
    assert UserSession.objects.get().last_seen_at == row.last_seen_at
    session = here.session
    session["seen_at"] -= INTERVAL + 1
    session.save()
    here.get("/admin/")
    assert UserSession.objects.get().last_seen_at > row.last_seen_at


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/19 Safari/605", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) CriOS/140.0", "Chrome on iPhone"),
        ("curl/8.5", "curl/8.5"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_are_called_as_people_call_them(sent: str, shown: str) -> None:
    assert describe_browser(sent) == shown
