"""What the answers of providers mean, each by its own table (faults.md 15-17)."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.catalog import AnswerShape, Toolkit
from integrations.schemes import (
    Granted,
    IdentityUnavailable,
    ProbeRejected,
    UpstreamIdentity,
    Verdict,
)
from integrations.schemes.identity import read_identity
from integrations.schemes.verdict import judge_answer
from tests.integrations.answer_tables import TABLES, TOOLKITS, cases, response

Row = dict[str, Any]


def expected_of(row: Row) -> Row:
    if row["verdict"] == "granted":
        return {"verdict": "granted", "refresh_token_seconds": row.get("refresh_token_seconds")}
    return {
        "verdict": row["verdict"],
        "reason": row.get("reason", ""),
        "code": row["code"],
        "retry_after": row.get("retry_after"),
        "doubt": row.get("doubt", False),
        "client_refused": row.get("client_refused", False),
    }


def told(verdict: Verdict) -> Row:
    if isinstance(verdict, Granted):
        seconds = verdict.tokens.refresh_token_expires_in
        return {"verdict": "granted", "refresh_token_seconds": seconds}
    return {
        "verdict": verdict.kind.value,
        "reason": verdict.reason,
        "code": verdict.error_code,
        "retry_after": verdict.retry_after,
        "doubt": verdict.outcome_unknown,
        "client_refused": verdict.client_refused,
    }


def asked(toolkit: Toolkit, row: Row) -> Row:
    """Return what `read_identity` makes of a row, in the words of the tables."""
    assert toolkit.identity is not None
    try:
        found = read_identity(response(row), toolkit.identity, sent="access-one")
    except ProbeRejected as rejected:
        return {"outcome": "dead", "status": rejected.http_status, "code": rejected.error_code}
    except IdentityUnavailable as outage:
        return {
            "outcome": "unavailable",
            "status": outage.http_status,
            "code": outage.code,
            "retry_after": outage.retry_after,
        }
    assert isinstance(found, UpstreamIdentity)
    return {"outcome": "proven", "id": found.id, "label": found.label}


@pytest.mark.parametrize(("slug", "row"), cases("token"))
def test_an_answer_of_the_token_endpoint_means(slug: str, row: Row) -> None:
    assert told(judge_answer(response(row), TOOLKITS[slug])) == expected_of(row)


@pytest.mark.parametrize(("slug", "row"), cases("identity"))
def test_an_answer_of_the_identity_call_means(slug: str, row: Row) -> None:
    parts = {
        "proven": ["id", "label"],
        "dead": ["status", "code"],
        "unavailable": ["status", "code", "retry_after"],
    }
    wanted = {name: row.get(name) for name in ["outcome", *parts[row["outcome"]]]}
    assert asked(TOOLKITS[slug], row) == wanted


def test_every_table_has_answers_of_each_kind() -> None:
    assert len(TABLES) >= 25
    for slug, table in TABLES.items():
        assert {"granted", "terminal"} <= {row["verdict"] for row in table["token"]}, slug
        outcomes = {row["outcome"] for row in table.get("identity", [])}
        has_identity = TOOLKITS[slug].identity is not None
        assert outcomes == ({"proven", "dead", "unavailable"} if has_identity else set()), slug


def verdicts(toolkit: Toolkit) -> list[Any]:
    """Return what every answer of the toolkit's table means to ``toolkit``."""
    table = TABLES[toolkit.slug]
    judged = [told(judge_answer(response(row), toolkit)) for row in table["token"]]
    return judged + [asked(toolkit, row) for row in table.get("identity", [])]


def less(toolkit: Toolkit, place: str, name: str, value: object) -> Toolkit:
    """Return the toolkit with a field of its own, or of its identity call, set to ``value``."""
    if place == "identity":
        assert toolkit.identity is not None
        changed = toolkit.identity.model_copy(update={name: value})
        return toolkit.model_copy(update={"identity": changed})
    return toolkit.model_copy(update={name: value})


def parts() -> list[Any]:
    """Return every rule, and every field on the shape of answers, that some toolkit sets."""
    found = []
    for slug, toolkit in TOOLKITS.items():
        places = [("token", toolkit)] + [("identity", toolkit.identity)] * bool(toolkit.identity)
        for place, holder in places:
            for name in ("transient", "configuration", "terminal", "dead", "not_dead"):
                rules = getattr(holder, name, ())
                for number in range(len(rules)):
                    rest = rules[:number] + rules[number + 1 :]
                    found.append(
                        pytest.param(slug, place, name, rest, id=f"{slug} {name} {number}")
                    )
            for name in ("error_path", "description_path", "failed_if", "generic_terminal"):
                default = (Toolkit if name == "generic_terminal" else AnswerShape).model_fields[
                    name
                ]
                if getattr(holder, name, default.default) != default.default:
                    identity = f"{slug} {place} {name}"
                    found.append(pytest.param(slug, place, name, default.default, id=identity))
    return found


@pytest.mark.parametrize(("slug", "place", "name", "value"), parts())
def test_every_rule_of_a_toolkit_decides_something(
    slug: str, place: str, name: str, value: object
) -> None:
    without = less(TOOLKITS[slug], place, name, value)
    assert verdicts(without) != verdicts(TOOLKITS[slug]), "some answer needs it"
