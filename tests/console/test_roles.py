"""The groups that are roles, and what somebody in one can do."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from config.roles import ROLES, keep_roles, write_roles
from connections.admin.operations import OPERATIONS as ACCOUNT_OPERATIONS
from integrations.models import ManagedApp, Project
from tests.console.pages import address, our_admins
from tests.console.staff import signed_in
from tests.console.world import World
from webhooks.admin.endpoint_operations import OPERATIONS as ENDPOINT_OPERATIONS

pytestmark = pytest.mark.django_db


def in_role(*names: str, projects: tuple[Project, ...] = ()) -> Client:
    user = User.objects.create_user("-".join(names).replace(" ", ""), is_staff=True)
    user.groups.set(Group.objects.filter(name__in=names))
    for project in projects:
        project.members.add(user)
    return signed_in(user)


def held(name: str) -> set[str]:
    rows = Permission.objects.filter(group__name=name).select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


@pytest.mark.parametrize("name", ROLES)
def test_migrating_makes_the_groups_with_their_permissions(name: str) -> None:
    assert held(name) == set(ROLES[name])


def test_migrating_again_puts_a_role_right_and_leaves_its_people_in() -> None:
    group = Group.objects.get(name="Viewer")
    user = User.objects.create_user("vera")
    user.groups.add(group)
    group.permissions.set(Permission.objects.filter(codename="delete_user"))
    write_roles()
    assert held("Viewer") == set(ROLES["Viewer"])
    assert user.groups.get() == group


def test_roles_wait_for_the_last_permissions() -> None:
    Group.objects.all().delete()
    keep_roles(apps.get_app_config("webhooks"))
    assert not Group.objects.exists()


def test_a_superuser_chooses_roles_on_a_persons_page(admin_client: Client) -> None:
    vera = User.objects.create_user("vera", is_staff=True)
    page = address(User, "change", str(vera.pk))
    roles = admin_client.get(page).context["adminform"].form.fields["groups"].widget
    assert set(ROLES) <= {str(label) for _, label in roles.choices}
    assert "add_id_groups" not in admin_client.get(page).content.decode()


def test_each_role_can_what_the_one_before_can() -> None:
    assert held("Viewer") < held("Operator") < held("Administrator")


def test_a_viewer_sees_every_list_and_is_offered_nothing(mine: World) -> None:
    browser = in_role("Viewer", projects=(mine.project,))
    for model in our_admins():
        expected = 403 if model is ManagedApp else 200
        assert browser.get(address(model, "changelist")).status_code == expected, model
    page = browser.get(f"/admin/connections/connectedaccount/{mine.account.pk}/change/")
    assert page.context["operations"] == []


def test_an_operator_works_on_accounts_and_endpoints_but_deletes_none(mine: World) -> None:
    browser = in_role("Operator", projects=(mine.project,))
    for row, operations, refused in [
        (mine.account, ACCOUNT_OPERATIONS, {"delete"}),
        (mine.endpoint, ENDPOINT_OPERATIONS, {"rotate", "delete"}),
    ]:
        page = address(type(row), "change", row.pk).removesuffix("change/")
        codes = {op.name: browser.get(f"{page}do/{op.name}/").status_code for op in operations}
        assert {name for name, code in codes.items() if code == 403} == refused


def test_an_operator_cannot_change_where_events_go(mine: World) -> None:
    page = address(type(mine.endpoint), "change", mine.endpoint.pk)
    form = {"url": "https://elsewhere.example.com/", "description": "", "tenant_id": ""}
    assert in_role("Operator", projects=(mine.project,)).post(page, form).status_code == 403


def test_an_administrator_says_who_sees_her_project(mine: World, theirs: World) -> None:
    browser = in_role("Administrator", projects=(mine.project,))
    new = User.objects.create_user("new", is_staff=True)
    browser.post(address(Project, "members", mine.project.pk), {"add": new.pk})
    assert new in mine.project.members.all()
    assert browser.get(address(Project, "change", theirs.project.pk)).status_code == 404


@pytest.mark.parametrize("page", ["auth/user/", "auth/group/", "integrations/managedapp/"])
def test_who_works_here_and_the_instances_apps_stay_superusers(mine: World, page: str) -> None:
    browser = in_role("Administrator", "All projects", projects=(mine.project,))
    assert browser.get(f"/admin/{page}").status_code == 403


def test_a_role_counts_in_the_own_projects_and_with_all_projects_everywhere(
    mine: World, theirs: World
) -> None:
    restricted = in_role("Viewer", projects=(mine.project,))
    free = in_role("Viewer", "All projects")
    listed = address(type(mine.account), "changelist")
    seen = [
        {row.pk for row in browser.get(listed).context["cl"].result_list}
        for browser in (restricted, free)
    ]
    assert seen == [{mine.account.pk}, {mine.account.pk, theirs.account.pk}]


def test_all_projects_alone_opens_nothing(mine: World) -> None:
    browser = in_role("All projects")
    assert browser.get(address(type(mine.account), "changelist")).status_code == 403
