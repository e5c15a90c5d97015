"""Something goes wrong with a secret of signing in in play: it comes out nowhere (faults.md 47)."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from pytest_django.fixtures import Settings

from tests.contracts.leaks import CANARY, answer_of, recording, tables_with
from tests.provider import TOKEN_PATH, Answer, ScriptedProvider
from tests.sign_in.staff import code_of, come_in, secret_on, staff, told

pytestmark = pytest.mark.django_db
ACTIVATE = "/accounts/2fa/totp/activate/"


def test_a_crash_while_an_app_is_set_up_shows_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = come_in(staff())
    secret = secret_on(browser.get(ACTIVATE))

    def fail(*_args: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(RecoveryCodes, "activate", fail)
    browser.raise_request_exception = False
    with recording() as records:
        answer = browser.post(ACTIVATE, {"code": code_of(secret)})
    assert answer.status_code == 500
    assert secret not in answer_of(answer) + records.text
    assert "RuntimeError" in records.text
    assert tables_with(secret) == []


@pytest.mark.parametrize(
    "token_answer",
    [
        Answer(raw=f"not json {CANARY}".encode()),
        Answer(status=500, raw=CANARY.encode()),
        Answer(json={"access_token": CANARY, "id_token": f"not.a.{CANARY}"}),
        Answer(json={"error": CANARY}),
    ],
)
def test_a_provider_that_answers_garbage_is_told_without_what_it_said(
    settings: Settings, token_answer: Answer
) -> None:
    with ScriptedProvider().serving() as provider:
        settings.SSO_ISSUER = provider.url
        settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = "client", f"{CANARY}-secret"
        provider.answer("/.well-known/openid-configuration", configuration(provider.url))
        provider.answer_tokens(token_answer)
        browser = Client()
        with recording() as records:
            state = set_out(browser)
            answer = browser.get("/accounts/sso/callback/", {"state": state, "code": CANARY})
    assert answer.status_code == 401
    assert CANARY not in answer_of(answer)
    assert CANARY not in records.text
    assert tables_with(CANARY) == []
    assert [action for action, _, _ in told()] == ["sso_failed"]


def configuration(url: str) -> Answer:
    return Answer(
        json={
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}{TOKEN_PATH}",
            "userinfo_endpoint": f"{url}/userinfo",
            "jwks_uri": f"{url}/jwks",
        }
    )


def set_out(browser: Client) -> str:
    page = browser.post("/accounts/sso/").content.decode()
    found = re.search(r'content="0; url=([^"]+)"', page)
    assert found is not None, page
    return parse_qs(urlsplit(unescape(found[1])).query)["state"][0]
