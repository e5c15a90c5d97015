"""How long a breaker leaves a provider alone, and whose calls it stops (faults.md 14)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from connections.models import Breaker
from connections.refresh.breakers import note_answers
from connections.refresh.endpoints import endpoint_of
from integrations.models import AuthConfig
from integrations.schemes import RefusalKind, Refused

pytestmark = pytest.mark.django_db

# An answer with which the endpoint did its work.
WORKED = Refused(kind=RefusalKind.CONFIGURATION, error_code="invalid_client", http_status=401)


def limited(retry_after: float) -> Refused:
    return failed(429, retry_after)


def failed(status: int, retry_after: float) -> Refused:
    return Refused(
        kind=RefusalKind.TRANSIENT,
        error_code=f"http_{status}",
        http_status=status,
        retry_after=retry_after,
    )


def note(auth_config: AuthConfig, *answers: Refused) -> None:
    names = [endpoint_of(auth_config), auth_config.pk]
    told = [(auth_config, answer) for answer in answers]
    note_answers(told, troubled=names, now=timezone.now())


def waits(name: str, *, at_least: float) -> bool:
    soonest = timezone.now() + timedelta(seconds=at_least)
    return Breaker.objects.filter(pk=name, opened_at__isnull=False, open_until__gt=soonest).exists()


@pytest.mark.fault(14)
def test_a_late_answer_to_an_earlier_call_does_not_end_the_pause(auth_config: AuthConfig) -> None:
    note(auth_config, limited(600))
    note(auth_config, WORKED)
    assert waits(auth_config.pk, at_least=590)


@pytest.mark.fault(14)
def test_a_longer_wish_that_comes_while_it_waits_is_kept(auth_config: AuthConfig) -> None:
    note(auth_config, limited(30))
    note(auth_config, limited(600))
    note(auth_config, limited(60))
    assert waits(auth_config.pk, at_least=590)


def test_an_endpoint_that_fails_is_left_alone_for_as_long_as_it_says(
    auth_config: AuthConfig,
) -> None:
    note(auth_config, *[failed(503, 600)] * 4)
    assert not Breaker.objects.filter(opened_at__isnull=False).exists()
    note(auth_config, failed(503, 600))
    assert waits(endpoint_of(auth_config), at_least=590)


@pytest.mark.parametrize("toolkit", ["zohocrm", "shopify", "zendesk"])
def test_where_each_account_has_a_host_of_its_own_a_client_stops_no_other(
    auth_config: AuthConfig, toolkit: str
) -> None:
    other = AuthConfig(project=auth_config.project, toolkit=toolkit, client_id="b")
    one = AuthConfig(project=auth_config.project, toolkit=toolkit, client_id="a")
    assert endpoint_of(one) != endpoint_of(other)
    assert endpoint_of(one).startswith("https://")


def test_where_all_have_one_host_they_share_its_breaker(auth_config: AuthConfig) -> None:
    one = AuthConfig(project=auth_config.project, toolkit="github", client_id="a")
    other = AuthConfig(project=auth_config.project, toolkit="github", client_id="b")
    assert endpoint_of(one) == endpoint_of(other) == "https://github.com"
