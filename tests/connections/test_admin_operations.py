"""What operators do to accounts: who may, and what comes of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from connections.actors import SYSTEM
from connections.admin.operations import OPERATIONS
from connections.models import ConnectedAccount, ConnectLink, Credentials, Revocation, Status
from connections.operations import disable_account
from integrations.models import Project
from integrations.tokens import digest
from tests.bulk import work
from tests.console.staff import every_permission, member, signed_in
from tests.provider import Answer, ScriptedProvider, tokens

LIST = "/admin/connections/connectedaccount/"
NAMES = [operation.name for operation in OPERATIONS]
PERMISSIONS = {operation.name: operation.permission for operation in OPERATIONS}
VIEW = "connections.view_connectedaccount"


def page(account: ConnectedAccount, operation: str) -> str:
    return f"{LIST}{account.pk}/do/{operation}/"


def in_list(account: ConnectedAccount, operation: str) -> dict[str, str]:
    return {"action": operation, "_selected_action": account.pk, "index": "0", "confirmed": "yes"}


@pytest.fixture
def operator(project: Project) -> Client:
    return signed_in(member(project, permissions=every_permission()))


@pytest.fixture
def everybody_else(project: Project, operation: str) -> Client:
    """Somebody who may do everything but this."""
    others = tuple(name for name in every_permission() if name != PERMISSIONS[operation])
    return signed_in(member(project, permissions=others, username="else"))


@pytest.mark.parametrize("operation", NAMES)
def test_an_operation_needs_its_own_permission(
    everybody_else: Client, account: ConnectedAccount, operation: str
) -> None:
    assert everybody_else.post(page(account, operation)).status_code == 403
    assert everybody_else.get(page(account, operation)).status_code == 403
    assert everybody_else.post(LIST, in_list(account, operation)).status_code == 403
    account.refresh_from_db()
    assert account.status == Status.ACTIVE
    assert not ConnectLink.objects.exists()


@pytest.mark.parametrize("operation", NAMES)
def test_a_viewer_is_offered_no_operation(
    project: Project, account: ConnectedAccount, operation: str
) -> None:
    viewer = signed_in(member(project, permissions=(VIEW,)))
    assert viewer.get(f"{LIST}{account.pk}/change/").context["operations"] == []
    assert viewer.post(page(account, operation)).status_code == 403


@pytest.mark.parametrize("operation", NAMES)
def test_an_operation_without_a_csrf_token_is_refused(
    admin_user: User, account: ConnectedAccount, operation: str
) -> None:
    browser = signed_in(admin_user, csrf=True)
    assert browser.post(page(account, operation)).status_code == 403
    assert browser.post(LIST, in_list(account, operation)).status_code == 403
    account.refresh_from_db()
    assert account.status == Status.ACTIVE


def test_disabling_and_enabling(operator: Client, account: ConnectedAccount) -> None:
    operator.post(page(account, "disable"))
    account.refresh_from_db()
    assert account.status == Status.INACTIVE
    operator.post(page(account, "enable"))
    account.refresh_from_db()
    assert account.status == Status.ACTIVE
    assert account.transitions.latest("id").actor == "operator:mel"


def test_revoking_asks_first_and_then_wipes_the_credentials(
    operator: Client, account: ConnectedAccount
) -> None:
    question = operator.get(page(account, "revoke")).content.decode()
    assert "Only the person can bring it back" in question
    operator.post(page(account, "revoke"), {"note": "Laptop stolen"})
    account.refresh_from_db()
    assert account.status == Status.REVOKED
    assert account.transitions.latest("id").cause == "Laptop stolen"
    assert not Credentials.objects.filter(pk=account.pk).exists()
    assert Revocation.objects.get(account=account).requested_by == "operator:mel"


def test_revoking_from_the_list_has_a_page_in_between(
    operator: Client, account: ConnectedAccount
) -> None:
    data = in_list(account, "revoke")
    del data["confirmed"]
    question = operator.post(LIST, data)
    account.refresh_from_db()
    assert account.status == Status.ACTIVE
    assert account.pk in question.content.decode()
    operator.post(f"{LIST}bulk/revoke/", in_list(account, "revoke"))
    work()
    account.refresh_from_db()
    assert account.status == Status.REVOKED


def test_deleting_keeps_the_history(operator: Client, account: ConnectedAccount) -> None:
    operator.post(page(account, "delete"))
    account.refresh_from_db()
    assert account.status == Status.DELETED
    assert account.transitions.count() == 3


def test_refreshing_tells_when_the_new_token_ends(
    operator: Client, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(tokens(2))
    answer = operator.post(page(account, "refresh"), follow=True)
    assert "refreshed; the new token ends in" in answer.content.decode()
    assert Credentials.objects.get(pk=account.pk).generation == 2


def test_a_refresh_that_fails_tells_what_the_provider_answered(
    operator: Client, account: ConnectedAccount, provider: ScriptedProvider
) -> None:
    provider.answer_tokens(Answer(status=400, json={"error": "invalid_grant"}))
    answer = operator.post(page(account, "refresh"), follow=True)
    text = answer.content.decode()
    assert "not refreshed, it is expired" in text


def test_a_reconnect_link_is_shown_once(operator: Client, account: ConnectedAccount) -> None:
    answer = operator.post(page(account, "link"))
    shown = answer.context["shown"][0][1]
    token = shown.rpartition("/")[2]
    assert "no-store" in answer["Cache-Control"]
    assert shown in answer.content.decode()
    link = ConnectLink.objects.get(token_digest=digest(token))
    assert link.created_by == "operator:mel"
    assert (
        token
        not in operator.get(f"/admin/connections/connectlink/{link.pk}/change/").content.decode()
    )


def test_each_row_of_a_list_is_told_its_own_result(
    operator: Client, account: ConnectedAccount
) -> None:
    disable_account(account=account, actor=SYSTEM)
    answer = operator.post(LIST, in_list(account, "disable"), follow=True)
    assert "cannot become INACTIVE" in answer.content.decode()


def test_only_operations_that_make_sense_are_offered(
    operator: Client, account: ConnectedAccount
) -> None:
    offered = operator.get(f"{LIST}{account.pk}/change/").context["operations"]
    names = [item["operation"].name for item in offered]
    assert names == ["refresh", "probe", "link", "disable", "revoke", "delete"]


def test_credentials_that_do_not_open_are_told_and_nothing_is_changed(
    operator: Client, account: ConnectedAccount
) -> None:
    Credentials.objects.filter(pk=account.pk).update(generation=7)
    answer = operator.post(page(account, "revoke"), follow=True)
    assert "do not open with the configured keys" in answer.content.decode()
    account.refresh_from_db()
    assert account.status == Status.ACTIVE


def test_a_choice_that_has_left_the_list_is_told_and_asks_nothing(
    operator: Client, account: ConnectedAccount
) -> None:
    asked = in_list(account, "delete")
    del asked["confirmed"]
    answer = operator.post(f"{LIST}?status=EXPIRED", asked, follow=True)
    assert "Nothing of what you chose is in this list any more" in answer.content.decode()
