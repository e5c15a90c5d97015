"""More whole ways by the keyboard alone: second tries, mails, work on many accounts."""

from __future__ import annotations

import re
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from connections.models import BulkJob, ConnectedAccount
from tests.browser import hosted_ways
from tests.browser.conftest import Lookers
from tests.browser.keyboard import follow, go_to
from tests.browser.scene import Scene
from tests.console.pages import address
from tests.provider import Answer

pytestmark = pytest.mark.browser

CONSENT: Final = "/identity/o/authorize"


@pytest.fixture
def page(lookers: Lookers, scene: Scene) -> Page:
    """A visitor's page, as wide as a phone; the provider shows something where she is sent."""
    scene.provider.answer(CONSENT, Answer(json={}))
    page = lookers.visitor.page
    page.set_viewport_size({"width": 390, "height": 844})
    return page


def test_somebody_with_the_wrong_account_tries_again(scene: Scene, page: Page) -> None:
    page.goto(scene.url + hosted_ways.another_account(scene))
    follow(page, page.locator("main button[type=submit]").first)
    expect(page).to_have_url(re.compile(CONSENT))


def test_somebody_comes_by_a_mails_button(scene: Scene, page: Page) -> None:
    page.goto(scene.url + hosted_ways.notice(scene))
    follow(page, page.get_by_role("button", name="Reconnect"))
    follow(page, page.locator("main button[type=submit]").first)
    expect(page).to_have_url(re.compile(CONSENT))


def test_somebody_wants_no_more_mails(scene: Scene, page: Page) -> None:
    page.goto(scene.url + hosted_ways.stop(scene))
    follow(page, page.locator("main button[type=submit]").first)
    expect(page.get_by_role("heading", name="No more mails")).to_be_visible()


def test_an_operator_begins_work_on_many_cancels_and_resumes_it(
    scene: Scene, lookers: Lookers
) -> None:
    for _ in range(2):
        scene.account(identity_label="bea@example.com")
    desk = lookers.operator.page
    desk.set_viewport_size({"width": 1440, "height": 900})
    desk.goto(f"{scene.url}{address(ConnectedAccount, 'changelist')}?q=bea@example.com")
    for row in range(2):
        go_to(desk, desk.locator("#result_list input.action-select").nth(row))
        desk.keyboard.press("Space")
    go_to(desk, desk.locator("select[name=action]"))
    desk.keyboard.type("Get")
    follow(desk, desk.get_by_role("button", name="Run"))
    follow(desk, desk.get_by_role("button", name="Make reconnect links"))
    follow(desk, desk.get_by_role("button", name="Cancel"))
    assert BulkJob.objects.latest("pk").state == "cancelled"
    follow(desk, desk.get_by_role("link", name="Resume"))
    follow(desk, desk.get_by_role("button", name="Resume"))
    assert BulkJob.objects.latest("pk").state == "queued"
