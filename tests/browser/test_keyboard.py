"""Whole ways by the keyboard alone; where it is, is seen at every stop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from connections.actors import SYSTEM
from connections.models import ConnectedAccount
from connections.operations import link_account
from integrations.models import AuthConfig
from integrations.secrets import Secret
from tests.browser import hosted_ways, tabbing
from tests.browser.conftest import Lookers
from tests.browser.keyboard import follow, go_to, press, write
from tests.browser.scene import Scene
from tests.console.pages import address
from tests.sandbox_process import CLIENT_ID, CLIENT_SECRET, PASSWORD, SandboxProcess

pytestmark = pytest.mark.browser


@pytest.fixture
def page(lookers: Lookers) -> Page:
    """A visitor's page, as wide as a phone."""
    page = lookers.visitor.page
    page.set_viewport_size({"width": 390, "height": 844})
    return page


@pytest.fixture
def desk(lookers: Lookers) -> Page:
    """The operator's page."""
    return lookers.operator.page


UNSOUND = """<!doctype html><html lang="en"><title>x</title><style>
  .bare:focus { outline: none } .looks { cursor: pointer }
</style><main><a href="#">fine</a><a href="#" class="bare">not seen</a>
<button tabindex="-1">not reached</button><div class="looks">no control</div></main></html>"""


def test_every_page_is_gone_through_with_an_eye_for_what_is_missed(page: Page) -> None:
    page.set_content(UNSOUND)
    found = " ".join(tabbing.findings(page))
    assert 'the focus is not seen on <a href="#" class="bare">' in found
    assert "the Tab key does not come to <button" in found
    assert "the Tab key does not come to <div" in found
    assert "fine" not in found


@pytest.fixture
def sandbox(fresh_database_url: str) -> Iterator[SandboxProcess]:
    sandbox = SandboxProcess(fresh_database_url).start()
    yield sandbox
    sandbox.stop()


def test_somebody_connects_by_oauth(scene: Scene, page: Page, sandbox: SandboxProcess) -> None:
    config = AuthConfig.objects.create(
        project=scene.project,
        name="Acme Notes",
        toolkit="sandbox",
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
        parameters={"base_url": sandbox.url},
    )
    sandbox.add_redirect_uri(config.redirect_uri)
    issued = link_account(project=scene.project, user_id="alice", auth_config=config, actor=SYSTEM)
    page.goto(issued.url)
    follow(page, page.get_by_role("button", name="Continue to Acme Notes"))
    follow(page, page.get_by_role("link", name="Create an account"))
    write(page, page.locator("input[name=username]"), "alice")
    write(page, page.locator("input[name=email]"), "alice@example.com")
    write(page, page.locator("input[name=password1]"), PASSWORD)
    follow(page, page.locator("main button[type=submit]").first)
    follow(page, page.get_by_role("button", name="Allow"))
    expect(page.get_by_role("heading", name="Acme Notes is connected")).to_be_visible()
    account = ConnectedAccount.objects.get(pk=issued.account.pk)
    assert (account.status, account.identity_label) == ("ACTIVE", "alice@example.com")


def test_somebody_connects_with_a_key_after_a_mistake(scene: Scene, page: Page) -> None:
    page.goto(scene.url + hosted_ways.key_link_from_nowhere(scene))
    write(page, page.get_by_label("API key"), "nope")
    follow(page, page.get_by_role("button", name="Connect"))
    expect(page.get_by_role("alert")).to_be_visible()
    write(page, page.get_by_label("API key"), "sk-works")
    follow(page, page.get_by_role("button", name="Connect"))
    expect(page.get_by_role("heading", name="House Meters is connected")).to_be_visible()


def test_somebody_disconnects_in_her_portal(scene: Scene, page: Page) -> None:
    page.goto(scene.url + hosted_ways.portal(scene))
    alive = page.get_by_role("listitem").filter(has_text="Last checked").first
    press(page, alive.locator("summary"))
    expect(alive.get_by_text("Read your notes")).to_be_visible()
    follow(page, alive.get_by_role("link", name="Disconnect"))
    follow(page, page.get_by_role("button", name="Disconnect"))
    expect(page.get_by_role("status")).to_have_text("Acme Notes is disconnected.")


def test_an_operator_revokes_an_account_from_the_list(scene: Scene, desk: Page) -> None:
    account = scene.account(identity_label="zoe@example.com")
    desk.set_viewport_size({"width": 1440, "height": 900})
    desk.goto(scene.url + address(ConnectedAccount, "changelist"))
    follow(desk, desk.get_by_role("link", name="zoe@example.com"))
    follow(desk, desk.get_by_role("link", name="Revoke"))
    write(desk, desk.get_by_label("Why?"), "She left.")
    follow(desk, desk.get_by_role("button", name="Revoke"))
    expect(desk.get_by_text("revoked; the provider is being told.")).to_be_visible()
    account.refresh_from_db()
    assert account.status_reason == "revoked_by_operator"


def test_an_operator_signs_in_and_out(scene: Scene, page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{scene.url}/admin/")
    write(page, page.get_by_label("Username or email"), "olga")
    write(page, page.get_by_label("Password", exact=True), "a long password")
    follow(page, page.get_by_role("button", name="Sign in"))
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    press(page, page.get_by_role("button", name="olga"))
    follow(page, page.get_by_role("button", name="Log out"))
    expect(page.get_by_role("link", name="Log in again")).to_be_visible()


def test_the_filters_and_the_sidebar_of_a_phone_open_by_the_keyboard(
    scene: Scene, desk: Page
) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto(scene.url + address(ConnectedAccount, "changelist"))
    press(desk, desk.get_by_role("button", name="Filters"))
    expect(desk.get_by_role("button", name="Apply Filters")).to_be_visible()
    desk.keyboard.press("Escape")
    press(desk, desk.get_by_role("button", name="Navigation"))
    go_to(desk, desk.get_by_role("link", name="Auth configs"))
