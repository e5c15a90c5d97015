"""Answers of a token endpoint in words of one line, and the verdicts on them."""

import json
from typing import Any

from integrations.catalog import Toolkit, get_toolkit
from integrations.outbound import Response
from integrations.schemes import Refused
from integrations.schemes.verdict import Verdict, judge_answer

SANDBOX = get_toolkit("sandbox")
GRANTED = {"access_token": "access", "refresh_token": "refresh", "token_type": "bearer"}


def answer(status: int = 200, body: Any = None, **headers: str) -> Response:
    """An answer of a token endpoint; text and bytes are sent as they are, the rest as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, headers=named, body=raw, elapsed=0.01)


def judge(
    status: int = 200, body: Any = None, toolkit: Toolkit = SANDBOX, **headers: str
) -> Verdict:
    return judge_answer(answer(status, body, **headers), toolkit)


def judge_refresh(body: Any, toolkit: Toolkit = SANDBOX, status: int = 200) -> Verdict:
    """Return the verdict on the answer to a refresh."""
    return judge_answer(answer(status, body), toolkit, renewing=True)


def refusal(status: int, body: Any, toolkit: Toolkit = SANDBOX, **headers: str) -> Refused:
    verdict = judge(status, body, toolkit, **headers)
    assert isinstance(verdict, Refused)
    return verdict


def ruled(**changes: Any) -> Toolkit:
    """Return the sandbox's toolkit with rules of its own."""
    return Toolkit.model_validate(SANDBOX.model_dump() | changes)
