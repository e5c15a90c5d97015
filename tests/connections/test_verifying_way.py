"""A person connects at an app that confirms its users: a browser without scripts, by keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from integrations.models import AuthConfig, Project
from tests.browser.keyboard import press
from tests.chromium import running_chromium
from tests.making import link_to
from tests.provider import ScriptedProvider
from tests.verifying_app import App
from tests.verifying_site import AUTHORIZE_PATH, SaysYes, Site


@pytest.fixture
def site(transactional_db: None, project: Project, provider: ScriptedProvider) -> Iterator[Site]:
    with Site().serving() as serving:
        project.allowed_callback_urls = [f"{serving.url}/connected"]
        serving.app = App(project, url=f"{serving.url}/verify")
        provider.answer(AUTHORIZE_PATH, SaysYes(provider=provider))
        yield serving


@pytest.fixture
def link(site: Site, auth_config: AuthConfig, live_server: LiveServer, settings: Settings) -> str:
    settings.BASE_URL = live_server.url
    return link_to(auth_config, callback_url=f"{site.url}/connected")


@pytest.fixture
def page(link: str) -> Iterator[Page]:
    with running_chromium() as program:
        viewport = {"width": 390, "height": 844}
        yield program.new_context(java_script_enabled=False, viewport=viewport).new_page()  # type: ignore[arg-type]


@pytest.mark.browser
def test_one_press_leads_over_provider_and_app_back_to_the_app(
    page: Page, link: str, site: Site
) -> None:
    page.goto(link)
    expect(page.get_by_text("confirms that it is you")).to_be_visible()
    press(page, page.get_by_role("button", name="Continue to Acme Notes"))
    expect(page.get_by_role("heading", name="Welcome back to Acme")).to_be_visible()
    told = parse_qs(urlsplit(page.url).query)
    assert page.url.startswith(f"{site.url}/connected")
    assert (told["status"], told["state"]) == (["success"], ["s&1"])


@pytest.mark.browser
def test_who_is_not_signed_in_loses_the_page_and_goes_on(page: Page, link: str, site: Site) -> None:
    site.signed_in = ""
    page.goto(link)
    press(page, page.get_by_role("button", name="Continue to Acme Notes"))
    expect(page.get_by_role("heading", name="Sign in to Acme")).to_be_visible()

    site.signed_in = "alice"
    page.reload()
    expect(page.get_by_role("heading", name="Welcome back to Acme")).to_be_visible()


@pytest.mark.browser
def test_somebody_else_ends_at_a_page_that_says_so(page: Page, link: str, site: Site) -> None:
    site.signed_in = "bob"
    page.goto(link)
    press(page, page.get_by_role("button", name="Continue to Acme Notes"))
    expect(page.get_by_role("heading", name="This link is for somebody else")).to_be_visible()
    press(page, page.get_by_role("link", name="Back to Acme Agents"))
    expect(page.get_by_role("heading", name="Welcome back to Acme")).to_be_visible()
    assert parse_qs(urlsplit(page.url).query)["error"] == ["verification_failed"]
