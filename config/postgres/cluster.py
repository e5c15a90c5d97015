"""The folder a PostgreSQL server keeps its data in: made once, whole or not at all."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from config.postgres import account as accounts
from config.postgres.binaries import MAJOR_VERSION, binary
from config.postgres.errors import PostgresError


def prepare(data_dir: Path, *, account: str | None, durable: bool) -> None:
    """Make ``data_dir`` a PostgreSQL data folder, unless it is one already.

    initdb works beside it and the result is moved into place, so that a kill leaves no half.

    Raises:
        PostgresError: initdb failed, or the data is of another major version.
    """
    if data_dir.exists() and any(data_dir.iterdir()):
        _check_version(data_dir)
        return
    fresh = data_dir.with_name(f"{data_dir.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    if account:
        accounts.hand_over(fresh, account=account)
    _initdb(fresh, account=account, durable=durable)
    fresh.replace(data_dir)


def _check_version(data_dir: Path) -> None:
    try:
        found = (data_dir / "PG_VERSION").read_text().strip()
    except OSError as error:
        message = f"{data_dir} holds files that are not a PostgreSQL database: move them away"
        raise PostgresError(message) from error
    if found != str(MAJOR_VERSION):
        message = (
            f"{data_dir} was written by PostgreSQL {found} and this one is {MAJOR_VERSION}: "
            "move it away, or upgrade it with pg_upgrade"
        )
        raise PostgresError(message)


def _initdb(folder: Path, *, account: str | None, durable: bool) -> None:
    # `trust` reaches no further than the socket, which stands in a folder of mode 0700.
    command = [
        str(binary("initdb")),
        f"--pgdata={folder}",
        "--username=postgres",
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    if not durable:
        command.append("--no-sync")
    result = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        user=account,
        group=pwd.getpwnam(account).pw_gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env=os.environ | {"LC_ALL": "C"},
    )
    if result.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        reason = " ".join(result.stderr.split()) or f"exit code {result.returncode}"
        message = f"PostgreSQL cannot make its data folder: {reason}"
        raise PostgresError(message)
