"""What the console tells of an auth config's accounts, and its way to try one out."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connections import usage
from connections.models import ConnectedAccount, ConnectLink, Entity, Status
from connections.usage import lacking_scopes, usage_of
from integrations import counting
from integrations.ids import new_id
from integrations.models import AuditEntry, AuthConfig, Project, Tool
from integrations.models.tool import Source
from tests.bulk import crowd
from tests.console.staff import every_permission, member, signed_in
from tests.making import connect, store_grant

NOTES = "notes:read"


@pytest.fixture
def client(admin_user: User) -> Client:
    return signed_in(admin_user)


def page_of(config: AuthConfig, rest: str = "change/") -> str:
    return f"/admin/integrations/authconfig/{quote(config.pk)}/{rest}"


def granted(config: AuthConfig, user_id: str, *scopes: str) -> ConnectedAccount:
    """Return an ACTIVE account with these scopes."""
    entity = Entity.objects.create(project=config.project, user_id=user_id)
    account = connect(auth_config=config, entity=entity)
    account.scopes_granted, account.granted_at = list(scopes), timezone.now()
    account.save()
    return account


def tiles(client: Client, config: AuthConfig) -> list[tuple[str, str]]:
    facts = client.get(page_of(config)).context["usage"]
    return [(fact.label, fact.count) for fact in facts]


def test_the_page_tells_how_many_accounts_lack_a_scope(
    client: Client, auth_config: AuthConfig
) -> None:
    AuthConfig.objects.update(scopes=["openid", NOTES])
    granted(auth_config, "all", NOTES, "openid", "email")
    granted(auth_config, "one", "openid")
    granted(auth_config, "silent")
    assert tiles(client, auth_config) == [("Accounts", "3"), ("Lack a required scope", "1")]
    page = client.get(page_of(auth_config)).content.decode()
    assert "of 2 that told their scopes" in page
    assert f"auth_config__id__exact={auth_config.pk}" in page


def test_accounts_that_are_over_lack_nothing(auth_config: AuthConfig) -> None:
    account = granted(auth_config, "over", "openid")
    assert usage_of(auth_config).lacking == 1
    ConnectedAccount.objects.update(status=Status.REVOKED)
    told = usage_of(auth_config)
    assert (told.accounts.number, told.looked_at, told.lacking) == (1, 0, 0)
    ConnectedAccount.objects.filter(pk=account.pk).update(status=Status.DELETED)
    assert usage_of(auth_config).accounts.number == 0


def test_of_very_many_accounts_the_newest_are_looked_at(
    client: Client, auth_config: AuthConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        granted(auth_config, f"user-{number}", *(["openid"] if number else [NOTES]))
    monkeypatch.setattr(counting, "EXACT_UP_TO", 2)
    monkeypatch.setattr(usage, "SAMPLE", 2)
    told = usage_of(auth_config)
    assert (told.sampled, told.looked_at, told.lacking) == (True, 2, 2)
    assert "of the newest 2 that told" in client.get(page_of(auth_config)).content.decode()


@pytest.mark.parametrize(
    "scopes",
    [
        ["openid", "https://www.googleapis.com/auth/userinfo.email"],
        ["openid", "email"],
        ["openid"],
        ["https://www.googleapis.com/auth/userinfo.email", "profile"],
    ],
)
def test_the_count_agrees_with_each_account(project: Project, scopes: list[str]) -> None:
    config = AuthConfig.objects.create(
        project=project, name="Mail", toolkit="gmail", client_id="c", scopes=["openid", "email"]
    )
    account = granted(config, "user", *scopes)
    rows = ConnectedAccount.objects.all()
    found = lacking_scopes(rows, config.catalog_entry, config.required_scopes)
    assert found.exists() is bool(account.missing_scopes)


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [
        # As Entra ID and personal accounts answer.
        (["openid", "profile", "email", "Mail.Read", "User.Read"], []),
        (["https://graph.microsoft.com/Mail.Read", "https://graph.microsoft.com/User.Read"], []),
        (["https://graph.microsoft.com/User.Read"], ["Mail.Read"]),
    ],
)
def test_a_microsoft_account_lacks_only_what_its_answer_would_name(
    project: Project, scopes: list[str], lacking: list[str]
) -> None:
    config = AuthConfig.objects.create(
        project=project, name="Mail", toolkit="outlook", client_id="c", parameters={"tenant": "x"}
    )
    assert granted(config, "user", *scopes).missing_scopes == lacking
    assert usage_of(config).lacking == len(lacking)


@pytest.mark.parametrize(
    ("scopes", "lacking"),
    [(["repo", "user"], []), (["public_repo", "user"], ["repo"]), (["repo"], ["user:email"])],
)
def test_an_account_has_what_its_scopes_bring_along(
    project: Project, scopes: list[str], lacking: list[str]
) -> None:
    config = AuthConfig.objects.create(
        project=project,
        name="Code",
        toolkit="github",
        client_id="c",
        scopes=["repo", "public_repo", "user:email"],
    )
    assert granted(config, "user", *scopes).missing_scopes == lacking
    assert usage_of(config).lacking == len(lacking)


def test_who_may_not_see_accounts_is_not_told_of_them(auth_config: AuthConfig) -> None:
    seen = ("integrations.view_authconfig",)
    viewer = signed_in(member(auth_config.project, permissions=seen, username="viewer"))
    assert "usage" not in viewer.get(page_of(auth_config)).context


def test_the_test_button_opens_the_hosted_page(client: Client, auth_config: AuthConfig) -> None:
    assert page_of(auth_config, "do/test/") in client.get(page_of(auth_config)).content.decode()
    answer = client.post(page_of(auth_config, "do/test/"))
    hosted = urlsplit(answer.headers["Location"])
    assert hosted.path.startswith("/connect/")
    assert "Acme Agents" in client.get(hosted.path, follow=True).content.decode()
    account = ConnectedAccount.objects.get()
    assert (account.entity.user_id, account.auth_config) == ("test:admin", auth_config)
    assert ConnectLink.objects.get().created_by == "operator:admin"


def test_testing_again_leaves_one_account(client: Client, auth_config: AuthConfig) -> None:
    client.post(page_of(auth_config, "do/test/"))
    account = ConnectedAccount.objects.get()
    client.post(page_of(auth_config, "do/test/"))
    store_grant(account, now=timezone.now())
    client.post(page_of(auth_config, "do/test/"))
    assert ConnectedAccount.objects.get().pk == account.pk
    assert ConnectLink.objects.filter(account=account).count() == 3


def test_a_second_config_of_the_toolkit_is_tested_by_itself(
    client: Client, auth_config: AuthConfig
) -> None:
    entity = Entity.objects.create(project=auth_config.project, user_id="test:admin")
    connect(auth_config=auth_config, entity=entity)
    auth_config.pk = new_id("ac")
    auth_config.save(force_insert=True)
    client.post(page_of(auth_config, "do/test/"))
    assert ConnectedAccount.objects.filter(auth_config=auth_config).count() == 1


def test_a_disabled_config_is_not_tested(client: Client, auth_config: AuthConfig) -> None:
    AuthConfig.objects.update(enabled=False)
    assert page_of(auth_config, "do/test/") not in client.get(page_of(auth_config)).content.decode()
    answer = client.post(page_of(auth_config, "do/test/"), follow=True)
    assert answer.redirect_chain[-1][0] == page_of(auth_config)
    assert "disabled" in answer.content.decode()
    assert not ConnectedAccount.objects.exists()


def test_testing_needs_its_permission_and_a_post(client: Client, auth_config: AuthConfig) -> None:
    seen = ("integrations.view_authconfig", "integrations.change_authconfig")
    changer = signed_in(member(auth_config.project, permissions=seen, username="changer"))
    assert changer.post(page_of(auth_config, "do/test/")).status_code == 403
    assert client.get(page_of(auth_config, "do/test/")).status_code == 200
    assert not ConnectedAccount.objects.exists()


# --- Deleting ------------------------------------------------------------------------------------


def test_a_config_is_deleted_with_its_tools(client: Client, auth_config: AuthConfig) -> None:
    Tool.objects.create(
        project=auth_config.project,
        auth_config=auth_config,
        name="acme_do",
        definition={"name": "acme_do", "description": "Does.", "path": "/do"},
        source=Source.FILE,
    )
    asked = page_of(auth_config, "do/delete/")
    assert asked in client.get(page_of(auth_config)).content.decode()
    assert "the tools that were imported for it" in client.get(asked).content.decode()
    assert client.post(asked)["Location"] == "/admin/integrations/authconfig/"
    assert not AuthConfig.objects.exists()
    assert AuditEntry.objects.get(action="delete").subject_id == auth_config.pk


def test_a_config_with_accounts_stays_and_they_are_not_read(
    client: Client, auth_config: AuthConfig
) -> None:
    crowd(auth_config, 3)
    asked = page_of(auth_config, "do/delete/")
    assert asked not in client.get(page_of(auth_config)).content.decode()
    with CaptureQueriesContext(connection) as queries:
        client.get(asked)
        client.post(asked)
    reading = [query["sql"] for query in queries if "connectedaccount" in query["sql"]]
    assert reading
    assert [sql for sql in reading if "LIMIT 1" not in sql] == []
    assert "Disable it instead" in client.get(page_of(auth_config)).content.decode()
    assert AuthConfig.objects.exists()


def test_deleting_configs_needs_its_permission(auth_config: AuthConfig) -> None:
    needed = "integrations.delete_authconfig"
    others = tuple(name for name in every_permission() if name != needed)
    browser = signed_in(member(auth_config.project, permissions=others))
    assert browser.post(page_of(auth_config, "do/delete/")).status_code == 403
    assert browser.post(page_of(auth_config, "delete/"), {"post": "yes"}).status_code == 403
    assert AuthConfig.objects.exists()
