"""Passkeys in a real browser, with the browser's own virtual authenticator, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser.keyboard import press
from tests.chromium import look, running_chromium
from tests.sign_in.staff import PASSWORD, staff

WIDTH = 390
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(transactional_db: None, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    """A phone with a fingerprint sensor; a second factor is required, and ann has none."""
    settings.BASE_URL = live_server.url
    settings.REQUIRE_SECOND_FACTOR = True
    staff("ann")
    with running_chromium() as program:
        context = program.new_context(
            base_url=live_server.url, viewport={"width": WIDTH, "height": 844}
        )
        yield with_authenticator(context)


def with_authenticator(context: BrowserContext) -> Page:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


def type_password(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username or email").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def see_in_the_trail(page: Page, *texts: str) -> None:
    page.goto("/admin/integrations/auditentry/")
    for text in texts:
        expect(page.get_by_text(text, exact=True)).to_be_visible()


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    press(page, page.get_by_role("button", name="Sign out"))
    expect(page.get_by_role("heading", name="Sign in to the console")).to_be_visible()


def add_passkey(page: Page, name: str, *, alone: bool) -> None:
    press(page, page.get_by_role("link", name="Add a passkey"))
    page.get_by_label("Name").fill(name)
    page.get_by_label("Sign in with it alone").set_checked(alone)
    look(page, "sign-in-add-passkey")
    press(page, page.get_by_role("button", name="Add passkey"))
    expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()


@pytest.mark.browser
def test_from_the_password_to_a_passkey_that_signs_in_alone(page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    type_password(page)
    expect(page.get_by_text("Set up a second factor to go on")).to_be_visible()
    look(page, "sign-in-security-required")
    add_passkey(page, "Ann's phone", alone=True)
    expect(page.get_by_role("listitem")).to_have_count(10)
    look(page, "sign-in-recovery-codes")
    press(page, page.get_by_role("link", name="Back to your security"))
    expect(page.get_by_text("Ann's phone").first).to_be_visible()
    look(page, "sign-in-security")
    press(page, page.get_by_role("link", name="To the console"))
    expect(page).to_have_title("Overview | Evergrant")

    sign_out(page)
    look(page, "sign-in-login")
    press(page, page.get_by_role("button", name="Sign in with a passkey"))
    expect(page).to_have_title("Overview | Evergrant")
    assert complaints == []
    see_in_the_trail(page, "with password", "with passkey", 'passkey "Ann\'s phone"')


@pytest.mark.browser
def test_a_passkey_after_the_password_and_none_that_is_not_hers(page: Page) -> None:
    type_password(page)
    add_passkey(page, "Security key", alone=False)
    sign_out(page)
    type_password(page)
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    look(page, "sign-in-second-factor")
    # The button has the focus already.
    page.keyboard.press("Enter")
    expect(page).to_have_title("Overview | Evergrant")
    see_in_the_trail(page, "with password and passkey")

    sign_out(page)
    stranger = with_authenticator(page.context)
    type_password(stranger)
    stranger.get_by_role("button", name="Use your passkey").click()
    expect(stranger.get_by_role("alert").filter(has_text="No passkey was used")).to_be_visible()
