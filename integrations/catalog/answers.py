"""What a provider's answers look like, and rules that say what one means."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, model_validator

from integrations.catalog.base import CatalogModel, OneOrMore, Pattern, Scalar
from integrations.catalog.paths import Path, as_text, is_scalar, texts_at, value_at

# Of a description no more than this is looked at.
LONGEST_DESCRIPTION = 1000


class AnswerShape(CatalogModel):
    """Where the parts of a refusal stand in the body, as dotted paths (`catalog.paths`).

    Of several paths each is looked at. ``failed_if`` marks a body as a refusal whatever its HTTP
    status, by the values of fields (``ok: false``); so does anything at an ``error_path``.
    """

    error_path: OneOrMore[Path] = ("error",)
    description_path: OneOrMore[Path] = ("error_description",)
    failed_if: dict[Path, OneOrMore[Scalar]] = {}

    def is_refusal(self, body: Any) -> bool:
        """Whether ``body`` tells of a failure; a success of HTTP may."""
        marked = any(_holds(body, path, values) for path, values in self.failed_if.items())
        return marked or any(value_at(body, path) for path in self.error_path)

    def codes_in(self, body: Any) -> list[tuple[str, str]]:
        """Return the error codes in ``body``, each with the path it stands at."""
        found = [(path, value_at(body, path)) for path in self.error_path]
        return [(path, as_text(code)) for path, code in found if is_scalar(code)]

    def description_in(self, body: Any) -> str:
        """Return the start of the descriptions in ``body``."""
        texts = (text for path in self.description_path for text in texts_at(body, path))
        return "\n".join(texts)[:LONGEST_DESCRIPTION]


class Rule(CatalogModel):
    """One answer of a provider. Everything that it names must fit.

    A rule stands on ``error`` or ``fields``. ``status`` and ``description`` only narrow it: a
    bare status may come from any gateway, and providers change descriptions without notice.
    ``fields`` maps paths to values; a list in the answer must hold one of them.
    """

    status: OneOrMore[int] | None = None
    error: OneOrMore[Scalar] | None = None
    fields: dict[Path, OneOrMore[Scalar]] = {}
    description: Annotated[Pattern, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _stands_on_something(self) -> Self:
        if self.error is None and not self.fields:
            raise ValueError("a rule needs an error or fields; status and description only narrow")
        return self

    def fits(self, *, status: int, body: Any, shape: AnswerShape) -> bool:
        """Whether an answer of ``status`` with ``body`` is the one that this rule is about."""
        if self.status is not None and status not in self.status:
            return False
        if self.error is not None and self.named_in(body, shape) is None:
            return False
        if not all(_holds(body, path, values) for path, values in self.fields.items()):
            return False
        return self.description is None or bool(
            re.search(self.description, shape.description_in(body), re.IGNORECASE)
        )

    def named_in(self, body: Any, shape: AnswerShape) -> tuple[str, str] | None:
        """Return which of its errors stands in ``body``, with the path."""
        wanted = {as_text(value) for value in self.error or ()}
        return next((found for found in shape.codes_in(body) if found[1] in wanted), None)

    def deciding_values(self, body: Any) -> list[str]:
        """Return which of its fields' values stand in ``body``, in the rule's order."""
        return [
            as_text(value)
            for path, values in self.fields.items()
            for value in values
            if as_text(value) in texts_at(body, path)
        ]


class TerminalRule(Rule):
    """An answer that ends the grant, and the reason that the account is given."""

    reason: Literal["grant_revoked", "refresh_token_expired"] = "grant_revoked"


class ConfigurationRule(Rule):
    """An answer that is the auth config's fault.

    ``client_refused``: the client did not prove that it is that one, and nothing is spent. Another
    of its secrets may be right.
    """

    client_refused: bool = False


# What every provider means, looked at after the toolkit's own rules (RFC 6749, 5.2; GitHub).
GENERIC_CONFIGURATION = (
    ConfigurationRule(error=("invalid_client", "unauthorized_client"), client_refused=True),
    ConfigurationRule(error=("invalid_scope",)),
)
GENERIC_TERMINAL = (TerminalRule(error=("invalid_grant", "bad_refresh_token")),)
# At a revocation endpoint: the token is none any more. RFC 7009, 2.2, wants a success then.
GENERIC_GONE = (TerminalRule(error=("invalid_token",)),)


def is_outage(status: int) -> bool:
    """Whether an HTTP status says that the provider cannot answer now, whatever the body claims."""
    return status in {408, 425, 429} or status >= 500


AnyRule = TypeVar("AnyRule", bound=Rule)


def first_fitting(
    rules: tuple[AnyRule, ...], *, status: int, body: Any, shape: AnswerShape
) -> AnyRule | None:
    """Return the first of ``rules`` that the answer fits."""
    return next((r for r in rules if r.fits(status=status, body=body, shape=shape)), None)


def _holds(body: Any, path: str, values: tuple[Scalar, ...]) -> bool:
    return not {as_text(value) for value in values}.isdisjoint(texts_at(body, path))
