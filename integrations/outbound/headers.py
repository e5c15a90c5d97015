"""Header fields of a message: case-insensitive, not to be changed; and which ones may be sent."""

import re
from collections.abc import ItemsView, Iterable, Iterator, Mapping
from typing import Final

from integrations.outbound.errors import InvalidRequest

FIELD_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_FIELD_VALUE: Final = re.compile(
    r"([\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?"
)
# Where the message goes and where it ends is the door's to say.
_RESERVED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class Headers(Mapping[str, str]):
    """Fields by name, in whatever case they are asked for. It does not show its values.

    Args:
        fields: of two with the same name the last one counts.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> None:
        pairs = fields.items() if isinstance(fields, Mapping) else fields
        self._fields = {name.lower(): (name, value) for name, value in pairs}

    @classmethod
    def joining(cls, fields: Iterable[tuple[str, str]]) -> "Headers":
        """Return ``fields`` with the values of repeated names joined by a comma (RFC 9110, 5.3)."""
        headers = cls()
        known = headers._fields
        for name, value in fields:
            key = name.lower()
            if key in known:
                first, before = known[key]
                known[key] = (first, f"{before}, {value}")
            else:
                known[key] = (name, value)
        return headers

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> ItemsView[str, str]:
        """Return names, as they were written, and values."""
        return dict(self._fields.values()).items()

    def check(self) -> None:
        """Refuse what may not be sent: CR, LF and the like, which would make other headers.

        Raises:
            InvalidRequest
        """
        for name, value in self._fields.values():
            if not FIELD_NAME.fullmatch(name) or not _FIELD_VALUE.fullmatch(value):
                raise InvalidRequest("header")

    @property
    def has_reserved(self) -> bool:
        """Whether one of them is the door's own."""
        return not _RESERVED.isdisjoint(self._fields)

    def without_reserved(self) -> "Headers":
        """Return those that are not the door's own."""
        return Headers(field for name, field in self._fields.items() if name not in _RESERVED)

    def elements(self, name: str) -> list[str]:
        """Return the elements of a field that is a list (RFC 9110, 5.6.1), in lower case."""
        listed = self.get(name, "").lower().split(",")
        return [element.strip(" \t") for element in listed if element.strip(" \t")]
