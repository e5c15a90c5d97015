"""A complete environment that is gone afterwards, for the tests and for checks of the code.

``python -m config.throwaway COMMAND ...`` runs one command in it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.fresh_keys import fresh_field_encryption_key, fresh_secret_key
from config.postgres import PostgresError, embedded

GIVEN_BY_THE_SHELL = "DATABASE_URL"


@contextmanager
def throwaway_environment() -> Iterator[dict[str, str]]:
    """Yield the environment variables of a new installation: generated keys, empty database.

    A DATABASE_URL from the shell is used as it is; without one an embedded PostgreSQL runs for the
    time of the block.
    """
    folder = Path(tempfile.mkdtemp(prefix="evergrant-"))
    (folder / "static").mkdir()
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "0",
        "SECRET_KEY": fresh_secret_key(),
        "FIELD_ENCRYPTION_KEYS": fresh_field_encryption_key(),
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "BASE_URL": "http://testserver",
        "OUTBOUND_ALLOW_LOOPBACK": "1",
        "LOG_LEVEL": "WARNING",
        "STATIC_ROOT": str(folder / "static"),
        "JOURNAL_FOLDER": str(folder / "journal"),
    }
    try:
        with _database(folder) as url:
            yield variables | {GIVEN_BY_THE_SHELL: url}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _database(folder: Path) -> Iterator[str]:
    given = os.environ.get(GIVEN_BY_THE_SHELL)
    if given:
        yield given
        return
    with embedded(folder / "pgdata", durable=False) as server:
        yield server.url


def main(command: list[str]) -> int:
    """Run ``command`` in a throwaway environment and return its exit code."""
    try:
        with throwaway_environment() as variables:
            return subprocess.run(command, check=False, env=os.environ | variables).returncode
    except PostgresError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
