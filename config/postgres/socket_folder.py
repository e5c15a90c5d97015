"""The folder of PostgreSQL's Unix socket, the only way in: no port is opened."""

import tempfile
from pathlib import Path

# sockaddr_un holds 104 bytes on macOS and 108 on Linux, with the final NUL.
LONGEST_SOCKET_PATH = 103
SOCKET_NAME = ".s.PGSQL.5432"


def choose(data_dir: Path) -> Path:
    """Return a folder that only the server's account enters and whose socket path fits the system.

    It is the data folder itself where that is short enough, else a new temporary folder, which
    the caller removes.
    """
    if len(str(data_dir / SOCKET_NAME).encode()) <= LONGEST_SOCKET_PATH:
        return data_dir
    # $TMPDIR may be long too. mkdtemp makes the folder private, so a shared parent does no harm.
    return Path(tempfile.mkdtemp(prefix="evergrant-pg-", dir="/tmp"))
