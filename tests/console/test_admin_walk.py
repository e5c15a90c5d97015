"""What holds for every page of the console, those of later issues included."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from integrations.admin.base import ScopedAdmin
from integrations.admin.operations import OperationsAdmin
from integrations.admin.staff import SuperusersOnly
from integrations.secrets import SealedField
from tests.console.pages import address, lists, our_admins, pages_of
from tests.console.staff import OURS, signed_in
from tests.console.world import CANARY, World


def snapshot() -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table of ours."""
    models = [model for name in OURS for model in apps.get_app_config(name).get_models()]
    return {model._meta.label: sorted(model._default_manager.values(), key=str) for model in models}


def test_every_page_of_ours_is_scoped_and_names_its_fields() -> None:
    for page in our_admins().values():
        assert isinstance(page, ScopedAdmin)
        assert page.fieldsets, page
        assert page.list_display != ("__str__",), page


def test_rows_of_another_project_are_missing_on_every_page(
    client: Client, mine: World, theirs: World
) -> None:
    walked = 0
    for own, row in zip(mine.rows, theirs.rows, strict=True):
        missing = f"{str(row.pk)[:-4]}zzzz"
        pairs = zip(pages_of(row), pages_of(own, pk=missing), strict=True)
        for page, nothing in pairs:
            for send in (client.get, client.post):
                answer, expected = send(page), send(nothing)
                assert (answer.status_code, answer.content) == (404, expected.content), page
                walked += 1
    assert walked > 50


def test_a_walk_of_the_own_rows_finds_their_pages(client: Client, mine: World) -> None:
    rows = [*mine.rows, *mine.shared]
    pages = [next(pages_of(row)) for row in rows if type(row) in our_admins()]
    # What only superusers see belongs to no project.
    for_members = [p for p in our_admins().values() if not isinstance(p, SuperusersOnly)]
    assert len(pages) == len(for_members)
    assert {client.get(page).status_code for page in pages} == {200}


def test_lists_and_their_filters_hold_nothing_of_another_project(
    client: Client, mine: World, theirs: World
) -> None:
    for page in [*lists(), "/admin/"]:
        text = client.get(page).content.decode()
        assert "theirs" not in text, page
        assert theirs.project.pk not in text, page


def test_a_search_does_not_reach_another_project(client: Client, theirs: World) -> None:
    page = client.get(address(type(theirs.account), "changelist"), {"q": "user-theirs"})
    assert list(page.context["cl"].result_list) == []


def test_a_member_of_two_projects_finds_both_in_one_list(
    client: Client, mine: World, theirs: World
) -> None:
    theirs.project.members.add(*mine.project.members.all())
    page = client.get(address(type(mine.account), "changelist"))
    found = [row.pk for row in page.context["cl"].result_list]
    assert found == sorted((mine.account.pk, theirs.account.pk), reverse=True)


def test_list_actions_do_not_reach_another_project(client: Client, theirs: World) -> None:
    before = snapshot()
    for model, page in our_admins().items():
        row = next((row for row in theirs.rows if type(row) is model), None)
        if isinstance(page, OperationsAdmin) and row is not None:
            for operation in page.operations:
                data = {
                    "action": operation.name,
                    "_selected_action": row.pk,
                    "index": "0",
                    "confirmed": "yes",
                }
                client.post(address(model, "changelist"), data)
    assert snapshot() == before


def test_looking_changes_nothing(client: Client, mine: World) -> None:
    before = snapshot()
    rows = [*mine.rows, *mine.shared]
    for page in [*lists(), *(page for row in rows for page in pages_of(row))]:
        client.get(page)
    assert snapshot() == before


def test_no_page_opens_or_shows_a_secret(
    admin_user: User, mine: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> str:
        pytest.fail("A page opened a sealed field.")

    monkeypatch.setattr(SealedField, "open_for", refuse)
    browser = signed_in(admin_user)
    for page in ["/admin/", *lists(), *(page for row in mine.rows for page in pages_of(row))]:
        text = browser.get(page).content.decode()
        assert CANARY not in text, page
        assert not any(secret in text for secret in mine.secrets), page


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        ("connections/connectlink", "token_digest__startswith"),
        ("integrations/apikey", "digest__startswith"),
        ("integrations/authconfig", "client_secret__startswith"),
        ("connections/connectedaccount", "credentials__payload__startswith"),
    ],
)
def test_a_list_cannot_be_asked_for_the_beginning_of_a_secret(
    client: Client, model: str, lookup: str
) -> None:
    assert client.get(f"/admin/{model}/", {lookup: "a"}).status_code == 400


def test_a_nul_in_an_address_finds_nothing(client: Client) -> None:
    assert client.get("/admin/connections/entity/%00/change/").status_code == 404
    assert client.get("/admin/connections/entity/?q=%00").status_code == 400


def test_staff_without_permissions_see_no_list(mine: World) -> None:
    browser = signed_in(User.objects.create_user("new", is_staff=True))
    assert {browser.get(page).status_code for page in lists()} == {403}


def test_the_job_runners_tables_are_not_in_the_console(admin_user: User) -> None:
    browser = signed_in(admin_user)
    assert browser.get("/admin/django_q/schedule/").status_code == 404


def test_only_superusers_see_who_works_here(client: Client) -> None:
    assert client.get("/admin/auth/user/").status_code == 403


def test_signing_in_goes_through_allauth(client: Client) -> None:
    client.logout()
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def test_nobody_signs_up(client: Client) -> None:
    client.logout()
    data = {"username": "eve", "email": "eve@example.com", "password1": "a long password 1"}
    client.post("/accounts/signup/", data)
    assert not User.objects.filter(username="eve").exists()
