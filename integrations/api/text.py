"""Types for text that callers send."""

from typing import Annotated

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
