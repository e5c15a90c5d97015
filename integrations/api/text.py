"""Types for text that callers send."""

from typing import Annotated

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from pydantic import AfterValidator, StringConstraints


def _without_nul(text: str) -> str:
    if "\x00" in text:
        # PostgreSQL text cannot hold it, and nobody means it.
        message = "must not contain NUL"
        raise ValueError(message)
    return text


Text = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_without_nul)]
ShortText = Annotated[str, StringConstraints(max_length=255), AfterValidator(_without_nul)]
RequiredText = Annotated[
    str, StringConstraints(min_length=1, max_length=255), AfterValidator(_without_nul)
]


def _address(text: str) -> str:
    if text:
        try:
            validate_email(text)
        except ValidationError:
            message = "must be an e-mail address"
            raise ValueError(message) from None
    return text


# Both may be empty.
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_address)]
# RFC 5646, as far as anybody has texts: de, pt-br, zh-hans.
Language = Annotated[
    str, StringConstraints(max_length=16, pattern=r"^([A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")
]
