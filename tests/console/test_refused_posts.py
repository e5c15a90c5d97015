"""What nobody may do from outside, and what a role does not hold, on every page (faults.md 46)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, reverse

from config.roles import ROLES
from connections.models.bulk import Kind
from integrations.admin.operations import Operation, OperationsAdmin
from integrations.models import Project
from tests.console.pages import address, our_admins
from tests.console.staff import signed_in
from tests.console.test_admin_walk import snapshot
from tests.console.world import World

# A POST leads to the sign-in page and changes nothing, or is what the browser's cache asks for.
LEADS_ON = {"login"}


def of_model(name: str) -> type[Model] | None:
    """Return the model that the address called ``name`` belongs to; None for the site's own."""
    for model in admin.site._registry:
        if name.startswith(f"{model._meta.app_label}_{model._meta.model_name}_"):
            return model
    return None


def every_address(world: World, user: User) -> Iterator[str]:
    """Yield each address of the console, with a row, an app and an operation where it takes one."""
    rows = {type(row): row for row in [*world.rows, *world.shared, user, Group.objects.first()]}
    for pattern in admin.site.urls[0]:
        for each in getattr(pattern, "url_patterns", [pattern]):
            if isinstance(each, URLPattern) and each.name and each.name not in LEADS_ON:
                yield from _filled_in(each, of_model(each.name), rows)


def _filled_in(
    pattern: URLPattern, model: type[Model] | None, rows: dict[type, Model | None]
) -> Iterator[str]:
    names = list(pattern.pattern.converters) or list(pattern.pattern.regex.groupindex)
    row = rows.get(model) if model else None
    values = {
        "object_id": quote(row.pk) if row else "none",
        "id": row.pk if row else 1,
        "app_label": "connections",
        "content_type_id": ContentType.objects.get_for_model(Project).pk,
        "kind": Kind.REFRESH.value,
        "url": "nothing",
    }
    page = admin.site._registry.get(model) if model else None
    operations = [each.name for each in getattr(page, "operations", ())] or ["none"]
    for operation in operations if "operation" in names else [""]:
        given = {name: operation if name == "operation" else values[name] for name in names}
        yield reverse(f"admin:{pattern.name}", kwargs=given)


@pytest.mark.fault(46)
def test_no_page_of_the_console_takes_a_post_without_the_forms_token(
    admin_user: User, mine: World
) -> None:
    browser = signed_in(admin_user, csrf=True)
    before = snapshot()
    pages = list(every_address(mine, admin_user))
    answers = {page: browser.post(page, {"post": "yes"}).status_code for page in pages}
    assert {page: code for page, code in answers.items() if code != 403} == {}
    assert len(pages) > 100
    assert snapshot() == before


@pytest.mark.fault(46)
@pytest.mark.parametrize(
    "page", ["login", "logout", "change_password", "reset_password", "reauthenticate"]
)
def test_no_page_of_signing_in_takes_a_post_without_the_forms_token(
    admin_user: User, page: str
) -> None:
    browser = signed_in(admin_user, csrf=True)
    assert browser.post(reverse(f"account_{page}")).status_code == 403


def in_role(role: str, project: Project) -> Client:
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    project.members.add(user)
    return signed_in(user)


def every_operation(world: World) -> Iterator[tuple[Model, Operation]]:
    """Yield each operation that there is, with a row to run it on."""
    for model, page in our_admins().items():
        row = next((row for row in [*world.rows, *world.shared] if type(row) is model), None)
        for operation in page.operations if isinstance(page, OperationsAdmin) else ():
            if row is not None:
                yield row, operation


@pytest.mark.fault(46)
@pytest.mark.parametrize("role", ["Viewer", "Operator"])
def test_what_a_role_does_not_hold_is_refused_and_changes_nothing(mine: World, role: str) -> None:
    browser = in_role(role, mine.project)
    before = snapshot()
    refused = 0
    for row, operation in every_operation(mine):
        if operation.permission in ROLES[role]:
            continue
        page = address(type(row), "operation", quote(row.pk), operation.name)
        data = {"action": operation.name, "_selected_action": row.pk, "confirmed": "yes"}
        for url in (page, address(type(row), "changelist")):
            assert browser.post(url, data | {"index": "0"}).status_code == 403, url
        refused += 1
    assert refused >= (10 if role == "Viewer" else 3)
    assert snapshot() == before


@pytest.mark.fault(46)
def test_a_viewer_changes_nothing_by_a_form(mine: World) -> None:
    browser = in_role("Viewer", mine.project)
    before = snapshot()
    for row in [*mine.rows, *mine.shared]:
        if type(row) not in our_admins():
            continue
        for name, args in (("add", []), ("change", [quote(row.pk)]), ("delete", [quote(row.pk)])):
            page = address(type(row), name, *args)
            assert browser.post(page, {"post": "yes"}).status_code == 403, page
    assert snapshot() == before


def test_every_operation_names_a_permission_that_there_is(db: None) -> None:
    there = {
        f"{row.content_type.app_label}.{row.codename}"
        for row in Permission.objects.select_related("content_type")
    }
    for page in our_admins().values():
        for operation in page.operations if isinstance(page, OperationsAdmin) else ():
            assert operation.permission in there, operation
