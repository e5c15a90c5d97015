"""``python -m tests.chaos``: one run. Exit code 0 where everything is explained, else 1."""

from __future__ import annotations

import sys

from tests.chaos import report
from tests.chaos.options import parse
from tests.chaos.running import Run


def main() -> int:
    """Run as the command line says and print the table."""
    summary = Run(parse()).run()
    sys.stdout.write(f"\n{report.table(summary)}\n")
    return 0 if summary["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
