"""Make a virtual environment and fill it with pinned packages, showing how far it is.

    python install.py VENV REQUIREMENTS STAMP

Runs on a bare Python, before anything is installed. The file STAMP is written last, so that make
knows what is done. What pip wrote stands in VENV/install.log.
"""

import re
import subprocess
import sys
import venv
from pathlib import Path

PACKAGE = re.compile(r"^([A-Za-z0-9][\w.-]*)==", re.MULTILINE)
# One line for each package: from the index, from a folder of this machine, or there already.
HANDLED = re.compile(
    r"^(?:Processing \S*/(\w[\w.]*)-"
    r"|Collecting ([\w.-]+)=="
    r"|Requirement already satisfied: ([\w.-]+)==.*\(from -r)"
)


def main(folder: Path, requirements: Path, stamp: Path) -> int:
    """Return the exit code: 0 when everything is installed, 1 after a line that says why not."""
    python = folder / "bin" / "python"
    if not _runs(python):
        say(f"making {folder} with Python {sys.version.split()[0]}\n")
        try:
            venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(folder)
        except (subprocess.CalledProcessError, ImportError, SystemExit):
            say(f"{sys.executable} cannot make a virtual environment; ")
            say("on Debian and Ubuntu `apt-get install python3-venv` brings what it lacks\n")
            return 1
    log = folder / "install.log"
    if not _install(python, requirements, log):
        return 1
    stamp.touch()
    return 0


def _runs(python: Path) -> bool:
    if not python.exists():
        return False
    probe = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", probe], check=False, capture_output=True).returncode == 0


def _install(python: Path, requirements: Path, log: Path) -> bool:
    total = len(PACKAGE.findall(requirements.read_text()))
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--requirement", requirements]
    count = 0
    with (
        log.open("w") as kept,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
    ):
        for line in pip.stdout or ():
            kept.write(line)
            if match := HANDLED.match(line):
                count += 1
                progress(
                    f"fetching {count} of {total}: {match[match.lastindex or 0]}",
                    last=count == total,
                )
            elif line.startswith("Installing collected"):
                say(f"installing {total} packages\n")
    if pip.returncode != 0:
        lines = [line for line in log.read_text().splitlines() if line.strip()]
        reasons = [line for line in lines if line.startswith("ERROR: ")][:3] + lines[-1:]
        say("\n".join(["\npip could not install the packages:", *reasons, f"see {log}", ""]))
    return pip.returncode == 0


def progress(text: str, *, last: bool) -> None:
    """Show ``text`` in place on a terminal; elsewhere every twentieth and the last as a line."""
    if sys.stderr.isatty():
        say(f"\r\033[K{text}" + ("\n" if last else ""))
    elif last or re.match(r"\D*\d*[02468]0 of", text):
        say(f"{text}\n")


def say(text: str) -> None:
    """Write to standard error at once."""
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:4])))
