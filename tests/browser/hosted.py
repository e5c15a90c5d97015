"""Every page that somebody sees who is no operator, and the operators' way in. A page is a line."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser import hosted_ways as ways
from tests.browser import project_ways
from tests.browser.hosted_ways import to
from tests.browser.shown import Shown
from tests.browser.staff_ways import STAFF, no_tries_left
from tests.browser.verifying_ways import VERIFYING


def typed(key: str) -> Callable[[Page], None]:
    """Return what types ``key`` into the form and sends it."""

    def then(page: Page) -> None:
        page.get_by_label("API key").fill(key)
        press_button(page)

    return then


def press_button(page: Page) -> None:
    with page.expect_navigation():
        page.locator("main form button").first.click()


def send_empty(page: Page) -> None:
    """Send the form with nothing in it, past the browser's own check."""
    page.locator("main form").first.evaluate("form => { form.noValidate = true }")
    press_button(page)


def wrong_password(page: Page) -> None:
    page.get_by_label("Username or email").fill("olga")
    page.get_by_label("Password", exact=True).fill("wrong")
    press_button(page)


def one_try_too_many(page: Page) -> None:
    wrong_password(page)
    expect(page.get_by_role("heading", name="Too many attempts")).to_be_visible()


def without_cookies(page: Page) -> None:
    page.context.clear_cookies()
    send_empty(page)


def open_all(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


CONNECT = [
    Shown("a link", "connect:link", ways.new_link),
    Shown("a link to reconnect", "connect:link", ways.reconnect_link),
    Shown("a link to reconnect at a shop", "connect:link", ways.reconnect_shop_link),
    Shown("a link that asks for a subdomain", "connect:link", ways.subdomain_link),
    Shown("a subdomain that cannot be", "connect:link", ways.subdomain_link, then=send_empty),
    Shown("a key's form", "connect:link", ways.key_link),
    Shown("a key file's form", "connect:link", ways.catalog_link("zendesk", scheme="basic")),
    Shown("a form without fields", "connect:link", ways.catalog_link("openmeteo")),
    Shown("a key that cannot be", "connect:link", ways.key_link, then=typed("nope")),
    Shown("a key that is refused", "connect:link", ways.refused_key_link, then=typed("sk-1")),
    Shown("a key's service away", "connect:link", ways.unreachable_key_link, then=typed("sk-1")),
    Shown("a key too often", "connect:link", ways.tried_too_often, then=typed("sk-1")),
    Shown("an unknown link", "connect:link", to("/connect/nothing"), 404),
    Shown("an expired link", "connect:link", ways.expired_link, 410),
    Shown("a used link", "connect:link", ways.used_link, 410),
    Shown("a link that is switched off", "connect:link", ways.switched_off_link, then=send_empty),
    Shown("consent denied", "connect:callback", ways.denied),
    Shown("no app to go back to", "connect:callback", ways.denied_without_way_back),
    Shown("the provider down", "connect:callback", ways.exchange_failed, 502),
    Shown("the grant not accepted", "connect:callback", ways.not_accepted, 502),
    Shown("the wrong account", "connect:callback", ways.another_account, 409),
    Shown("the wrong shop", "connect:callback", ways.another_place, 409),
    Shown("another browser's answer", "connect:callback", ways.another_browser, 403),
    Shown("an answered answer", "connect:callback", ways.answered_already, 400),
    Shown("an answer that is late", "connect:callback", ways.answered_late, 410),
    Shown("an answer that was lost", "connect:callback", ways.answer_lost, 503),
    Shown("done", "connect:finished", ways.finished),
    Shown("done again", "connect:finished", ways.finished_again),
]
PORTAL = [
    Shown("the portal's door", "connect:portal", ways.door),
    Shown("an unknown portal", "connect:portal", to("/connect/portal/nothing"), 404),
    Shown("a portal that ended", "connect:portal", ways.door_ended, 410),
    Shown("a portal opened elsewhere", "connect:portal", ways.door_opened_elsewhere, 410),
    Shown("a portal", "connect:portal_accounts", ways.portal, then=open_all),
    Shown("an empty portal", "connect:portal_accounts", ways.empty_portal),
    Shown("a portal that is not open", "connect:portal_accounts", ways.portal_not_open, 403),
    Shown("a portal with news", "connect:portal_accounts", ways.disconnected),
    Shown("a question of a portal", "connect:portal_disconnect", ways.disconnect),
]
MAILS = [
    Shown("a mail's button", "connect:notice", ways.notice),
    Shown("a mail's button pressed before", "connect:notice", ways.answered_notice),
    Shown("an old mail's button", "connect:notice", ways.old_notice, 410),
    Shown("a made-up mail", "connect:notice", to("/connect/notices/made-up"), 404),
    Shown("no more mails", "connect:notice_stop", ways.stop),
    Shown("no more mails, sent", "connect:notice_stop", ways.stop, then=press_button),
]
# In the one language that is read from right to left; all others are as English.
ARABIC = [
    Shown("a link in Arabic", "connect:link", ways.in_arabic(ways.new_link), then=open_all),
    Shown("a key's form in Arabic", "connect:link", ways.in_arabic(ways.key_link)),
    Shown(
        "the wrong account in Arabic", "connect:callback", ways.in_arabic(ways.another_account), 409
    ),
    Shown("a portal in Arabic", "connect:portal_accounts", ways.in_arabic(ways.portal)),
]
FAULTS = [
    Shown("no such page", "404", to("/nothing"), 404),
    Shown("a crash", "500", ways.crash, 500),
    Shown("no database", "503", ways.database_away, 503),
    Shown("no cookies", "403", to(reverse("account_login")), then=without_cookies),
]
SIGN_IN = [
    Shown("signing in", "account_login", to(reverse("account_login"))),
    Shown("a wrong password", "account_login", to(reverse("account_login")), then=wrong_password),
    Shown("too many tries", "429", no_tries_left, then=one_try_too_many),
    Shown("signing up", "account_signup", to(reverse("account_signup"))),
    Shown("switched off", "account_inactive", to(reverse("account_inactive"))),
    Shown("forgotten", "account_reset_password", to(reverse("account_reset_password"))),
    Shown("sent", "account_reset_password_done", to(reverse("account_reset_password_done"))),
    Shown(
        "a password's old link",
        "account_reset_password_from_key",
        to(reverse("account_reset_password_from_key", args=["1", "x-y"])),
    ),
    Shown(
        "a new password",
        "account_reset_password_from_key_done",
        to(reverse("account_reset_password_from_key_done")),
    ),
]
# Whoever is not signed in sees these.
PAGES = [
    *CONNECT,
    *PORTAL,
    *MAILS,
    *ARABIC,
    *FAULTS,
    *SIGN_IN,
    *STAFF,
    *project_ways.HOSTED,
    *VERIFYING,
]
