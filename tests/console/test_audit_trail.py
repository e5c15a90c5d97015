"""What staff do in the console stands in the audit trail, for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, User
from django.core.serializers import serialize
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from connections.models import ConnectedAccount, Status
from connections.pruning import policies
from integrations.models import ApiKey, AuditEntry, AuthConfig, Project
from integrations.models.audit_entry import EntriesStay
from integrations.pruning import Pruning
from integrations.secrets import Secret
from tests.console.pages import address
from tests.console.staff import every_permission, member, signed_in
from tests.console.world import World

LIST = "/admin/integrations/auditentry/"
SECRET = "canary-typed-into-a-form"


def newest() -> AuditEntry:
    return AuditEntry.objects.order_by("-pk")[0]


def account_page(account: ConnectedAccount, operation: str) -> str:
    return f"/admin/connections/connectedaccount/{account.pk}/do/{operation}/"


def test_an_operation_is_recorded_with_who_where_from_and_why(client: Client, mine: World) -> None:
    account = mine.account
    answer = client.post(account_page(account, "revoke"), {"note": "She left"})
    entry = newest()
    assert (entry.actor_name, entry.actor_id) == ("mel", str(User.objects.get().pk))
    assert (entry.action, entry.action_title, entry.note) == ("revoke", "Revoke", "She left")
    assert (entry.subject_type, entry.subject_id) == ("connections.connectedaccount", account.pk)
    assert (entry.project_id, entry.address) == (mine.project.pk, "127.0.0.1")
    assert (entry.request_id, entry.outcome) == (answer.headers["X-Request-Id"], "done")


def test_a_refused_operation_is_recorded_with_the_errors_code(client: Client, mine: World) -> None:
    ConnectedAccount.objects.filter(pk=mine.account.pk).update(status=Status.DELETED)
    client.post(account_page(mine.account, "disable"))
    assert (newest().outcome, newest().error_code) == ("refused", "transition_refused")


def test_each_row_of_a_list_action_has_an_entry(client: Client, mine: World, theirs: World) -> None:
    theirs.project.members.add(User.objects.get(username="mel"))
    chosen = [mine.account.pk, theirs.account.pk]
    form = {"action": "disable", "_selected_action": chosen, "index": "0"}
    client.post(address(ConnectedAccount, "changelist"), form)
    entries = AuditEntry.objects.filter(action="disable")
    assert {(entry.subject_id, entry.project_id) for entry in entries} == {
        (mine.account.pk, mine.project.pk),
        (theirs.account.pk, theirs.project.pk),
    }


def test_what_calls_a_provider_is_recorded_before_and_after(client: Client, mine: World) -> None:
    client.post(account_page(mine.account, "refresh"))
    entries = AuditEntry.objects.filter(action="refresh").order_by("pk")
    assert [entry.outcome for entry in entries] == ["begun", "failed"]


def test_trying_a_breaker_of_an_auth_config_shows_in_its_project(
    client: Client, mine: World
) -> None:
    config = AuthConfig.objects.get(project=mine.project)
    client.post(f"/admin/connections/breaker/{quote(config.pk)}/do/try/")
    assert (newest().action, newest().project_id) == ("try", mine.project.pk)


def test_an_operation_that_is_not_recorded_is_not_done(
    client: Client, mine: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_facts: object) -> None:
        raise DatabaseError

    monkeypatch.setattr("integrations.admin.operations.record", fail)
    with pytest.raises(DatabaseError):
        client.post(account_page(mine.account, "disable"))
    mine.account.refresh_from_db()
    assert mine.account.status == Status.ACTIVE


def test_a_form_leaves_the_names_of_fields_and_never_a_secret(client: Client, mine: World) -> None:
    config = AuthConfig.objects.get(project=mine.project)
    form = {
        "name": "Other",
        "enabled": "on",
        "client_id": config.client_id,
        "new_client_secret": SECRET,
        "parameter_base_url": config.parameters["base_url"],
    }
    client.post(address(AuthConfig, "change", config.pk), form)
    config.refresh_from_db()
    assert config.client_secret == Secret(SECRET)
    assert newest().changed == ["client_secret", "name"]
    assert SECRET not in serialize("json", AuditEntry.objects.all())


def test_a_new_key_is_recorded_without_its_text(client: Client, mine: World) -> None:
    form = {"project": mine.project.pk, "name": "New", "scopes": ["read"]}
    page = client.post(address(ApiKey, "add"), form).content.decode()
    key = ApiKey.objects.get(name="New")
    entry = newest()
    assert (entry.action, entry.subject_id, entry.project_id) == ("add", key.pk, mine.project.pk)
    text = next(word for word in page.replace("<", " ").replace(">", " ").split() if "eg_" in word)
    assert text not in serialize("json", AuditEntry.objects.all())


def test_of_an_endpoint_the_host_is_named_and_no_path(client: Client, mine: World) -> None:
    client.post(f"/admin/webhooks/endpoint/{mine.endpoint.pk}/do/test/")
    assert newest().subject_label == "mine.example.com"


def test_deleting_a_user_leaves_what_she_did_readable(admin_user: User) -> None:
    gone = User.objects.create_user("gone")
    browser = signed_in(admin_user)
    form = {"action": "delete_selected", "_selected_action": gone.pk, "index": "0", "post": "yes"}
    browser.post("/admin/auth/user/", form)
    assert not User.objects.filter(username="gone").exists()
    assert (newest().action, newest().subject_label) == ("delete", "gone")


def test_a_password_that_a_superuser_sets_is_recorded(admin_user: User) -> None:
    user = User.objects.create_user("ann", is_staff=True)
    form = {"password1": f"a-{SECRET}", "password2": f"a-{SECRET}", "usable_password": "true"}
    signed_in(admin_user).post(f"/admin/auth/user/{user.pk}/password/", form)
    assert (newest().subject_label, newest().changed) == ("ann", ["password"])


def test_django_keeps_no_second_log(admin_user: User) -> None:
    signed_in(admin_user).post("/admin/auth/group/add/", {"name": "Auditors"})
    assert newest().subject_id == str(Group.objects.get(name="Auditors").pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_admin_log")
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize("change", ["save", "delete"])
def test_the_model_refuses_to_change_an_entry(mine: World, change: str) -> None:
    with pytest.raises(EntriesStay):
        getattr(newest(), change)()


def test_a_query_refuses_to_change_entries(mine: World) -> None:
    with pytest.raises(EntriesStay):
        AuditEntry.objects.update(note="")
    with pytest.raises(EntriesStay):
        AuditEntry.objects.all().delete()
    with pytest.raises(EntriesStay):
        AuditEntry.objects.bulk_update([], ["note"])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE integrations_auditentry SET note = ''",
        "DELETE FROM integrations_auditentry",
        "SET LOCAL evergrant.prunes_audit = 'on'; DELETE FROM integrations_auditentry",
        "SET LOCAL evergrant.prunes_audit = 'on'; UPDATE integrations_auditentry SET note = ''",
    ],
)
def test_the_database_refuses_to_change_an_entry(mine: World, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="neither changed nor deleted"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_pruning_deletes_what_is_old_and_the_leave_ends_with_it(mine: World) -> None:
    old = AuditEntry(pk="au_00000000000000000000000", action="x", outcome="done")
    old.occurred_at = timezone.now() - timedelta(days=401)
    old.save()
    kept = newest().pk
    [policy] = [one for one in policies(now=timezone.now()) if one.name == "audit_entries"]
    assert Pruning().run([policy], limit=10) == {"audit_entries": 1}
    assert AuditEntry.objects.filter(pk=kept).exists()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM integrations_auditentry")


def test_members_see_what_was_done_in_their_projects(
    client: Client, mine: World, theirs: World
) -> None:
    listed = client.get(LIST).context["cl"].result_list
    assert {entry.project_id for entry in listed} == {mine.project.pk}
    entry = AuditEntry.objects.get(project=theirs.project)
    assert client.get(f"{LIST}{entry.pk}/change/").status_code == 404


def test_superusers_see_sign_ins_too(admin_user: User, mine: World) -> None:
    page = signed_in(admin_user).get(LIST).content.decode()
    assert "Signed in" in page
    assert "Project mine" in page


@pytest.mark.parametrize("page", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_a_superuser_cannot_write_in_the_trail(admin_user: User, mine: World, page: str) -> None:
    before = AuditEntry.objects.count()
    browser = signed_in(admin_user)
    address_ = LIST + page.format(pk=newest().pk)
    assert browser.post(address_, {"note": "changed", "post": "yes"}).status_code == 403
    assert AuditEntry.objects.count() == before + 1  # Her sign-in.


def test_the_history_of_an_object_leads_to_its_entries(client: Client, mine: World) -> None:
    page = address(ConnectedAccount, "change", mine.account.pk)
    client.post(account_page(mine.account, "disable"))
    query = urlencode({"object": f"connections.connectedaccount:{mine.account.pk}"})
    assert f"{LIST}?{query}" in client.get(page).content.decode().replace("&amp;", "&")
    answer = client.get(page.replace("/change/", "/history/"))
    assert answer.headers["Location"] == f"{LIST}?{query}"
    listed = client.get(answer.headers["Location"]).context["cl"].result_list
    assert [entry.action for entry in listed] == ["disable", "revoke"]


def test_without_the_permission_nobody_is_led_to_the_trail(mine: World) -> None:
    names = tuple(name for name in every_permission() if "auditentry" not in name)
    browser = signed_in(member(mine.project, permissions=names, username="blind"))
    page = address(Project, "change", mine.project.pk)
    assert "Audit trail" not in browser.get(page).content.decode()
    assert browser.get(page.replace("/change/", "/history/")).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=disable", 1),
        ("action=revoke", 1),
        ("day=today", 2),
        ("day=yesterday", 0),
        ("day=month", 2),
        ("day=nonsense", 0),
        ("outcome__exact=refused", 0),
        ("q={account}", 2),
        ("q=ca_nothing", 0),
        ("actor={mel}", 1),
    ],
)
def test_the_trail_is_filtered_and_searched(
    client: Client, mine: World, query: str, found: int
) -> None:
    client.post(account_page(mine.account, "disable"))
    known = {"account": mine.account.pk, "mel": User.objects.get(username="mel").pk}
    page = client.get(f"{LIST}?{query.format(**known)}")
    assert len(page.context["cl"].result_list) == found
