"""A provider that plays one toolkit from its data, for one test."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations.catalog import Toolkit
from tests.conformance.bodies import call_answers, identity_answer, token_answer
from tests.conformance.server import Request
from tests.provider import Answer

HTML = Answer(raw=b"<html><body>Please stand by.</body></html>")


class Provider:
    """Answers each address from a queue, whose last answer repeats; a strange address with 404.

    Attributes:
        requests: all that arrived.
        strays: those to addresses that nobody said anything of.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.strays: list[Request] = []
        self._queues: dict[str, deque[Answer]] = {}

    def answer(self, url: str | None, *answers: Answer) -> None:
        """Answer ``url`` with ``answers`` in turn from now on, whatever its query."""
        self._queues[address(url or "")] = deque(answers)

    def issue(self, toolkit: Toolkit, *, url: str | None = None, **parts: Any) -> None:
        """Have tokens issued, in the toolkit's shape; a longer one as well, where there is one."""
        answer = Answer(json=token_answer(toolkit, **parts))
        self.answer(url or toolkit.token_url, answer)
        if toolkit.longer_token and url is None:
            self.answer(toolkit.longer_token.url, answer)

    def know(self, toolkit: Toolkit, *, url: str | None = None) -> None:
        """Have the identity call tell whose account it is, in the toolkit's shape."""
        if toolkit.identity is not None:
            answer = Answer(json=identity_answer(toolkit.identity))
            self.answer(url or toolkit.identity.url, answer)

    def tell(self, toolkit: Toolkit, told: Mapping[str, str]) -> None:
        """Have the further calls tell what an account brings, beside whose it is."""
        bodies = call_answers(toolkit, told)
        for url, body in bodies.items():
            self.answer(url, Answer(json=body))

    def calls(self, url: str | None) -> list[Request]:
        """Return what arrived at ``url``, whatever its query."""
        return [request for request in self.requests if request.url == address(url or "")]

    def only_call(self) -> Request:
        """Return the one request that arrived at all."""
        [request] = self.requests
        return request

    def take(self, request: Request) -> Answer:
        """Note the call and return the answer that it gets."""
        self.requests.append(request)
        queue = self._queues.get(request.url)
        if queue is None:
            self.strays.append(request)
            return Answer(status=404, json={})
        return queue.popleft() if len(queue) > 1 else queue[0]


def address(url: str) -> str:
    """Return ``url`` without its query, as a request has it: a host has no capitals."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path or '/'}"


def refusing(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of ``status`` with a JSON body."""
    return Answer(status=status, json=body, headers=headers or {})
