"""``python -m config.run.manage COMMAND ...``: a Django command on what `make run` has made.

It works while that runs, and starts the database for the time of the command where it does not.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from config.postgres import PostgresError, PostgresInUseError, embedded
from config.run import environment, keys
from config.run.errors import RunError
from config.run.options import ROOT, Options, read_options


def main(arguments: list[str]) -> int:
    """Return the command's exit code, or 1 after the one line that says why it could not start."""
    try:
        options = read_options()
        known = keys.load(options.var)
        with _database(options, known) as url:
            command = [sys.executable, "manage.py", *arguments]
            variables = environment.service(options, known, url)
            variables["KEYS_ENV_FILE"] = str(options.var / keys.NAME)
            return subprocess.run(command, check=False, cwd=ROOT, env=variables).returncode
    except (RunError, PostgresError) as error:
        sys.stderr.write(f"evergrant: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


@contextmanager
def _database(options: Options, known: dict[str, str]) -> Iterator[str]:
    given = options.database_url
    data_dir = options.var / "pgdata"
    if given or not data_dir.exists():
        yield given or known["DATABASE_URL"]
        return
    try:
        with embedded(data_dir) as server:
            yield server.url
    except PostgresInUseError:
        yield known["DATABASE_URL"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
