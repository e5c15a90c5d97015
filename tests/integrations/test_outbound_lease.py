"""A call that has to be over by a certain time, however long its process stood still before."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from integrations import clock, outbound
from integrations.outbound import LIMITS, Limits, Role
from tests.provider import TOKEN_PATH, Answer, ScriptedProvider, tokens


@pytest.fixture
def provider(settings: Settings) -> Iterator[ScriptedProvider]:
    settings.OUTBOUND_ALLOW_LOOPBACK = True
    with ScriptedProvider().serving() as serving:
        yield serving


def post(provider: ScriptedProvider, limits: Limits) -> outbound.Response:
    url = f"{provider.url}{TOKEN_PATH}"
    return outbound.send(role=Role.TOKEN, method="POST", url=url, form={"a": "b"}, limits=limits)


def until(moment: float) -> Limits:
    return replace(LIMITS[Role.TOKEN], ends_at=moment)


def test_nothing_is_sent_once_the_time_is_over(provider: ScriptedProvider) -> None:
    with pytest.raises(outbound.DeadlineExceeded) as caught:
        post(provider, until(clock.seconds() - 1))
    assert not caught.value.outcome_unknown
    assert provider.token_calls() == []


def test_an_answer_is_not_waited_for_any_longer(provider: ScriptedProvider) -> None:
    provider.answer_tokens(Answer(json=tokens().json, before=lambda: time.sleep(1)))
    with pytest.raises(outbound.DeadlineExceeded) as caught:
        post(provider, until(clock.seconds() + 0.3))
    assert caught.value.outcome_unknown


def test_a_later_end_than_the_deadline_changes_nothing(provider: ScriptedProvider) -> None:
    assert post(provider, until(clock.seconds() + 1000)).status == 200
