"""Takes the pictures and writes them to docs/img/."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import django

from config.throwaway import throwaway_environment

FOLDER: Final = Path(__file__).resolve().parents[2] / "docs/img"
LARGEST_BYTES: Final = 200_000


@contextmanager
def environment() -> Iterator[None]:
    """Set Django up on an empty database, which is gone afterwards."""
    with throwaway_environment() as variables:
        os.environ.update(variables)
        # Playwright runs a loop in this thread, in which Django would not ask the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        django.setup()
        from django.core.management import call_command  # noqa: PLC0415 - needs Django set up

        call_command("migrate", verbosity=0)
        yield


def take(names: list[str]) -> dict[str, bytes]:
    """Return the pictures called ``names`` as small PNGs."""
    from django.db import connection  # noqa: PLC0415 - needs Django set up
    from django.test import override_settings  # noqa: PLC0415 - needs Django set up
    from pytest_django.live_server_helper import LiveServer  # noqa: PLC0415 - see above

    from tests.chromium import running_chromium  # noqa: PLC0415 - see above
    from tests.screenshots.clock import Clock, stop_the_database  # noqa: PLC0415 - see above
    from tests.screenshots.demo import make_demo  # noqa: PLC0415 - see above
    from tests.screenshots.palette import small  # noqa: PLC0415 - see above
    from tests.screenshots.pictures import PICTURES, Studio  # noqa: PLC0415 - see above

    clock = Clock()
    with connection.cursor() as cursor:
        stop_the_database(cursor)
    connection.close()
    with ExitStack() as stack:
        stack.enter_context(clock.ruling())
        server = LiveServer("127.0.0.1")
        stack.callback(server.stop)
        stack.enter_context(override_settings(BASE_URL="https://grants.lantern.example"))
        studio_of = make_demo(clock)
        chromium = stack.enter_context(running_chromium())
        studio = Studio(studio_of, server.url, chromium)
        return {name: small(PICTURES[name](studio)) for name in names or PICTURES}


def main(names: list[str]) -> int:
    """Write the pictures; return 1 where one is too large to be kept with the code."""
    with environment():
        pictures = take(names)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (FOLDER / f"{name}.png").write_bytes(picture)
        sys.stdout.write(f"docs/img/{name}.png {len(picture) // 1000} kB\n")
    return int(any(len(picture) > LARGEST_BYTES for picture in pictures.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
