"""Whatever a provider sends, by whichever rules: a verdict, a code fit to be shown, no crash."""

from __future__ import annotations

import contextlib
import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.catalog import Toolkit
from integrations.outbound import Response
from integrations.schemes import Granted, IdentityUnavailable, ProbeRejected, RefusalKind
from integrations.schemes.error_codes import LONGEST_ERROR_CODE
from integrations.schemes.identity import read_identity
from integrations.schemes.verdict import judge_answer
from tests.integrations.answer_tables import TABLES, TOOLKITS

WORDS = sorted(
    {
        str(value)
        for table in TABLES.values()
        for row in [*table["token"], *table.get("identity", [])]
        for pair in (row["body"] if isinstance(row.get("body"), dict) else {}).items()
        for value in pair
        if isinstance(value, str | int)
    }
)
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(max_size=70))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
BODIES = st.recursive(
    SCALARS,
    lambda part: st.one_of(st.lists(part, max_size=3), st.dictionaries(TEXTS, part, max_size=5)),
    max_leaves=12,
)
STATUSES = st.sampled_from([200, 201, 302, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504])
KITS = st.sampled_from(sorted(TOOLKITS)).map(TOOLKITS.__getitem__)
CODE = set(string.ascii_letters + string.digits + "_.:-")


def response(status: int, body: Any) -> Response:
    return Response(status=status, headers={}, body=json.dumps(body).encode(), elapsed=0)


@given(kit=KITS, status=STATUSES, body=BODIES, renewing=st.booleans())
@settings(deadline=None, max_examples=300)
def test_any_answer_of_a_token_endpoint_has_a_verdict(
    kit: Toolkit, status: int, body: Any, renewing: bool
) -> None:
    verdict = judge_answer(response(status, body), kit, renewing=renewing)
    assert verdict.http_status == status
    if isinstance(verdict, Granted):
        assert status in {200, 201}
        return
    assert 0 < len(verdict.error_code) <= LONGEST_ERROR_CODE
    assert set(verdict.error_code) <= CODE
    assert bool(verdict.reason) is (verdict.kind is RefusalKind.TERMINAL)
    if status >= 500 or status in {302, 408, 425, 429}:
        assert verdict.kind is RefusalKind.TRANSIENT
    assert judge_answer(response(status, body), kit, renewing=renewing) == verdict


@given(kit=KITS, status=STATUSES, body=BODIES)
@settings(deadline=None, max_examples=300)
def test_any_answer_of_an_identity_call_is_read(kit: Toolkit, status: int, body: Any) -> None:
    if kit.identity is None:
        return
    with contextlib.suppress(IdentityUnavailable, ProbeRejected):
        found = read_identity(response(status, body), kit.identity, sent="access-one")
        assert status in {200, 201}
        assert 0 < len(found.id) <= 255


@pytest.mark.parametrize("slug", sorted(TOOLKITS))
@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_no_outage_of_any_provider_ends_a_grant(slug: str, status: int) -> None:
    toolkit = TOOLKITS[slug]
    for row in TABLES[slug]["token"]:
        if row["verdict"] == "terminal":
            verdict = judge_answer(response(status, row["body"]), toolkit)
            assert not isinstance(verdict, Granted)
            assert verdict.kind is RefusalKind.TRANSIENT
