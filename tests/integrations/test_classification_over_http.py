"""Some of the tables' answers once more, through the client and a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.catalog import Toolkit
from integrations.schemes import (
    IdentityUnavailable,
    OAuth2Client,
    ProbeRejected,
    Refused,
    TokenSet,
)
from integrations.secrets import Secret
from tests.asking import ask_identity
from tests.integrations.answer_tables import TABLES, TOOLKITS, body_of
from tests.provider import REVOKE_PATH, TOKEN_PATH, USERINFO_PATH, Answer, ScriptedProvider


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with ScriptedProvider().serving() as serving:
        yield serving


def at(provider: ScriptedProvider, slug: str) -> Toolkit:
    """Return the toolkit with its addresses at ``provider``."""
    toolkit = TOOLKITS[slug]
    urls: dict[str, Any] = {"token_url": provider.url + TOKEN_PATH}
    if toolkit.revocation:
        url = {"url": provider.url + REVOKE_PATH}
        urls["revocation"] = toolkit.revocation.model_copy(update=url)
    if toolkit.identity:
        url = {"url": provider.url + USERINFO_PATH}
        urls["identity"] = toolkit.identity.model_copy(update=url)
    return toolkit.model_copy(update=urls)


def client(toolkit: Toolkit) -> OAuth2Client:
    return OAuth2Client(
        toolkit=toolkit,
        client_id="id",
        client_secret=Secret("s3cret"),
        authorization_parameters={},
        token_parameters={},
    )


def answer(slug: str, kind: str, case: str) -> Answer:
    """Return the answer of the row ``case``."""
    [row] = [row for row in TABLES[slug][kind] if row["case"] == case]
    return Answer(status=row["status"], raw=body_of(row), headers=row.get("headers", {}))


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("slug", "case", "verdict", "code"),
    [
        ("slack", "consumed or revoked", "terminal", "invalid_refresh_token"),
        ("slack", "wrong secret", "configuration", "bad_client_secret"),
        ("githubapp", "dead", "terminal", "bad_refresh_token"),
        ("outlook", "90 days unused", "terminal", "invalid_grant.70008"),
        ("outlook", "client loops", "transient", "invalid_grant.50196"),
        ("jira", "dead", "terminal", "unauthorized_client"),
        ("hubspot", "dead", "terminal", "invalid_request.BAD_REFRESH_TOKEN"),
        ("salesforce", "lost race", "transient", "invalid_grant"),
        ("facebook", "expired", "terminal", "code.190.463"),
        ("gmail", "error page", "transient", "malformed_response"),
    ],
)
def test_a_refresh_is_judged_by_the_toolkits_rules(
    provider: ScriptedProvider, slug: str, case: str, verdict: str, code: str
) -> None:
    provider.answer_tokens(answer(slug, "token", case))
    refused = client(at(provider, slug)).refresh(refresh_token=Secret("refresh-one"))
    assert isinstance(refused, Refused)
    assert (refused.kind.value, refused.error_code) == (verdict, code)


def test_a_date_to_call_again_is_told_in_seconds(provider: ScriptedProvider) -> None:
    wanted = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    provider.answer_tokens(Answer(status=429, json={}, headers={"Retry-After": wanted}))
    refused = client(at(provider, "gmail")).refresh(refresh_token=Secret("refresh-one"))
    assert isinstance(refused, Refused)
    assert refused.retry_after == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    ("slug", "case", "code"),
    [
        ("slack", "revoked", "token_revoked"),
        ("mailchimp", "user disabled", ""),
        ("figma", "dead token", ""),
        ("linear", "dead token of GraphQL", "AUTHENTICATION_ERROR"),
        ("linear", "dead token in a success", "AUTHENTICATION_ERROR"),
    ],
)
def test_a_dead_token_is_told_from_an_outage(
    provider: ScriptedProvider, slug: str, case: str, code: str
) -> None:
    provider.answer(USERINFO_PATH, answer(slug, "identity", case))
    identity = at(provider, slug).identity
    assert identity is not None
    with pytest.raises(ProbeRejected) as caught:
        ask_identity(Secret("access-one"), identity)
    assert caught.value.error_code == code


@pytest.mark.parametrize(
    ("slug", "case", "seconds"),
    [
        ("gmail", "quota", 30),
        ("githubapp", "rate limit", 60),
        ("figma", "a scope is missing so the token lives", None),
        ("dropbox", "a scope is missing so the token lives", None),
    ],
)
def test_a_limit_or_a_missing_scope_is_no_dead_token(
    provider: ScriptedProvider, slug: str, case: str, seconds: float | None
) -> None:
    provider.answer(USERINFO_PATH, answer(slug, "identity", case))
    identity = at(provider, slug).identity
    assert identity is not None
    with pytest.raises(IdentityUnavailable) as caught:
        ask_identity(Secret("access-one"), identity)
    assert caught.value.retry_after == seconds


def revoked(provider: ScriptedProvider, slug: str, answer: Answer) -> Refused | None:
    provider.answer(REVOKE_PATH, answer)
    return client(at(provider, slug)).revoke(tokens=TokenSet(access_token=Secret("access-one")))


def test_a_success_that_says_ok_false_confirms_no_revocation(provider: ScriptedProvider) -> None:
    refused = revoked(provider, "slack", Answer(json={"ok": False, "error": "internal_error"}))
    assert refused is not None
    assert refused.error_code == "internal_error"


@pytest.mark.parametrize("body", [b"", b"revoked", b'{"ok": true}', b"[]"])
def test_any_other_success_confirms_it(provider: ScriptedProvider, body: bytes) -> None:
    assert revoked(provider, "slack", Answer(raw=body)) is None


def test_a_grant_that_is_dead_already_needs_no_revocation(provider: ScriptedProvider) -> None:
    gone = Answer(json={"ok": False, "error": "token_revoked"})
    assert revoked(provider, "slack", gone) is None
