"""Bulk work and an incident in a real browser: choose, confirm, watch the bar, download."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections.bulk.running import work_off
from integrations.models import AuthConfig, Project
from tests.bulk import crowd
from tests.chromium import running_chromium
from tests.console.staff import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def session(transactional_db: None, admin_user: User) -> str:
    """The session of an operator, with a crowd of accounts there; made before a page runs."""
    project = Project.objects.create(name="Acme Agents")
    config = AuthConfig.objects.create(
        project=project,
        name="Notes",
        toolkit="sandbox",
        client_id="client",
        parameters={"base_url": "http://127.0.0.1:9"},
    )
    crowd(config, 3)
    return signed_in(admin_user).cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def page(session: str, live_server: LiveServer, settings: Settings) -> Iterator[Page]:
    settings.BASE_URL = live_server.url
    with running_chromium() as program:
        context = program.new_context(base_url=live_server.url)
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": session, "url": live_server.url}])
        yield context.new_page()


def work_elsewhere() -> None:
    """Be the worker: in a thread, because Playwright's own has an event loop."""
    from django.db import connection  # noqa: PLC0415 - closed in the thread that it is of

    def work() -> None:
        work_off(stop=threading.Event())
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_links_for_all_that_were_chosen_are_downloaded_once(page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/admin/connections/connectedaccount/")
    for box in page.locator("#result_list input.action-select").all():
        box.check()
    page.locator("select[name=action]").select_option("link")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("3 accounts?")).to_be_visible()
    page.get_by_role("button", name="Make reconnect links").click()

    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    work_elsewhere()
    # Without a reload: the page looks by itself.
    expect(page.get_by_text("3 links can be downloaded, once.")).to_be_visible(timeout=10_000)
    with page.expect_download() as got:
        page.get_by_role("button", name="Download links").click()
    assert got.value.path().read_text().count("/connect/") == 3
    page.reload()
    expect(page.get_by_text("Downloaded by Operator admin")).to_be_visible()
    assert complaints == []


def test_an_incident_is_confirmed_by_its_name_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/admin/connections/bulkjob/incident/")
    page.get_by_role("link", name="Notes").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 accounts hold credentials of it")).to_be_visible()
    page.get_by_label("Why?").focus()
    page.keyboard.type("Client secret leaked")
    page.keyboard.press("Tab")
    page.keyboard.type("Nots")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("type the name exactly")
    page.get_by_label("To confirm, type").focus()
    page.keyboard.type("Notes")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Incident: revoke everything")).to_be_visible()
    work_elsewhere()
    expect(page.get_by_text("Being confirmed")).to_be_visible(timeout=10_000)
