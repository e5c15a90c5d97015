"""Values of settings from files: ``NAME_FILE`` names the one that holds NAME."""

from __future__ import annotations

import environ
from environ.fileaware_mapping import FileAwareMapping


class FileValues(FileAwareMapping):  # type: ignore[misc]
    """The environment, and what the files hold that it names, without their last line break.

    Editors and ``echo`` end a file with one. As part of a token it would be a token that nobody
    can send.
    """

    def __getitem__(self, key: str) -> str:
        """Return the value of ``key``. Raises KeyError; OSError: its file cannot be read."""
        value: str = super().__getitem__(key)
        return value.rstrip("\r\n") if self.env.get(f"{key}_FILE") else value


class Environment(environ.FileAwareEnv):  # type: ignore[misc]
    """Reads typed values from `FileValues`."""

    ENVIRON = FileValues()
