"""What is read from a token endpoint's answer (faults.md 18, 37-39)."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.catalog import Toolkit, get_toolkit
from integrations.schemes.token_response import (
    LONGEST_LIFETIME,
    MalformedToken,
    TokenSet,
    parse_lifetime,
)
from integrations.secrets import Secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def toolkit(**changes: Any) -> Toolkit:
    return Toolkit.model_validate(get_toolkit("sandbox").model_dump() | changes)


SANDBOX = toolkit()


def read(_toolkit: Toolkit = SANDBOX, **answer: Any) -> TokenSet:
    whole = {"access_token": "access", "token_type": "Bearer"} | answer
    return TokenSet.from_answer(whole, _toolkit)


@pytest.mark.fault(37)
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3600, 3600.0),
        (3599.5, 3599.5),
        ("3600", 3600.0),
        (" 3600 ", 3600.0),
        ("3600.0", 3600.0),
        (0, 0.0),
        (-1, 0.0),
        ("-1", 0.0),
        (float("-inf"), 0.0),
        (1e308, LONGEST_LIFETIME),
        ("1e308", LONGEST_LIFETIME),
        (float("inf"), LONGEST_LIFETIME),
        ("Infinity", LONGEST_LIFETIME),
        (10**12, LONGEST_LIFETIME),
        pytest.param(10**400, LONGEST_LIFETIME, id="huge"),
        pytest.param(-(10**400), 0.0, id="hugely negative"),
        (float("nan"), None),
        ("NaN", None),
        (True, None),
        (False, None),
        (None, None),
        ("", None),
        ("soon", None),
        ("0x10", None),
        ([3600], None),
        ({"seconds": 3600}, None),
    ],
)
def test_a_lifetime_is_read_from_what_providers_send(value: object, seconds: float | None) -> None:
    assert parse_lifetime(value) == seconds


@pytest.mark.fault(37)
@given(
    st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.text()))
)
@settings(deadline=None)
def test_whatever_is_sent_the_end_is_a_moment_that_fits(value: object) -> None:
    ends = read(expires_in=value).expires_at(now=NOW, default_seconds=60)
    assert ends is not None
    assert NOW <= ends <= NOW + timedelta(days=3650)


@pytest.mark.fault(37)
def test_a_lifetime_that_was_not_sent_is_the_toolkits_habit() -> None:
    assert read().expires_at(now=NOW, default_seconds=1800) == NOW + timedelta(minutes=30)


@pytest.mark.fault(37)
@pytest.mark.parametrize("value", [-5, 0, "0"])
def test_a_lifetime_of_nothing_is_over_at_once(value: object) -> None:
    assert read(expires_in=value).expires_at(now=NOW, default_seconds=1800) == NOW


def test_where_tokens_have_no_end_a_lifetime_that_was_sent_still_counts() -> None:
    assert read().expires_at(now=NOW, default_seconds=None) is None
    assert read(expires_in=60).expires_at(now=NOW, default_seconds=None) == NOW + timedelta(0, 60)


@pytest.mark.parametrize("value", [0, "0", 0.0])
def test_zero_means_never_where_the_toolkit_says_so(value: object) -> None:
    forever = read(toolkit(expires_in_zero_means_never=True), expires_in=value)
    assert forever.expires_in == math.inf
    assert forever.expires_at(now=NOW, default_seconds=1800) is None


def test_any_other_lifetime_counts_there_too() -> None:
    tokens = read(toolkit(expires_in_zero_means_never=True), expires_in=60)
    assert tokens.expires_at(now=NOW, default_seconds=None) == NOW + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(7776000, 7776000.0), ("60", 60.0), (0, None), (-1, None), (None, None), ("soon", None)],
)
def test_the_refresh_tokens_own_lifetime_is_read(value: object, seconds: float | None) -> None:
    assert read(refresh_token_expires_in=value).refresh_token_expires_in == seconds


def test_the_refresh_tokens_lifetime_may_have_another_name() -> None:
    kit = toolkit(refresh_token={"lifetime_field": "limits.refresh"})
    tokens = read(kit, limits={"refresh": 5}, refresh_token_expires_in=9)
    assert tokens.refresh_token_expires_in == 5


@pytest.mark.fault(39)
@pytest.mark.parametrize("name", ["access_token", "refresh_token", "id_token"])
@pytest.mark.parametrize(
    "value",
    [
        "a\r\nX-Evil: 1",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\tb",
        "a\x7fb",
        "a\u00e9b",
        "a\u2028b",
        "a\ud800b",
        7,
        True,
        ["a"],
        {"a": 1},
    ],
)
def test_a_token_that_no_header_may_carry_is_refused(name: str, value: object) -> None:
    with pytest.raises(MalformedToken) as caught:
        read(SANDBOX, **{name: value})
    assert str(caught.value) == (
        f"The provider's {name} holds characters that no header may carry."
    )


@pytest.mark.parametrize("value", [None, ""])
def test_an_answer_without_an_access_token_is_refused(value: object) -> None:
    with pytest.raises(MalformedToken, match="no access token"):
        read(access_token=value)


@pytest.mark.fault(39)
@pytest.mark.parametrize("kind", ["mac", "DPoP", "N_A", "bearer ", 0, 7, ["bearer"], {}])
def test_a_token_of_an_unknown_type_is_refused(kind: object) -> None:
    with pytest.raises(MalformedToken, match="of a type that cannot be used"):
        read(token_type=kind)


def test_a_toolkit_may_name_its_tokens_otherwise() -> None:
    kit = toolkit(token_types=["Bot", "user"])
    for kind in ("bot", "BOT", "user"):
        assert read(kit, token_type=kind).access_token.reveal() == "access"
    assert TokenSet.from_answer({"access_token": "access"}, kit).token_type == "bearer"
    with pytest.raises(MalformedToken):
        read(kit, token_type="bearer")


@pytest.mark.parametrize("kind", ["bearer", "Bearer", "BEARER"])
def test_bearer_may_be_written_in_any_case(kind: str) -> None:
    assert read(token_type=kind).access_token.reveal() == "access"


def test_a_missing_token_type_is_bearer() -> None:
    assert TokenSet.from_answer({"access_token": "access"}, SANDBOX).token_type == "bearer"


@pytest.mark.parametrize("kind", [None, ""])
def test_so_is_an_empty_one(kind: object) -> None:
    assert read(token_type=kind).access_token.reveal() == "access"
    assert read(toolkit(token_types=["Bot"]), token_type=kind).access_token.reveal() == "access"


def renewed(_toolkit: Toolkit = SANDBOX, **answer: Any) -> TokenSet:
    whole = {"access_token": "access", "refresh_token": "refresh", "token_type": "Bearer"}
    return TokenSet.from_answer(whole | answer, _toolkit, renewing=True)


@pytest.mark.parametrize("value", [{}, 7, "a\nb", ["a"], "i.d.t"])
def test_a_refresh_does_not_look_at_an_id_token(value: object) -> None:
    tokens = renewed(id_token=value)
    assert (tokens.id_token, tokens.unusable) == (None, "")
    assert tokens.access_token.reveal() == "access"


@pytest.mark.parametrize(
    "spoiled",
    [
        {"token_type": "mac"},
        {"token_type": 7},
        {"access_token": "a\x00b"},
        {"access_token": "a\u00e9b"},
        {"access_token": {}},
        {"access_token": ""},
        {"access_token": None},
    ],
)
def test_a_refresh_token_is_kept_beside_an_access_token_that_cannot_be_used(
    spoiled: dict[str, Any],
) -> None:
    tokens = renewed(toolkit(expires_in_zero_means_never=True), **spoiled, expires_in=3600)
    assert tokens.refresh_token == Secret("refresh")
    assert (tokens.access_token, tokens.expires_in) == (Secret(""), 0)
    assert tokens.unusable


@pytest.mark.parametrize("value", [None, "", "a\r\nb", 7])
def test_without_a_usable_refresh_token_there_is_nothing_to_keep(value: object) -> None:
    with pytest.raises(MalformedToken):
        renewed(token_type="mac", refresh_token=value)


@pytest.mark.parametrize("name", ["scope", "expires_in", "refresh_token_expires_in", "extra"])
@pytest.mark.parametrize("value", [{}, [], [[]], {"a": [7]}, "\x00", "\ud800", True, 10**400, -1])
def test_no_other_field_keeps_tokens_from_being_used(name: str, value: object) -> None:
    tokens = renewed(SANDBOX, **{name: value})
    assert (tokens.access_token, tokens.refresh_token) == (Secret("access"), Secret("refresh"))
    assert tokens.unusable == ""


@pytest.mark.parametrize("answer", [{}, {"refresh_token": None}, {"refresh_token": ""}])
def test_where_no_new_refresh_token_came_the_old_one_stays(answer: dict[str, Any]) -> None:
    tokens = read(SANDBOX, **answer)
    assert tokens.refresh_token is None
    assert tokens.carrying_over(Secret("old")).refresh_token == Secret("old")
    assert tokens.carrying_over(None).refresh_token is None


def test_a_new_refresh_token_replaces_the_old_one() -> None:
    tokens = read(refresh_token="new").carrying_over(Secret("old"))
    assert tokens.refresh_token == Secret("new")


def test_carrying_over_keeps_everything_else() -> None:
    issued = read(expires_in=60, scope="a b", id_token="i.d.t", refresh_token_expires_in=9)
    tokens = issued.carrying_over(Secret("old"))
    assert (tokens.expires_in, tokens.scopes) == (60, ["a", "b"])
    assert tokens.refresh_token_expires_in == 9
    assert (tokens.access_token, tokens.id_token) == (Secret("access"), Secret("i.d.t"))


@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("read write", ["read", "write"]),
        ("read,write", ["read", "write"]),
        ("  read ,  write  ", ["read", "write"]),
        ("read\nwrite\t", ["read", "write"]),
        ("", []),
        (" ", []),
        ("read bad\x00scope \ud800 write", ["read", "write"]),
        ("read " + "x" * 501, ["read"]),
        (["read", "", "bad\x00scope", "x" * 501], ["read"]),
        (["read", "write"], ["read", "write"]),
        ([], []),
        (None, None),
        (7, None),
        ([7], None),
        ({"read": True}, None),
    ],
)
def test_scopes_are_read_as_granted_or_unknown(value: object, scopes: list[str] | None) -> None:
    assert read(scope=value).scopes == scopes


def test_tokens_survive_being_stored() -> None:
    stored = TokenSet.from_payload(read(refresh_token="refresh", id_token="i.d.t").to_payload())
    assert (stored.access_token, stored.refresh_token) == (Secret("access"), Secret("refresh"))
    assert stored.id_token is None, "it has done its work when the flow ends"


def test_a_payload_without_a_refresh_token_survives_too() -> None:
    assert TokenSet.from_payload(read().to_payload()).refresh_token is None


def test_tokens_do_not_show_themselves() -> None:
    tokens = read(access_token="canary-a", refresh_token="canary-r", id_token="canary-i")
    assert "canary" not in f"{tokens} {tokens!r} {tokens.to_payload()}"
