"""The file that the keys come from, where they come from one, changed whole or not at all."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from integrations.secrets.keyring import SealingError, key_id, key_ids
from integrations.secrets.secret import Secret

if TYPE_CHECKING:
    from typing import TextIO

# FIELD_ENCRYPTION_KEYS_FILE holds the value and nothing else ...
_VALUE = re.compile(r"\A\s*(?P<keys>[^\s#]*)\s*\Z")
# ... and KEYS_ENV_FILE a line for every variable, as systemd, Docker and `make run` write it.
_LINE = re.compile(
    r"^(?:export[ \t]+)?FIELD_ENCRYPTION_KEYS="
    r"(?P<quote>[\"']?)(?P<keys>[^\s\"'#]*)(?P=quote)[ \t]*$",
    re.MULTILINE,
)


class KeysFileUnusable(SealingError):
    """The keys cannot be changed in their file, which was left as it is."""


@dataclass(frozen=True)
class KeysFile:
    """A file that holds FIELD_ENCRYPTION_KEYS, and how to find them in its text."""

    path: Path
    pattern: re.Pattern[str]

    def write(self, value: Secret) -> None:
        """Replace the keys in the file by ``value``.

        Owner and mode stay, so that whoever could read it still can, and nobody else.

        Raises:
            KeysFileUnusable: it cannot be read or written, or holds other keys than this process
                was started with.
        """
        try:
            with _locked(self.path.parent):
                text = self.path.read_text()
                found = self._find(text)
                before, after = text[: found.start("keys")], text[found.end("keys") :]
                _replace(self.path, f"{before}{value.reveal()}{after}")
        except OSError as error:
            message = f"{self.path} cannot be changed: {error.strerror}."
            raise KeysFileUnusable(message) from None

    def _find(self, text: str) -> re.Match[str]:
        found = list(self.pattern.finditer(text))
        keys = [key for match in found for key in match["keys"].split(",") if key]
        if len(found) != 1 or [key_id(key) for key in keys] != key_ids():
            message = f"{self.path} holds other keys than this process was started with."
            raise KeysFileUnusable(message)
        return found[0]


def keys_file() -> KeysFile | None:
    """Return the file that this process has its keys from; None where the environment holds them.

    A symbolic link is followed: what it leads to is replaced, the link stays.
    """
    if path := os.environ.get("FIELD_ENCRYPTION_KEYS_FILE"):
        return KeysFile(Path(path).resolve(), _VALUE)
    if path := settings.KEYS_ENV_FILE:
        return KeysFile(Path(path).resolve(), _LINE)
    return None


def write_new_file(path: Path, secret: Secret) -> None:
    """Write ``secret`` into a new file that only its owner can read.

    Raises:
        KeysFileUnusable: it cannot be made, or is there already.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            _write(file, f"{secret.reveal()}\n")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise KeysFileUnusable(message) from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time change files in ``folder``."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    before = path.stat()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
            _write(file, text)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _write(file: TextIO, text: str) -> None:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())
