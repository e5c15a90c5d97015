"""Start a program that dies with the process that started it, even when that one is killed.

Run by its path, before anything of Evergrant is imported. Linux only offers this (prctl(2),
PR_SET_PDEATHSIG); elsewhere the program is started all the same.
"""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1


def leashed(
    command: Sequence[str], *, number: signal.Signals, account: str | None = None
) -> list[str]:
    """Return the command line that runs ``command`` on a leash held by this process.

    Args:
        command: the program by its path, and its arguments.
        number: the signal it gets when this process ends in any way.
        account: the account to run it as, which only root may choose.
    """
    options = [str(os.getpid()), str(int(number)), account or "-"]
    return [sys.executable, "-I", "-S", __file__, *options, *command]


def main(parent: int, number: int, account: str, command: list[str]) -> None:
    """Become ``command``; exit at once where the parent is gone already."""
    if account != "-":
        entry = pwd.getpwnam(account)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    if sys.platform == "linux":
        # After setuid, which clears it; kept across exec.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        sys.exit("the process that started this one is gone")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
