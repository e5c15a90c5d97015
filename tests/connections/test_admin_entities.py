"""The list of entities: in each order every row on one page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.admin.entities import EntityAdmin
from connections.models import Entity
from integrations.models import Project
from tests.console.staff import signed_in

LIST = "/admin/connections/entity/"
MOST_PAGES = 9


@pytest.fixture
def browser(admin_user: User) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch, db: None) -> set[str]:
    """Ten people of two projects, of whom one belongs to a tenant."""
    monkeypatch.setattr(EntityAdmin, "list_per_page", 3)
    # The older project has the later name.
    projects = [Project.objects.create(name=name) for name in ("Umbrella", "Acme")]
    return {
        Entity.objects.create(
            project=projects[number % 2],
            user_id=f"user-{number}",
            tenant_id="tenant" if number == 4 else "",
        ).pk
        for number in range(10)
    }


def walked(browser: Client, order: str) -> list[str]:
    """Return the keys of all pages, each reached by the link on the one before."""
    shown = browser.get(LIST, {"o": order}).context["cl"]
    keys = [row.pk for row in shown.result_list]
    for _ in range(MOST_PAGES):
        if not shown.older_url:
            break
        shown = browser.get(f"{LIST}{shown.older_url}").context["cl"]
        keys += [row.pk for row in shown.result_list]
    return keys


@pytest.mark.parametrize("order", ["0", "1", "-1", "2", "-2", "3", "-3"])
def test_each_order_is_walked_to_its_end(browser: Client, people: set[str], order: str) -> None:
    keys = walked(browser, order)
    assert (len(keys), set(keys)) == (10, people)


def test_by_project_is_no_order(browser: Client, people: set[str]) -> None:
    page = browser.get(LIST).content.decode()
    assert "?o=1.-3" in page
    assert "?o=2.-3" not in page
    by_project = browser.get(LIST, {"o": "2"}).context["cl"]
    assert tuple(by_project.queryset.query.order_by) == ("-pk",)
