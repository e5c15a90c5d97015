"""A project's page in a real browser: a colour while it is chosen, a logo, a key shown once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import width_of
from tests.console import test_auth_config_way
from tests.integrations.test_branding_logos import picture

session, page = test_auth_config_way.session, test_auth_config_way.page

FILL = (
    "getComputedStyle(document.querySelector('.scheme-light .eg-preview-button')).backgroundColor"
)


def open_project(page: Page) -> None:
    page.goto("/admin/integrations/project/")
    page.get_by_role("link", name="Acme Agents").click()


@pytest.mark.browser
def test_a_colour_is_judged_while_it_is_chosen(page: Page) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    open_project(page)
    color = page.get_by_label("Accent colour", exact=False).last
    color.fill("#33bbff")
    expect(page.get_by_text("Not readable")).to_be_visible()
    page.get_by_role("button", name="Use #").click()
    expect(page.get_by_text("Readable", exact=True)).to_be_visible()
    red, green, blue = (int(color.input_value()[place : place + 2], 16) for place in (1, 3, 5))
    assert page.evaluate(FILL) == f"rgb({red}, {green}, {blue})"
    page.get_by_label("Name", exact=True).fill("Blue Robots")
    expect(page.locator(".eg-preview-lead").first).to_contain_text("Blue Robots")
    page.locator("input[type=file]").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": picture("PNG")}
    )
    expect(page.locator(".eg-preview [data-brand-logo]").first).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: name, accent colour, logo.")).to_be_visible()
    assert page.evaluate(FILL) == f"rgb({red}, {green}, {blue})"
    page.set_viewport_size({"width": 390, "height": 844})
    assert width_of(page) <= 390
    assert complaints == []


@pytest.mark.browser
def test_a_key_is_made_copied_replaced_and_revoked_from_the_projects_page(page: Page) -> None:
    open_project(page)
    page.get_by_role("link", name="API keys").last.click()
    page.get_by_label("Name", exact=True).fill("Backend")
    page.get_by_label("Expires").select_option("After 90 days")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("eg_")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Replace Backend").click()
    page.get_by_role("button", name="Replace").click()
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("link", name="Revoke Backend")).to_have_count(2)
    page.get_by_role("link", name="Revoke Backend").last.click()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("1 revoked or expired")).to_be_visible()
