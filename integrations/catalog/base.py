"""What the models of the catalog share."""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
)

T = TypeVar("T")


class CatalogModel(BaseModel):
    """Base: unknown keys are errors, so that a typing mistake in a file is found at start-up."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _a_regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return text


# A hundred years: from today no moment is so far ahead that it could not be written down.
LONGEST_SECONDS: Final = 36_500 * 86_400
Seconds = Annotated[int, Field(gt=0, le=LONGEST_SECONDS)]
# With {placeholders}, perhaps at its very beginning.
Url = Annotated[str, Field(pattern=r"^(https?://|\{[a-z][a-zA-Z0-9_]*\})[^\s]*$")]
# One value or a list of them; a file may leave the brackets out.
OneOrMore = Annotated[tuple[T, ...], BeforeValidator(_listed), Field(min_length=1)]
# What may stand in an answer and be compared.
Scalar = StrictBool | StrictInt | StrictStr
# A regular expression. It may be anybody's and run for ever: no model matches anything with it.
Pattern = Annotated[str, AfterValidator(_a_regular_expression)]
# Of longer values no pattern is asked: one may take time by the square of the length and more, and
# nothing else of the process runs meanwhile. No host, address or id of a service was seen longer.
LONGEST_MATCHED: Final = 300
