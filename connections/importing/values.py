"""Reads single values of a row: texts, moments, lists. Trusts none, repeats none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from connections.importing.lines import not_utf8
from connections.importing.rows import RowRefused
from integrations.schemes.token_response import LONGEST_SCOPE, UNSAFE_IN_HEADER, parse_lifetime
from integrations.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TOKEN: Final = 65_536
# What is greater counts milliseconds: as seconds it would lie in the year 5138.
_MILLISECONDS_FROM: Final = 1e11
_LARGEST_ID: Final = 10**40
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def given(values: Mapping[str, object], name: str) -> object | None:
    """Return a value; None where it was left out or is empty."""
    value = values.get(name)
    return None if value == "" else value


def text(values: Mapping[str, object], name: str, *, most: int) -> str:
    """Return a value as text; empty where there is none. A whole number is taken as its digits."""
    value = given(values, name)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST_ID:
        value = str(value)
    if not isinstance(value, str):
        raise RowRefused("value_invalid", f"{name} is not a text.")
    _check_encodable(value)
    if "\x00" in value or len(value) > most:
        raise RowRefused("value_invalid", f"{name} is longer than {most} letters or holds a NUL.")
    return value


def secret(values: Mapping[str, object], name: str) -> Secret | None:
    """Return a token; None where there is none."""
    value = given(values, name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_TOKEN:
        raise RowRefused("token_invalid", f"{name} is not a text, or is too long for a token.")
    # A line break in a token would write headers of its own.
    if UNSAFE_IN_HEADER.search(value) or value != value.strip():
        problem = f"{name} holds line breaks, outer blanks or letters that no header may carry."
        raise RowRefused("token_invalid", problem)
    return Secret(value)


def texts_by_name(values: Mapping[str, object], name: str) -> dict[str, str]:
    """Return an object of texts; empty where there is none."""
    value = given(values, name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RowRefused("value_invalid", f"{name} is not an object (CSV: a column for each).")
    found = {key: _inner_text(each, name) for key, each in value.items()}
    return {key: each for key, each in found.items() if each}


def moment(values: Mapping[str, object], name: str) -> datetime | None:
    """Return an ISO 8601 text or seconds since 1970 as a moment. Without a zone it is UTC."""
    value = given(values, name)
    if value is None:
        return None
    try:
        found = _moment(value)
    except (ValueError, OverflowError, OSError):
        found = None
    if found is None or not _EARLIEST <= found < _LATEST:
        raise RowRefused("date_invalid", f"{name} is not a date: ISO 8601, or seconds since 1970.")
    return found


def seconds(values: Mapping[str, object], name: str) -> float | None:
    """Return a lifetime in seconds, at most ten years."""
    value = given(values, name)
    if value is None:
        return None
    found = parse_lifetime(value)
    if found is None:
        raise RowRefused("date_invalid", f"{name} is not a number of seconds.")
    return found


def scopes(values: Mapping[str, object]) -> list[str]:
    """Return the scopes: a list, or a text with blanks or commas between them."""
    value = given(values, "scopes")
    if value is None:
        return []
    found = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(found, list) or not all(_is_scope(each) for each in found):
        raise RowRefused("value_invalid", "scopes is not a list of scopes.")
    return found


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, str):
        try:
            return _since_1970(float(value))
        except ValueError:
            return _aware(datetime.fromisoformat(value.strip()))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(value)
    return None


def _since_1970(number: float) -> datetime:
    whole = number / 1000 if number > _MILLISECONDS_FROM else number
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)


def _aware(found: datetime) -> datetime:
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _inner_text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or "\x00" in value or len(value) > LONGEST_TOKEN:
        raise RowRefused("value_invalid", f"{name} holds what is no text, or a NUL.")
    _check_encodable(value)
    return value


def _check_encodable(value: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise not_utf8()


def _is_scope(value: object) -> bool:
    if not isinstance(value, str) or UNSAFE_IN_HEADER.search(value):
        return False
    return 0 < len(value) <= LONGEST_SCOPE and " " not in value
