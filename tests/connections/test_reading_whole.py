"""What an answer says is read before it is written: a lost database is then told as one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pytest_django import DjangoAssertNumQueries

from connections.api.accounts import find_account
from connections.api.schemas import AccountOut
from connections.api.using import refresh
from connections.models import ConnectedAccount
from integrations.models.api_key import Scope
from tests.provider import ScriptedProvider, tokens


def test_an_account_is_told_without_another_query(
    account: ConnectedAccount,
    provider: ScriptedProvider,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    key = SimpleNamespace(project=account.project, scopes=[Scope.WRITE])
    request: Any = SimpleNamespace(auth=key)
    provider.answer_tokens(tokens(2))
    for found in (find_account(request, account.pk), refresh(request, account.pk)):
        with django_assert_num_queries(0):
            AccountOut.from_orm(found)
