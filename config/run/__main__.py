"""``python -m config.run``: start everything, show where it is, and stop it all again."""

import signal
import sys
from types import FrameType

from config.postgres import PostgresError
from config.run import console, preflight
from config.run.errors import RunError, StopRequestedError
from config.run.installation import Installation
from config.run.options import read_options


def main() -> int:
    """Return the exit code: 0 after Ctrl-C or SIGTERM, 1 after the one line that says why."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _request_stop)
    try:
        preflight.check_machine()
        options = read_options()
        with preflight.only_run(options), Installation(options) as installation:
            installation.start()
            installation.watch()
    except StopRequestedError:
        console.progress("stopped")
        return 0
    except (RunError, PostgresError) as error:
        sys.stderr.write(f"evergrant: {error}\n")
        return 1
    return 0


def _request_stop(number: int, frame: FrameType | None) -> None:
    # Once is enough: what follows takes a few seconds and must not be cut off half-way.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise StopRequestedError


if __name__ == "__main__":
    sys.exit(main())
