"""The way of a service that is not in the catalog, in a real browser: describe it, save, look."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from integrations.described.written import EXAMPLE, as_text
from tests.chromium import width_of
from tests.console import test_auth_config_way
from tests.described_services import oauth_service

ADD = "/admin/integrations/authconfig/add/"

session, page = test_auth_config_way.session, test_auth_config_way.page


@pytest.mark.browser
def test_from_a_wrong_description_to_a_config(page: Page) -> None:
    page.goto(ADD)
    page.get_by_role("link", name="Another service").click()
    page.get_by_role("link", name="A description").click()
    area = page.get_by_label("Description")
    expect(area).to_have_value(EXAMPLE)
    area.fill("name: House CRM\ntoken_url: 7\n")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("token_url: must be a text")).to_be_visible()

    area.fill(as_text(oauth_service("http://127.0.0.1:9")))
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Client ID").fill("client")
    page.get_by_label("Client secret").fill("a secret")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Description")).to_have_value(
        as_text(oauth_service("http://127.0.0.1:9", category="custom", description=_USUAL))
    )

    page.set_viewport_size({"width": 390, "height": 844})
    assert width_of(page) <= 390


_USUAL = "A service that is not in the catalog."
