"""The overview in a real browser: at a desk and on a phone, in light and dark, by keyboard."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from connections.models import ConnectedAccount, RefreshTally
from integrations.moments import floor
from tests.chromium import width_of
from tests.console import test_auth_config_way
from tests.console.world import make_world

session, page = test_auth_config_way.session, test_auth_config_way.page
MINUTE = timedelta(minutes=1)
SIZES = [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def an_hour(transactional_db: None) -> None:
    """An account, and refreshes in each minute of an hour."""
    account = make_world("mine", "http://127.0.0.1:9").account
    ConnectedAccount.objects.update(grant_ends_at=timezone.now() + timedelta(days=3))
    ConnectedAccount.objects.update(granted_at=timezone.now() - timedelta(days=3))
    now = floor(timezone.now(), MINUTE)
    RefreshTally.objects.bulk_create(
        RefreshTally(
            project=account.project,
            auth_config=account.auth_config,
            at=now - MINUTE * ago,
            outcome=outcome,
            count=count,
            last_at=now,
        )
        for ago in range(60)
        for outcome, count in [("stored", 400 + ago), ("transient", 1)]
    )


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_the_overview_fits_and_its_bars_are_seen(
    an_hour: None, page: Page, width: int, scheme: str
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/admin/")
    assert width_of(page) <= width
    surface = page.evaluate("getComputedStyle(document.querySelector('.eg-card')).backgroundColor")
    for bars in (".eg-plot-tall .eg-good", ".eg-plot-low .eg-bad", ".eg-plot-mid .eg-warn"):
        bar = page.locator(bars).first
        expect(bar).to_be_visible()
        assert bar.evaluate("bar => getComputedStyle(bar).fill") not in {surface, "rgb(0, 0, 0)"}
        box = bar.bounding_box()
        assert box is not None
        assert box["height"] >= 1
    assert page.locator(".eg-board [style], .eg-tiles [style]").count() == 0
    assert complaints == []


@pytest.mark.browser
def test_a_sum_of_the_chart_leads_to_its_table_by_keyboard(an_hour: None, page: Page) -> None:
    page.goto("/admin/")
    expect(page.get_by_role("rowheader", name="Together")).to_be_hidden()
    page.locator(".eg-legend a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader", name="Together")).to_be_in_viewport()


@pytest.mark.browser
def test_the_overview_is_walked_by_keyboard(an_hour: None, page: Page) -> None:
    page.goto("/admin/")
    page.locator(".eg-tile").first.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/admin/connections/connectedaccount/?status=ACTIVE")
    page.go_back()
    page.locator(".eg-numbers summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("rowheader", name="(not over yet)")).to_be_visible()
    page.get_by_role("link", name="24 hours", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url("/admin/?period=day")


@pytest.mark.browser
def test_first_steps_lead_to_the_toolkits(page: Page) -> None:
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="Five steps")).to_be_visible()
    page.get_by_role("link", name="Choose a toolkit").click()
    expect(page).to_have_url("/admin/integrations/authconfig/add/")
