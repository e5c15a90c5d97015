"""A person's way through her portal in a real browser, on a phone, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections.models import ConnectedAccount, Entity
from integrations.models import AuthConfig, Project
from tests.browser.keyboard import press
from tests.chromium import look, running_chromium
from tests.connections.visitor import portal_of
from tests.making import CALLBACK_URL, connect

WIDTH = 390


@pytest.fixture
def link(transactional_db: None, project: Project, auth_config: AuthConfig) -> str:
    """The path of alice's portal link; the database is not asked while the page runs."""
    alice = Entity.objects.create(project=project, user_id="alice")
    connect(auth_config=auth_config, entity=alice)
    ConnectedAccount.objects.update(scopes_granted=["notes:read"])
    dead = connect(auth_config=auth_config, entity=alice, alias="work")
    ConnectedAccount.objects.filter(pk=dead.pk).update(
        status="EXPIRED", status_reason="grant_revoked", identity_label="work@example.com"
    )
    return portal_of(alice)


@pytest.fixture
def page(link: str, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    settings.BASE_URL = live_server.url
    with running_chromium() as program:
        context = program.new_context(
            base_url=live_server.url,
            java_script_enabled=False,
            viewport={"width": WIDTH, "height": 844},
        )
        yield context.new_page()


@pytest.mark.browser
def test_by_keyboard_alone_on_a_phone(page: Page, link: str) -> None:
    page.goto(link)
    look(page, "portal-door")
    press(page, page.get_by_role("button", name="Show my connections"))
    expect(page.get_by_role("heading", name="Your connections")).to_be_visible()
    rows = page.get_by_role("listitem").filter(has=page.get_by_role("heading"))
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("work@example.com")
    look(page, "portal-accounts")

    # The dead one: to the service's page and back without having gone there.
    press(page, rows.first.get_by_role("button", name="Reconnect"))
    expect(page.get_by_role("heading", name="Reconnect work@example.com")).to_be_visible()
    press(page, page.get_by_role("link", name="Cancel"))
    expect(page.get_by_role("heading", name="Your connections")).to_be_visible()

    # The living one: what it may do, then away with it.
    alive = rows.filter(has_text="alice@example.com")
    press(page, alive.locator("summary"))
    expect(alive.get_by_text("Read your notes")).to_be_visible()
    press(page, alive.get_by_role("link", name="Disconnect"))
    expect(page.get_by_text("What will happen")).to_be_visible()
    look(page, "portal-disconnect")
    press(page, page.get_by_role("button", name="Disconnect"))
    expect(page.get_by_role("status")).to_have_text("Acme Notes is disconnected.")
    expect(alive.get_by_text("Disconnected", exact=True)).to_be_visible()
    look(page, "portal-disconnected")

    back = page.get_by_role("link", name="Back to Acme Agents")
    assert back.get_attribute("href") == CALLBACK_URL
    page.goto(link)
    assert urlsplit(page.url).path.endswith("/accounts")
