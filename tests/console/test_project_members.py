"""Who sees a project, and who says so."""

from __future__ import annotations

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, User
from django.test import Client

from integrations.models import AuditEntry, Project
from tests.console.pages import address
from tests.console.staff import every_permission, member, signed_in
from tests.console.world import World


@pytest.fixture
def ann(db: None) -> User:
    user = User.objects.create_user("ann", is_staff=True, first_name="Ann", last_name="Lee")
    user.groups.add(Group.objects.get(name="Operator"))
    return user


def page_of(project: Project) -> str:
    return f"{address(Project, 'change', quote(project.pk))}?tab=members"


def send(client: Client, project: Project, **data: object) -> int:
    answer = client.post(address(Project, "members", project.pk), data)
    return answer.status_code


def usernames(project: Project) -> set[str]:
    return set(project.members.values_list("username", flat=True))


def test_somebody_is_added_and_removed_and_the_trail_has_it(
    client: Client, mine: World, ann: User
) -> None:
    assert send(client, mine.project, add=ann.pk) == 302
    assert usernames(mine.project) == {"mel", "ann"}
    assert send(client, mine.project, remove=ann.pk) == 302
    assert usernames(mine.project) == {"mel"}
    entries = AuditEntry.objects.filter(note="ann").order_by("pk")
    assert [entry.action for entry in entries] == ["add_member", "remove_member"]
    assert {entry.project_id for entry in entries} == {mine.project.pk}


def test_the_list_says_who_they_are_and_what_they_may_do(
    client: Client, mine: World, ann: User, admin_user: User
) -> None:
    mine.project.members.add(ann)
    shown = {row.user.username: row for row in client.get(page_of(mine.project)).context["members"]}
    assert (shown["ann"].name, shown["ann"].role) == ("Ann Lee", "Operator")
    assert (shown["admin"].role, shown["admin"].everywhere) == ("Superuser", True)
    assert [name for name, row in shown.items() if row.removable] == ["ann"]


def test_who_sees_every_project_is_listed_and_cannot_be_removed(
    client: Client, mine: World, ann: User
) -> None:
    ann.groups.add(Group.objects.get(name="All projects"))
    shown = {row.user.username: row for row in client.get(page_of(mine.project)).context["members"]}
    assert (shown["ann"].role, shown["ann"].everywhere, shown["ann"].removable) == (
        "Operator",
        True,
        False,
    )


def test_the_picker_offers_staff_who_are_no_members_yet(
    client: Client, mine: World, ann: User
) -> None:
    User.objects.create_user("visitor")
    User.objects.create_user("gone", is_staff=True, is_active=False)
    offered = client.get(page_of(mine.project)).context["addable"]
    assert [user.username for user in offered] == ["ann"]


@pytest.mark.parametrize("given", ["", "0", "999999", "x", "1' OR 1", "\u0661", "9" * 30])
def test_nobody_else_can_be_added_or_removed(client: Client, mine: World, given: str) -> None:
    User.objects.create_user("visitor", pk=4711)
    for name in ("add", "remove"):
        assert send(client, mine.project, **{name: given}) == 404
    assert send(client, mine.project, add=4711) == 404
    assert usernames(mine.project) == {"mel"}


def test_nobody_removes_herself_by_mistake(client: Client, mine: World) -> None:
    text = client.get(page_of(mine.project)).content.decode()
    assert 'name="remove"' not in text


def test_it_takes_a_permission_of_its_own(mine: World, ann: User) -> None:
    permissions = set(every_permission()) - {"integrations.assign_members"}
    browser = signed_in(member(mine.project, permissions=tuple(permissions), username="olga"))
    text = browser.get(page_of(mine.project)).content.decode()
    assert "Add somebody" not in text
    assert send(browser, mine.project, add=ann.pk) == 403
    assert usernames(mine.project) == {"olga"}


def test_another_projects_members_are_nobodys_business(
    client: Client, theirs: World, ann: User
) -> None:
    assert send(client, theirs.project, add=ann.pk) == 404
    assert usernames(theirs.project) == set()


def test_looking_at_the_address_changes_nothing(client: Client, mine: World) -> None:
    assert client.get(address(Project, "members", mine.project.pk)).status_code == 405
