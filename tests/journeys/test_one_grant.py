"""One grant, alive end to end, with real processes, a real OAuth server and a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.chromium import look
from tests.journeys.conftest import Installation

PASSWORD = "correct horse battery"
TOKEN_SECONDS = 8
# What a worker that starts and sweeps every second needs on a slow machine.
PATIENCE_SECONDS = 90


def eventually(found: Callable[[], Any], what: str) -> Any:
    """Return what ``found`` finds, asking until it is something."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.25)
    pytest.fail(f"did not happen within {PATIENCE_SECONDS} s: {what}")


class Walk:
    """The people and the app on their way through one grant's life."""

    def __init__(self, installation: Installation, browser: Browser) -> None:
        self.of = installation
        self.account_id: str = installation.demo["connected_account_id"]
        self.alice = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        self.operator = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        self.secret = ""

    def account(self) -> Any:
        return self.of.api("GET", f"connected_accounts/{self.account_id}")

    def history(self, kind: str) -> list[Any]:
        entries = self.of.api("GET", f"connected_accounts/{self.account_id}/history")
        return [entry for entry in entries if entry["kind"] == kind]

    def refreshes(self) -> int:
        """Return how many refreshes the history tells of; those in a row are one entry."""
        return sum(entry["count"] for entry in self.history("refresh"))

    def subscribe(self) -> None:
        """Register the app's receiver for all events."""
        made = self.of.api("POST", "webhook_endpoints", url=f"{self.of.receiver.url}/hooks")
        self.secret = made["secret"]

    def event(self, kind: str) -> Any:
        """Wait for an event of ``kind`` and return it, its signature verified."""

        def find() -> Any:
            for received in self.of.receiver.received:
                if received.path == "/hooks":
                    told = received.verified(self.secret)
                    if told["type"] == kind:
                        return told
            return None

        return eventually(find, f"{kind} at the receiver")

    def consent(self) -> None:
        """Sign up where that is asked for, and allow what is asked."""
        page = self.alice
        allow = page.get_by_role("button", name="Allow")
        new = page.get_by_role("link", name="Create an account")
        expect(allow.or_(new)).to_be_visible()
        if new.is_visible():
            new.click()
            page.locator("input[name=username]").fill("alice")
            page.locator("input[name=email]").fill("alice@example.com")
            page.locator("input[name=password1]").fill(PASSWORD)
            page.locator("main button[type=submit]").first.click()
        allow.click()

    def reach_callback(self) -> dict[str, list[str]]:
        self.alice.wait_for_url(f"{self.of.receiver.url}/connected**")
        return parse_qs(urlsplit(self.alice.url).query)

    def sign_in(self) -> None:
        """Sign the operator in to the admin."""
        demo = self.of.demo["operator"]
        self.operator.goto(f"{self.of.evergrant.url}/admin/")
        self.operator.locator("input[name=login]").fill(demo["username"])
        self.operator.locator("input[name=password]").fill(demo["password"])
        self.operator.locator("main button[type=submit]").click()
        expect(self.operator).to_have_url(f"{self.of.evergrant.url}/admin/")


@pytest.mark.browser
def test_one_grant_from_consent_to_revocation(
    installation: Installation, chromium: Browser
) -> None:
    installation.sandbox.switches(access_token_seconds=TOKEN_SECONDS)
    walk = Walk(installation, chromium)
    walk.subscribe()

    # Alice opens the link, sees who asks for what, and consents at the provider.
    walk.alice.goto(installation.demo["connect_url"])
    expect(walk.alice.get_by_text("Demo app").first).to_be_visible()
    expect(walk.alice.get_by_text("Read your notes")).to_be_visible()
    look(walk.alice, "1-confirm")
    walk.alice.locator("form[method=post] button").first.click()
    walk.consent()
    query = walk.reach_callback()
    assert query["status"] == ["success"]
    assert query["connected_account_id"] == [walk.account_id]
    account = walk.account()
    assert (account["status"], account["identity"]) == ("ACTIVE", "alice@example.com")
    assert walk.event("connected_account.activated")["data"]["user_id"] == "alice"

    # The worker keeps it fresh, and the history shows each refresh.
    eventually(lambda: walk.refreshes() >= 3, "three refreshes in the history")
    assert walk.account()["status"] == "ACTIVE"

    # Alice withdraws the grant at the provider; the app hears of it with a link to hand over.
    walk.alice.goto(installation.sandbox.url)
    walk.alice.get_by_text("Remove access").first.click()
    walk.alice.get_by_role("button", name="Yes, remove access").click()
    expect(walk.alice.get_by_text("No app has access.")).to_be_visible()
    expired = walk.event("connected_account.expired")["data"]
    assert expired["connected_account_id"] == walk.account_id
    assert (expired["reason_code"], expired["error_code"]) == ("grant_revoked", "invalid_grant")
    assert walk.account()["status"] == "EXPIRED"

    # The link reconnects the same account.
    walk.alice.goto(expired["reauth_url"])
    expect(walk.alice.get_by_text("alice@example.com").first).to_be_visible()
    look(walk.alice, "2-reconnect")
    walk.alice.locator("form[method=post] button").first.click()
    walk.consent()
    assert walk.reach_callback()["connected_account_id"] == [walk.account_id]
    assert walk.account()["status"] == "ACTIVE"
    walk.event("connected_account.reactivated")
    assert len(installation.sandbox.grants()) == 1

    # An operator revokes it: dead here, dead at the provider, and the app is told.
    walk.sign_in()
    walk.operator.goto(
        f"{installation.evergrant.url}/admin/connections/connectedaccount/{walk.account_id}/change/"
    )
    look(walk.operator, "3-account")
    walk.operator.get_by_role("link", name="Revoke").click()
    look(walk.operator, "4-revoke")
    walk.operator.get_by_role("button", name="Revoke").click()
    revoked = walk.event("connected_account.revoked")["data"]
    assert revoked["reason_code"] == "revoked_by_operator"
    assert walk.account()["status"] == "REVOKED"
    eventually(lambda: not installation.sandbox.grants(), "the grant's end at the provider")
    look(walk.operator, "5-revoked")
