"""API keys on a project's page, from making one to the API that takes it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.utils import quote
from django.test import Client
from django.utils import timezone

from integrations.models import ApiKey, AuditEntry, Project
from tests.api.calling import Caller
from tests.console.pages import address
from tests.console.staff import member, signed_in
from tests.console.world import World

ADD = "/admin/integrations/apikey/add/?from_project=1"


@pytest.fixture
def project(mine: World) -> Project:
    ApiKey.objects.in_project(mine.project).delete()
    return mine.project


def page_of(project: Project) -> str:
    return f"{address(Project, 'change', quote(project.pk))}?tab=keys"


def works(text: str) -> bool:
    status: int = Caller(text)("GET", "/project").status_code
    return status == 200


def make(client: Client, project: Project, **changes: object) -> str:
    form = {"project": project.pk, "name": "Server", "scopes": ["read"], "expires_in": ""}
    page = client.post(ADD, form | changes).content.decode()
    return shown_in(page)


def shown_in(page: str) -> str:
    """Return the one key that a page shows."""
    [text] = set(re.findall(r">(eg_[\w-]{30,})<", page))
    return str(text)


def days_left(key: ApiKey) -> int:
    assert key.expires_at
    return round((key.expires_at - timezone.now()) / timedelta(days=1))


def way(key: ApiKey, operation: str) -> str:
    return f"{address(ApiKey, 'operation', key.pk, operation)}?from_project=1"


def test_a_key_is_shown_once_works_and_leads_back_to_the_project(
    client: Client, project: Project
) -> None:
    form = {"project": project.pk, "name": "Server", "scopes": ["read"], "expires_in": ""}
    page = client.post(ADD, form).content.decode()
    text = shown_in(page)
    assert f'href="{page_of(project)}">Done' in page
    assert f'data-copy="{text}"' in page
    assert works(text)
    listed = client.get(page_of(project)).content.decode()
    assert "Server" in listed
    assert text not in listed


def test_the_list_says_when_a_key_was_used_and_when_it_ends(
    client: Client, project: Project
) -> None:
    text = make(client, project, expires_in="30")
    assert "Never used" in client.get(page_of(project)).content.decode()
    assert works(text)
    page = client.get(page_of(project)).content.decode()
    assert "Never used" not in page
    assert "Expires <time" in page
    assert days_left(ApiKey.objects.get()) == 30


def test_a_moment_that_is_over_is_no_end(client: Client, project: Project) -> None:
    form = {"project": project.pk, "name": "Server", "scopes": ["read"]}
    past = {"expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}
    answer = client.post(ADD, form | past)
    assert answer.context["adminform"].form.errors["expires_at"] == ["That moment is over."]
    assert not ApiKey.objects.exists()


def test_revoking_leads_back_and_ends_it_at_once(client: Client, project: Project) -> None:
    text = make(client, project)
    key = ApiKey.objects.get()
    assert works(text)
    asked = client.get(way(key, "revoke"))
    assert asked.context["back"] == page_of(project)
    answer = client.post(way(key, "revoke"), {"note": "leaked"})
    assert answer.headers["Location"] == page_of(project)
    assert not works(text)
    assert AuditEntry.objects.filter(action="revoke", note="leaked").count() == 1
    assert "1 revoked or expired" in client.get(page_of(project)).content.decode()


def test_replacing_makes_a_key_that_may_the_same_and_leaves_a_day(
    client: Client, project: Project
) -> None:
    old_text = make(client, project, scopes=["read", "settings"], expires_in="90")
    old = ApiKey.objects.get()
    page = client.post(way(old, "replace")).content.decode()
    new_text = shown_in(page)
    assert f'href="{page_of(project)}">Done' in page
    new = ApiKey.objects.exclude(pk=old.pk).get()
    old.refresh_from_db()
    assert (new.name, new.scopes) == (old.name, old.scopes)
    assert works(old_text)
    assert works(new_text)
    assert (days_left(old), days_left(new)) == (1, 90)


def test_a_key_that_is_worth_nothing_is_not_replaced(client: Client, project: Project) -> None:
    make(client, project)
    key = ApiKey.objects.get()
    client.post(way(key, "revoke"))
    page = client.get(address(ApiKey, "change", key.pk))
    assert [offered["operation"].name for offered in page.context["operations"]] == []


@pytest.mark.parametrize("over", ["revoked_at", "expires_at"])
def test_a_page_that_was_opened_before_a_key_was_over_replaces_it_no_more(
    client: Client, project: Project, over: str
) -> None:
    make(client, project)
    key = ApiKey.objects.get()
    ApiKey.objects.update(**{over: timezone.now() - timedelta(seconds=1)})
    answer = client.post(way(key, "replace"), follow=True)
    assert "is revoked or has expired, so it is not replaced" in answer.content.decode()
    assert list(ApiKey.objects.values_list("pk", flat=True)) == [key.pk]
    entry = AuditEntry.objects.get(action="replace")
    assert (entry.outcome, entry.error_code) == ("refused", "api_key_over")


def test_viewers_see_keys_and_make_none(project: Project) -> None:
    permissions = ("integrations.view_project", "integrations.view_apikey")
    browser = signed_in(member(project, permissions=permissions, username="vera"))
    ApiKey(project=project, name="Server").issue()
    text = browser.get(page_of(project)).content.decode()
    assert "Server" in text
    assert "New key" not in text
    assert "Revoke" not in text
    form = {"project": project.pk, "name": "Mine", "scopes": ["read"]}
    assert browser.post(ADD, form).status_code == 403


def test_who_sees_no_keys_has_no_such_tab(project: Project) -> None:
    browser = signed_in(member(project, permissions=("integrations.view_project",), username="v"))
    page = browser.get(page_of(project))
    assert page.context["tab"] == "settings"
    assert "API keys" not in page.content.decode().partition('aria-label="Project"')[2][:600]
