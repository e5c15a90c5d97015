"""One entry as bytes, framed so that damage around it cannot pass for it or hide it.

A frame, all numbers big-endian::

    magic        4   AB 45 4A 31; not in any body, which is ASCII
    head check   4   CRC-32 of what follows up to the body
    body check   4   CRC-32 of the body
    body length  4
    generation   8   the three that follow repeat what is in the body, so that entries can be
    key id       8   looked up and counted without reading JSON
    id length    1
    account id
    body             the entry as JSON
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from connections.journal.entry import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\xabEJ1"
_HEAD = struct.Struct(">4sIIIQ8sB")
_CHECKED_FROM = 8


class Frame(NamedTuple):
    """An intact frame; ``start`` and ``end`` are its place in the file."""

    start: int
    end: int
    account_id: str
    generation: int
    key_id: str
    body: bytes

    def entry(self) -> Entry:
        """Return the entry inside. Raises EntryBroken, where another version wrote it."""
        return Entry.decode(self.body)


def encode(entry: Entry) -> bytes:
    """Return ``entry`` as a frame."""
    body = entry.encode()
    account_id = entry.account_id.encode("ascii")
    key_id = entry.key_id.encode("ascii")
    checked = (zlib.crc32(body), len(body), entry.generation, key_id, len(account_id))
    head = _HEAD.pack(MAGIC, 0, *checked) + account_id
    head_check = zlib.crc32(head[_CHECKED_FROM:])
    return b"".join((MAGIC, head_check.to_bytes(4, "big"), head[_CHECKED_FROM:], body))


def scan(data: bytes, *, offset: int = 0) -> Iterator[Frame]:
    """Yield the intact frames in ``data``, a part of a file that begins at ``offset``.

    Where there is none, the next one is looked for byte by byte: what a broken frame says of its
    own length is not believed.
    """
    position = 0
    while position >= 0:
        frame = _read(data, position, offset)
        if frame is None:
            position = data.find(MAGIC, position + 1)
        else:
            yield frame
            position = frame.end - offset


def _read(data: bytes, position: int, offset: int) -> Frame | None:
    id_at = position + _HEAD.size
    if id_at > len(data) or not data.startswith(MAGIC, position):
        return None
    _, head_check, body_check, body_length, generation, key_id, id_length = _HEAD.unpack_from(
        data, position
    )
    body_at = id_at + id_length
    if zlib.crc32(data[position + _CHECKED_FROM : body_at]) != head_check:
        return None
    end = body_at + body_length
    body = data[body_at:end]
    if end > len(data) or zlib.crc32(body) != body_check:
        return None
    account_id = data[id_at:body_at].decode("latin-1")
    key = key_id.decode("latin-1")
    return Frame(offset + position, offset + end, account_id, generation, key, body)
