"""The operating system's account that PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import stat
import subprocess
from pathlib import Path

from config.postgres.errors import PostgresError

ACCOUNT = "pgserver"


def server_account() -> str | None:
    """Return the account to run PostgreSQL as when we are root (made if missing), else None."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        _create_account()
    return ACCOUNT


def _create_account() -> None:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        message = (
            "PostgreSQL refuses to run as root, and the account it would run as cannot be made "
            f"(`useradd {ACCOUNT}` failed): start as an ordinary user, or set DATABASE_URL"
        )
        raise PostgresError(message) from error


def hand_over(path: Path, *, account: str) -> None:
    """Make ``account`` the owner of the folder ``path``, and everything in it private to it."""
    entry = pwd.getpwnam(account)
    os.chown(path, entry.pw_uid, entry.pw_gid)
    path.chmod(stat.S_IRWXU)


def let_pass(path: Path) -> None:
    """Let every account walk through the folders above ``path``, without letting it list them."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
