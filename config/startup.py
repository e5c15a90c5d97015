"""What a server does before it serves."""

import sys

from django.core.checks import run_checks


def refuse_if_unsafe() -> None:
    """End the process, saying why and what to do, if a system check finds an error.

    ``manage.py`` commands run the checks by themselves; a WSGI server does not.
    """
    errors = [found for found in run_checks() if found.is_serious() and not found.is_silenced()]
    for error in errors:
        hint = f" {error.hint}" if error.hint else ""
        sys.stderr.write(f"Refusing to start: {error.msg} ({error.id}){hint}\n")
    if errors:
        sys.exit(1)
