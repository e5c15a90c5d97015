"""The call that tells whose account a token opens."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import model_validator

from integrations.catalog.answers import AnswerShape, Rule, is_outage
from integrations.catalog.base import OneOrMore, Url
from integrations.catalog.paths import Path


class Identity(AnswerShape):
    """The cheapest call that tells whose account it is. Also the probe that proves a token.

    Attributes:
        headers: sent with the call beside the token's own.
        query: further query parameters.
        scopes: without which it is not answered. All are needed; of several that would do, any one.
        body: sent as JSON, as GraphQL asks.
        id_path: where the provider's stable id stands. Of several paths the values are joined,
            where one alone is unique only within the other (Slack's team and user). None: the
            call proves that a key works, and does not tell whose it is.
        label_paths: the first that holds text is shown to people.
        dead_statuses: HTTP statuses that refuse the token, whatever the body says.
        dead: other answers that refuse the token.
        not_dead: answers that do not refuse it though they look like it; looked at first.
        alive: refusals that prove it all the same, as one that wants a further permission: the
            service knows the token, and does not tell whose it is.
    """

    url: Url
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    body: dict[str, Any] | None = None
    scopes: tuple[OneOrMore[str], ...] = ()
    id_path: OneOrMore[Path] | None = None
    label_paths: list[Path] = []
    dead_statuses: list[int] = [401]
    dead: tuple[Rule, ...] = ()
    not_dead: tuple[Rule, ...] = ()
    alive: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _an_outage_says_nothing(self) -> Self:
        statuses = [*self.dead_statuses, *(s for rule in self.dead for s in rule.status or ())]
        if outages := sorted({status for status in statuses if is_outage(status)}):
            raise ValueError(f"an outage refuses no token: {outages}")
        statuses = [status for rule in self.alive for status in rule.status or ()]
        if outages := sorted({status for status in statuses if is_outage(status)}):
            raise ValueError(f"an outage proves no token: {outages}")
        return self
