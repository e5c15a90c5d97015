"""The keys of this installation, generated on the first run and kept in var/evergrant.env."""

import os
import secrets
import tempfile
from pathlib import Path

from config.fresh_keys import fresh_field_encryption_key, fresh_secret_key
from config.run.errors import RunError

NAME = "evergrant.env"
HEADER = (
    "# Written by `make run`. Secrets: keep them with the database, and out of version control."
)


def load_or_generate(var: Path) -> dict[str, str]:
    """Return SECRET_KEY, FIELD_ENCRYPTION_KEYS and SANDBOX_CLIENT_SECRET, and what was added since.

    Raises:
        RunError: the keys are gone but the database they sealed is still there.
    """
    path = var / NAME
    if not path.exists() and (var / "pgdata").exists():
        message = (
            f"{path} is gone, and the database in {var / 'pgdata'} is sealed with its keys: "
            "put it back, or remove the folder to begin anew"
        )
        raise RunError(message)
    known = _read(path) if path.exists() else {}
    generated = {
        "SECRET_KEY": known.get("SECRET_KEY") or fresh_secret_key(),
        "FIELD_ENCRYPTION_KEYS": known.get("FIELD_ENCRYPTION_KEYS") or fresh_field_encryption_key(),
        "SANDBOX_CLIENT_SECRET": known.get("SANDBOX_CLIENT_SECRET") or secrets.token_urlsafe(32),
    }
    keys = known | generated
    if keys != known:
        save(var, keys)
    return keys


def load(var: Path) -> dict[str, str]:
    """Return the keys of an installation that was started before. Raises RunError without one."""
    path = var / NAME
    if not path.exists():
        message = f"there is no {path} yet: start with `make run`"
        raise RunError(message)
    return _read(path)


def save(var: Path, keys: dict[str, str]) -> None:
    """Write ``keys``, whole or not at all, readable for their owner only."""
    handle, name = tempfile.mkstemp(dir=var, prefix=f".{NAME}.")  # mode 0600
    with os.fdopen(handle, "w") as file:
        file.write("\n".join([HEADER, *(f"{key}={value}" for key, value in keys.items()), ""]))
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(var / NAME)


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise RunError(message) from error
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}
