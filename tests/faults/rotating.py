"""A provider that rotates refresh tokens, strictly or with a grace, as real ones do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from tests.provider import TOKEN_PATH, Answer, ScriptedProvider, tokens

REFUSED = Answer(status=400, json={"error": "invalid_grant"})


class RotatingProvider(ScriptedProvider):
    """Each refresh token is good for one call; what a second one does is the provider's kind.

    Strict: it revokes the whole family (RFC 9700, 4.14.2). Grace: it yields a fresh pair. A token
    that nobody issued here is the first of a family. What is issued is access-1001 and so on.
    What a test scripts with `answer_tokens` is said instead.

    Attributes:
        grace: which kind it is.
        expires_in: seconds that access tokens live.
        before_answering: runs after the tokens were rotated, before they are sent.
        reused: the refresh tokens that came more than once.
        answered: how many answers have left for their callers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.grace = False
        self.expires_in = 60
        self.before_answering: Callable[[], None] = lambda: None
        self.reused: list[str] = []
        self.answered = 0
        self._numbers = count(1001)
        self._families: dict[str, str] = {}
        self._spent: set[str] = set()
        self._revoked: set[str] = set()
        self._rotating = threading.Lock()
        self._scripted = False
        self._end_request = self._server.shutdown_request
        self._server.shutdown_request = self._note_answered  # type: ignore[method-assign]

    def answer_tokens(self, *answers: Answer) -> None:
        """Answer the token endpoint with ``answers`` in turn from now on, and rotate nothing."""
        self._scripted = True
        super().answer_tokens(*answers)

    def take(self, path: str, form: dict[str, str]) -> Answer:
        """Note the call and rotate."""
        if path != TOKEN_PATH or self._scripted:
            return super().take(path, form)
        with self._rotating:
            self.calls.append((path, form))
            answer = self._judge(form["refresh_token"])
        return replace(answer, before=self.before_answering)

    def presented(self) -> list[str]:
        """Return the refresh tokens that were sent so far."""
        return [form["refresh_token"] for form in self.token_calls()]

    def _note_answered(self, request: Any) -> None:
        self._end_request(request)
        self.answered += 1

    def _judge(self, presented: str) -> Answer:
        family = self._families.setdefault(presented, presented)
        if presented in self._spent:
            self.reused.append(presented)
            if not self.grace:
                self._revoked.add(family)
        if family in self._revoked:
            return REFUSED
        self._spent.add(presented)
        number = next(self._numbers)
        self._families[f"refresh-{number}"] = family
        return tokens(number, expires_in=self.expires_in)
