"""What a row may hold, and what is said of one that may not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connections import vault
from connections.models import Credentials, Entity
from integrations.models import AuthConfig, Project
from integrations.schemes import TokenSet
from integrations.secrets import Secret
from tests.connections.importing import Importer, row
from tests.contracts.leaks import CANARY, recording, tables_with
from tests.making import initiate

pytestmark = pytest.mark.django_db
# Mailchimp's say behind the hyphen at which host they work.
KEY = f"{'0' * 32}-us6"
FAR = "2999-11-21 01:14:17"


def config_of(importer: Importer, toolkit: str, scheme: str, **fields: Any) -> AuthConfig:
    return AuthConfig.objects.create(
        project=importer.project, name=toolkit, toolkit=toolkit, scheme=scheme, **fields
    )


def tokens_of(importer: Importer) -> TokenSet:
    return vault.open_grant(Credentials.objects.get(account=importer.accounts()[-1]))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no user": ({"user_id": ""}, "value_missing"),
    "a user that is no text": ({"user_id": {"a": 1}}, "value_invalid"),
    "a user that is a truth value": ({"user_id": True}, "value_invalid"),
    "a user with NUL": ({"user_id": "a\x00"}, "value_invalid"),
    "half a letter": ({"user_id": "\ud800"}, "not_utf8"),
    "a long alias": ({"alias": "a" * 101}, "value_invalid"),
    "no tokens": ({"access_token": None, "refresh_token": ""}, "token_missing"),
    "a token with CR": ({"access_token": "a\rb"}, "token_invalid"),
    "a token with LF": ({"refresh_token": "a\n"}, "token_invalid"),
    "a token with NUL": ({"access_token": "a\x00b"}, "token_invalid"),
    "a token with half a letter": ({"access_token": "a\ud800b"}, "token_invalid"),
    "a token that is a number": ({"access_token": 5}, "token_invalid"),
    "a token with blanks": ({"access_token": " a"}, "token_invalid"),
    "a giant token": ({"access_token": "a" * 70_000}, "token_invalid"),
    "a token that is over": ({"refresh_token": "", "expires_at": 1_600_000_000}, "token_ended"),
    "a date in words": ({"expires_at": "tomorrow"}, "date_invalid"),
    "a date before there was one": ({"expires_at": 0}, "date_invalid"),
    "a date beyond time": ({"expires_at": 1e300}, "date_invalid"),
    "a date that is a truth value": ({"expires_at": True}, "date_invalid"),
    "a life in words": ({"expires_in": "long"}, "date_invalid"),
    "an end and a life": ({"expires_in": 1, "expires_at": FAR}, "date_invalid"),
    "a consent to come": ({"granted_at": FAR}, "date_invalid"),
    "scopes that are none": ({"scopes": [1]}, "value_invalid"),
    "an unknown column": ({"acces_token": "x"}, "column_unknown"),
    "an unknown auth config": ({"auth_config_id": "ac_unknown"}, "auth_config_unknown"),
    "another client": ({"client_id": "another"}, "client_differs"),
    "fields of no key": ({"fields": {"api_key": "x"}}, "fields_invalid"),
    "fields that are a text": ({"fields": "api_key"}, "value_invalid"),
    "parameters it has not": ({"parameters": {"shop": "acme"}}, "parameters_invalid"),
    "parameters that are numbers": ({"parameters": {"shop": 5}}, "value_invalid"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_row_is_refused_for(importer: Importer, name: str) -> None:
    changes, code = REFUSED[name]
    done = importer.rows(row(**changes))
    assert done.results == [("refused", code)]
    assert done.error == "1 rows were refused."
    assert importer.accounts() == []


def test_an_unknown_column_is_told_by_what_it_looks_like(importer: Importer) -> None:
    [line] = importer.rows({"user_id": "a", "acces_token": "x"}).report
    assert line["problem"].startswith("Column 2 is none that an import knows. Is it access_token?")


def test_another_projects_auth_config_is_as_unknown_as_one_that_is_not_there(
    importer: Importer,
) -> None:
    other = Project.objects.create(name="Other")
    theirs = AuthConfig.objects.create(
        project=other, name="x", toolkit="sandbox", scheme="oauth2", client_id="client"
    )
    done = importer.rows(row(auth_config_id=theirs.pk), row(auth_config_id="ac_none"))
    assert done.report[0] | {"row": 2} == done.report[1]
    error = importer.run("x", auth_config=theirs.pk, default=False).error
    assert error == "The project has no auth config of that id."


def test_a_row_has_to_name_an_auth_config_where_there_is_no_default(importer: Importer) -> None:
    named = row(1, auth_config_id=importer.auth_config.pk)
    done = importer.rows(named, row(2), default=False)
    assert done.results == [("ok", ""), ("refused", "auth_config_unknown")]


def test_a_disabled_auth_config_takes_nothing(importer: Importer) -> None:
    AuthConfig.objects.update(enabled=False)
    assert importer.rows(row()).results == [("refused", "auth_config_disabled")]


def test_an_alias_goes_to_one_account(importer: Importer) -> None:
    entity = Entity.objects.create(project=importer.project, user_id="user-1")
    initiate(auth_config=importer.auth_config, entity=entity, alias="work")
    assert importer.rows(row(alias="work")).results == [("refused", "alias_taken")]


@pytest.mark.parametrize(
    "moment",
    [
        "2026-01-02 03:04:05",
        "2026-01-02T03:04:05Z",
        "2026-01-02T04:04:05+01:00",
        1767323045,
        "1767323045",
        1767323045000,
    ],
)
def test_dates_are_read_in_many_ways(importer: Importer, moment: object) -> None:
    importer.rows(row(granted_at=moment))
    [account] = importer.accounts()
    assert account.granted_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_ten_years_are_as_good_as_a_thousand(importer: Importer) -> None:
    importer.rows(row(expires_at=FAR))
    [account] = importer.accounts()
    assert account.expires_at is not None
    assert 9 <= account.expires_at.year - datetime.now(UTC).year <= 10


def test_numbers_are_taken_for_ids(importer: Importer) -> None:
    importer.rows(row(user_id=42, identity_id=7))
    [account] = importer.accounts()
    assert (account.entity.user_id, account.identity_id) == ("42", "7")


# --- Other schemes -------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"fields": {"api_key": "sk-1"}}, {"access_token": "sk-1"}])
def test_a_key_is_kept_as_a_person_would_have_typed_it(
    importer: Importer, given: dict[str, Any]
) -> None:
    config = config_of(importer, "openai", "bearer")
    done = importer.rows({"user_id": "alice", "auth_config_id": config.pk} | given)
    assert done.results == [("ok", "")]
    [account] = importer.accounts()
    assert tokens_of(importer).parts() == {"access_token": "sk-1", "api_key": "sk-1"}
    assert (account.refresh_at, account.expires_at) == (None, None)
    assert account.probe_at is not None


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "token_missing"),
        ({"fields": {"api_key": "no key"}}, "fields_invalid"),
        ({"fields": {"other": "sk-1"}}, "fields_invalid"),
        ({"fields": {"api_key": "sk-1"}, "access_token": "sk-1"}, "fields_invalid"),
        ({"fields": {"api_key": "sk-1"}, "refresh_token": "x"}, "fields_invalid"),
    ],
)
def test_a_key_is_refused(importer: Importer, given: dict[str, Any], code: str) -> None:
    config = config_of(importer, "openai", "bearer")
    done = importer.rows({"user_id": "alice", "auth_config_id": config.pk} | given)
    assert done.results == [("refused", code)]


def test_client_credentials_are_traded_at_the_first_refresh(importer: Importer) -> None:
    config = config_of(importer, "shopify", "client_credentials")
    fields = {"client_id": "id", "client_secret": "secret"}
    given = {"user_id": "a", "fields": fields, "parameters": {"shop": "acme"}}
    assert importer.rows(given | {"auth_config_id": config.pk}).results == [("ok", "")]
    [account] = importer.accounts()
    renewed_by = tokens_of(importer).refresh_token
    assert renewed_by is not None
    assert json.loads(renewed_by.reveal()) == fields
    assert (account.refresh_at is not None, account.probe_at) == (True, None)


def test_oauth_1_has_a_token_and_its_secret(importer: Importer) -> None:
    config = config_of(
        importer, "discogs", "oauth1", client_id="client", client_secret=Secret("secret")
    )
    given = {"user_id": "a", "auth_config_id": config.pk, "access_token": "t"}
    assert importer.rows(given).results == [("refused", "token_missing")]
    assert importer.rows(given | {"fields": {"token_secret": "s"}}).results == [("ok", "")]
    assert tokens_of(importer).parts() == {"access_token": "t", "token_secret": "s"}


@pytest.mark.parametrize(
    ("parameters", "result"),
    [({"shop": "acme"}, "ok"), ({}, "refused"), ({"shop": "acme.evil.com/"}, "refused")],
)
def test_what_an_account_brings_has_to_fit(
    importer: Importer, parameters: dict[str, str], result: str
) -> None:
    config = config_of(importer, "shopify", "oauth2", client_id="client")
    done = importer.rows(row(auth_config_id=config.pk, parameters=parameters))
    assert [each for each, _ in done.results] == [result]
    assert [account.parameters for account in importer.accounts()] == [parameters] * (
        result == "ok"
    )


@pytest.mark.parametrize("given", [{"fields": {"api_key": KEY}}, {"access_token": KEY}])
def test_what_a_key_tells_needs_no_parameter(importer: Importer, given: dict[str, Any]) -> None:
    config = config_of(importer, "mailchimp", "basic")
    done = importer.rows({"user_id": "a", "auth_config_id": config.pk} | given)
    assert done.results == [("ok", "")]
    assert [account.parameters for account in importer.accounts()] == [{"dc": "us6"}]


@pytest.mark.parametrize(("dc", "result"), [("us6", "ok"), ("us7", "refused")])
def test_a_parameter_may_not_say_otherwise_than_the_key(
    importer: Importer, dc: str, result: str
) -> None:
    config = config_of(importer, "mailchimp", "basic")
    given = {"user_id": "a", "fields": {"api_key": KEY}, "parameters": {"dc": dc}}
    done = importer.rows(given | {"auth_config_id": config.pk})
    assert [each for each, _ in done.results] == [result]


@pytest.mark.parametrize(
    ("toolkit", "parameters", "told"),
    [
        ("gong", {}, {"api_base_url_for_customer": "https://company-17.api.gong.io"}),
        ("sharefile", {"subdomain": "acme"}, {"api_domain": "sf-api.eu"}),
    ],
)
def test_what_a_later_consent_will_be_held_to_is_not_guessed(
    importer: Importer, toolkit: str, parameters: dict[str, str], told: dict[str, str]
) -> None:
    config = config_of(importer, toolkit, "oauth2", client_id="client")
    [name] = told
    done = importer.rows(row(auth_config_id=config.pk, parameters=parameters))
    assert done.report[0]["problem"] == f"Parameters are missing or do not fit: {name}."
    done = importer.rows(row(auth_config_id=config.pk, parameters=parameters | told))
    assert done.results == [("ok", "")]


# --- Secrets -------------------------------------------------------------------------------------

LEAKING: list[dict[str, Any]] = [
    row(user_id=CANARY * 40),
    row(access_token=f"{CANARY}\n"),
    row(refresh_token=[CANARY]),
    row(auth_config_id=CANARY),
    row(client_id=CANARY),
    row(expires_at=CANARY),
    row(expires_in=CANARY),
    row(scopes=f"\x00{CANARY}"),
    row(alias={CANARY: CANARY}),
    row(fields={CANARY: CANARY}),
    row(parameters={CANARY: CANARY}),
    row() | {CANARY: CANARY},
]


def test_no_secret_is_in_a_report_a_log_or_an_error(importer: Importer) -> None:
    good = row(50, access_token=CANARY, refresh_token=CANARY)
    with recording() as records:
        done = importer.rows(*LEAKING, good, row(51, refresh_token=CANARY))
        for name in ("rows.json", "rows.csv", "header.csv"):
            done_too = importer.text(f'user_id,alias\n"{CANARY}" {CANARY},"{CANARY}', name=name)
            assert CANARY not in str(done_too)
        header = importer.text(f"{CANARY},{CANARY}\n1,2", name="header.csv")
    assert [result for result, _ in done.results] == ["refused"] * 12 + ["ok", "refused"]
    assert CANARY not in f"{done}{header}{records.text}"
    assert tables_with(CANARY) == []
