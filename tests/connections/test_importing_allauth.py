"""Grants from the tables of django-allauth, which are in the test's own database."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from connections import vault
from connections.importing import allauth
from connections.models import Credentials
from integrations.models import AuthConfig
from integrations.schemes import TokenSet
from tests.connections.importing import Imported, Importer
from tests.contracts.leaks import CANARY, recording

pytestmark = pytest.mark.django_db(transaction=True)


def url() -> str:
    name = settings.DATABASES["default"]["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def token(name: str, *, provider: str = "acme", **changes: Any) -> SocialToken:
    """Make a person with a social account, and its token."""
    user = User.objects.create(username=name, email=f"{name}@example.com")
    account = SocialAccount.objects.create(user=user, provider=provider, uid=f"uid-{name}")
    given = {
        "token": f"access-{name}",
        "token_secret": f"refresh-{name}",
        "expires_at": timezone.now() + timedelta(hours=1),
    }
    made: SocialToken = SocialToken.objects.create(account=account, **(given | changes))
    return made


def app(client_id: str) -> SocialApp:
    made: SocialApp = SocialApp.objects.create(provider="acme", name="Acme", client_id=client_id)
    return made


def run(importer: Importer, **options: Any) -> Imported:
    mapped = {"map": [f"acme={importer.auth_config.pk}"], "allauth": url()}
    return importer.run(default=False, **(mapped | options))


def tokens_of(importer: Importer) -> TokenSet:
    return vault.open_grant(Credentials.objects.get(account=importer.accounts()[-1]))


def test_a_social_token_becomes_an_account(importer: Importer) -> None:
    stored = token("alice", app=app("client"))
    done = run(importer)
    [account] = importer.accounts()
    assert done.report == [{"row": stored.pk, "result": "ok", "connected_account_id": account.pk}]
    assert account.entity.user_id == str(stored.account.user_id)
    assert (account.identity_id, account.expires_at) == ("uid-alice", stored.expires_at)
    parts = tokens_of(importer)
    assert parts.access_token.reveal() == "access-alice"
    assert parts.refresh_token is not None
    assert parts.refresh_token.reveal() == "refresh-alice"


def test_running_it_again_skips_them(importer: Importer) -> None:
    token("alice")
    run(importer)
    assert run(importer).results == [("skipped", "already_there")]


def test_a_token_of_another_client_is_refused(importer: Importer) -> None:
    token("alice", app=app("another client"))
    assert run(importer).results == [("refused", "client_differs")]


def test_a_column_of_the_users_table_names_the_user(importer: Importer) -> None:
    token("alice")
    run(importer, user_column="email", user_table="public.auth_user", without_identity=True)
    [account] = importer.accounts()
    assert (account.entity.user_id, account.identity_id) == ("alice@example.com", "")


def test_providers_without_an_auth_config_are_left_out_and_counted(importer: Importer) -> None:
    token("alice")
    token("bob", provider="other")
    done = run(importer)
    assert len(done.report) == 1
    assert "1 tokens of other are left out: it has no --map." in done.printed


def test_a_token_of_oauth_1_has_its_secret(importer: Importer) -> None:
    config = AuthConfig.objects.create(
        project=importer.project, name="D", toolkit="discogs", scheme="oauth1", client_id="client"
    )
    token("alice", provider="discogs", expires_at=None)
    assert run(importer, map=[f"discogs={config.pk}"]).results == [("ok", "")]
    assert tokens_of(importer).parts()["token_secret"] == "refresh-alice"


def test_it_is_read_page_by_page(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allauth, "PAGE", 2)
    for number in range(5):
        token(f"user-{number}")
    assert run(importer, dry_run=True).results == [("ok", "")] * 5


def test_nothing_is_written_there(importer: Importer) -> None:
    source = allauth.Allauth(url=url(), auth_configs={})
    with source._connected() as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("DELETE FROM socialaccount_socialtoken")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"allauth": f"mysql://x:{CANARY}@h/d"}, "Only PostgreSQL is read."),
        ({"allauth": f"postgresql://x:{CANARY}@127.0.0.1:1/d"}, "cannot be opened: Operational"),
        ({"allauth": f"postgresql://{CANARY}:{CANARY}@h:port/d"}, "cannot be opened: "),
        ({"user_column": "nickname"}, "A column is not there: allauth's, or --user-column."),
        ({"user_column": "x", "user_table": "people"}, "There are no such tables"),
        ({"map": [f"acme={CANARY}"]}, "--map takes PROVIDER=ac_..., an auth config"),
    ],
)
def test_what_cannot_be_read_is_told_without_a_secret(
    importer: Importer, options: dict[str, Any], said: str
) -> None:
    with recording() as records:
        done = run(importer, **options)
    assert said in done.error
    assert CANARY not in f"{done}{records.text}"
